//! `strata rename`: another name for a container.
use crate::flags::{Action, ArgRule, Command, Matches, Operand};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

/// `strata rename`
pub(in crate::commands) static RENAME: Command = CONTAINER_RENAME;
/// `strata container rename`
pub(in crate::commands) const CONTAINER_RENAME: Command = Command {
    name: "rename",
    arguments: "CONTAINER NEW_NAME",
    short: "Rename a container",
    spellings: &["container rename", "rename"],
    rule: ArgRule::Exactly(2),
    operand: Operand::Container,
    action: Action::Run(rename),
    ..Command::USUAL
};

fn rename(matches: &Matches, context: &mut Context) -> Outcome {
    let (old, new) =
        (matches.operand(0).unwrap_or_default().trim(), matches.operand(1).unwrap_or_default().trim());
    if old.is_empty() || new.is_empty() {
        return Err(Failure::new("Error: Neither old nor new names may be empty"));
    }
    let engine = context.engine(matches)?;
    engine.rename_container(old, new).map_err(|error| {
        let daemon = Failure::daemon(&error).message.unwrap_or_default();
        Failure::new(format!("{daemon}\nError: failed to rename container named {}", escape::line(old)))
    })
}
