//! `strata image mount`: look inside an image.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag, Operand};

static FLAGS: &[Flag] = &[Flag::text("platform", "Mount the given platform variant (e.g., \"linux/amd64\")")];

/// `strata image mount`
pub(super) static IMAGE_MOUNT: Command = Command {
    name: "mount",
    arguments: "[OPTIONS] IMAGE [DIRECTORY]",
    short: "Mount an image's file system read-only and print where",
    flags: FLAGS,
    rule: ArgRule::Between(1, 2),
    path_operands: true,
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
