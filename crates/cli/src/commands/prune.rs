//! `strata image prune`: remove images that nothing uses.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag};

static FLAGS: &[Flag] = &[
    Flag::bool("all", "Remove all unused images, not just dangling ones").short('a'),
    Flag::bool("dry-run", "Show what would be removed and the bytes that come back"),
    Flag::filter("filter", r#"Provide filter values (e.g. "until=<timestamp>")"#),
    Flag::bool("force", "Do not prompt for confirmation").short('f'),
];

/// `strata image prune`
pub(super) static IMAGE_PRUNE: Command = Command {
    name: "prune",
    arguments: "[OPTIONS]",
    short: "Remove unused images",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
