//! `strata tags`: the tags of a repository.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Operand};

/// `strata tags`
pub(super) static TAGS: Command = Command {
    name: "tags",
    arguments: "REPOSITORY",
    short: "List the tags that a registry has in a repository",
    rule: ArgRule::Exactly(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
