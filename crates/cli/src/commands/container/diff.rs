//! `strata diff`: what a container changed.
use engine::ChangeKind;

use crate::flags::{Action, ArgRule, Command, Files, Matches, Operand};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

/// `strata diff`
pub(in crate::commands) static DIFF: Command = CONTAINER_DIFF;
/// `strata container diff`
pub(in crate::commands) const CONTAINER_DIFF: Command = Command {
    name: "diff",
    arguments: "CONTAINER",
    short: "Inspect changes to files or directories on a container's filesystem",
    spellings: &["container diff", "diff"],
    rule: ArgRule::Exactly(1),
    operand: Operand::Container,
    files: Files::Always,
    action: Action::Run(diff),
    ..Command::USUAL
};

fn diff(matches: &Matches, context: &mut Context) -> Outcome {
    let name = matches.operand(0).unwrap_or_default();
    if name.is_empty() {
        return Err(Failure::new("Container name cannot be empty"));
    }
    let engine = context.engine(matches)?;
    let changes = engine.container_changes(name).map_err(|error| Failure::daemon(&error))?;
    for change in changes {
        let letter = match change.kind {
            ChangeKind::Modified => 'C',
            ChangeKind::Added => 'A',
            ChangeKind::Deleted => 'D',
        };
        let path = String::from_utf8_lossy(&change.path);
        context.ui.line(&format!("{letter} /{}", escape::cell(&path)));
    }
    Ok(())
}
