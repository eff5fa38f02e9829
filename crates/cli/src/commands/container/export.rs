//! `strata export`: a container's files as an archive.
use engine::ops::container::EXPORT_FAILED;

use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

/// `strata export`
pub(in crate::commands) static EXPORT: Command = CONTAINER_EXPORT;
/// `strata container export`
pub(in crate::commands) const CONTAINER_EXPORT: Command = Command {
    name: "export",
    arguments: "[OPTIONS] CONTAINER",
    short: "Export a container's filesystem as a tar archive",
    spellings: &["container export", "export"],
    flags: &[Flag::path("output", "Write to a file, instead of STDOUT").short('o')],
    rule: ArgRule::Exactly(1),
    operand: Operand::Container,
    files: Files::Always,
    action: Action::Run(export),
    ..Command::USUAL
};

fn export(matches: &Matches, context: &mut Context) -> Outcome {
    let output = matches.path("output");
    if output.is_none() && context.ui.terminal().output {
        return Err(Failure::new("cowardly refusing to save to a terminal. Use the -o flag or redirect"));
    }
    let engine = context.engine(matches)?;
    let container = matches.operand(0).unwrap_or_default();
    let exported = match output {
        Some(path) => engine.export_container_to(container, path),
        None => engine.export_container(container, &mut context.ui.out()),
    };
    exported.map_err(|error| match error.to_string().starts_with(EXPORT_FAILED) {
        // The file is the client's business.
        true => Failure::client(&error),
        false => Failure::daemon(&error),
    })
}
