//! `strata image umount`: undo `strata image mount`.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag, Operand};

static FLAGS: &[Flag] = &[Flag::bool("all", "Unmount all images").short('a')];

/// `strata image umount`
pub(super) static IMAGE_UMOUNT: Command = Command {
    name: "umount",
    other_names: &["unmount"],
    arguments: "[OPTIONS] [IMAGE|DIRECTORY...]",
    short: "Unmount an image's file system",
    flags: FLAGS,
    rule: ArgRule::Any,
    path_operands: true,
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
