//! What a command does while the engine below it is not plugged in.
use crate::flags::Matches;
use crate::{Context, Failure, Outcome};

/// Refuses: the command line is understood, but nothing behind it can answer.
pub(super) fn unplugged(matches: &Matches, _: &mut Context) -> Outcome {
    Err(Failure::new(format!("`{}` is not available in this build", matches.called_as())))
}
