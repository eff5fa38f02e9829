//! `strata history`: how an image came to be.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Operand};

static FLAGS: &[Flag] = &[
    Flag::text("format", usage::FORMAT_TABLE),
    Flag::bool("human", "Print sizes and dates in human readable format").short('H').preset("true"),
    Flag::bool("no-trunc", "Don't truncate output"),
    Flag::text(
        "platform",
        r#"Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")"#,
    ),
    Flag::bool("quiet", "Only show image IDs").short('q'),
];

/// `strata history`
pub(super) static HISTORY: Command = IMAGE_HISTORY;

/// `strata image history`
pub(super) const IMAGE_HISTORY: Command = Command {
    name: "history",
    arguments: "[OPTIONS] IMAGE",
    short: "Show the history of an image",
    spellings: &["image history", "history"],
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
