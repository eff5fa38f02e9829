//! `strata tag`: give an image another name.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Operand};

/// `strata tag`
pub(super) static TAG: Command = IMAGE_TAG;

/// `strata image tag`
pub(super) const IMAGE_TAG: Command = Command {
    name: "tag",
    arguments: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    short: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    spellings: &["image tag", "tag"],
    rule: ArgRule::Exactly(2),
    interspersed: false,
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
