//! `strata fsck`: is the store what it should be?
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag};

static FLAGS: &[Flag] = &[Flag::bool("repair", "Fetch damaged or missing content again from where it came")];

/// `strata fsck`
pub(super) static FSCK: Command = Command {
    name: "fsck",
    arguments: "[OPTIONS]",
    short: "Check the image store",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
