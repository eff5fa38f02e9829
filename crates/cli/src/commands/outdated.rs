//! `strata outdated`: local tags that have moved in their registries.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Operand};

static FLAGS: &[Flag] =
    &[Flag::text("format", usage::FORMAT_TABLE), Flag::bool("quiet", "Only show image names").short('q')];

/// `strata outdated`
pub(super) static OUTDATED: Command = Command {
    name: "outdated",
    arguments: "[OPTIONS] [IMAGE...]",
    short: "List local images whose tag has moved in the registry (exit code 10 if any)",
    flags: FLAGS,
    rule: ArgRule::Any,
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
