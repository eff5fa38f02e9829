//! Doing the same to several containers: what worked is said at once, what did not at the end.
use engine::Engine;

use crate::flags::Matches;
use crate::{Context, Failure, Outcome};

/// Does something to every container that is named.
pub(super) fn each(
    matches: &Matches,
    context: &mut Context,
    work: impl Fn(&Engine, &str) -> engine::Result<()>,
) -> Outcome {
    let engine = context.engine(matches)?;
    let mut failures = Vec::new();
    for name in matches.operands() {
        match work(&engine, name) {
            Ok(()) => context.ui.line(name),
            Err(error) => failures.extend(Failure::daemon(&error).message),
        }
        context.ui.flush();
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("\n"))) }
}
