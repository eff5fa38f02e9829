//! `strata digest`: what a registry's tag points at.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Operand};

/// `strata digest`
pub(super) static DIGEST: Command = Command {
    name: "digest",
    arguments: "NAME[:TAG]",
    short: "Show the digest that a registry has under a tag",
    rule: ArgRule::Exactly(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
