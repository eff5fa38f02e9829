//! `strata completion`: scripts that teach a shell our commands.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Section};

/// `strata completion`
pub(super) static COMPLETION: Command = Command {
    name: "completion",
    short: "Generate the autocompletion script for the specified shell",
    action: Action::Group(&[&BASH]),
    ..Command::USUAL
};

static BASH: Command = Command { name: "bash", action: Action::Run(unplugged), ..Command::USUAL };

/// `strata __complete`
pub(super) static COMPLETE: Command = Command {
    name: "__complete",
    section: Section::Hidden,
    rule: ArgRule::Any,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
