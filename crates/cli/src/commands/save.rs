//! `strata save`: put images into an archive.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag, Operand};

static FLAGS: &[Flag] = &[
    Flag::path("output", "Write to a file, instead of STDOUT").short('o'),
    Flag::text(
        "platform",
        r#"Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")"#,
    ),
];

/// `strata save`
pub(super) static SAVE: Command = IMAGE_SAVE;

/// `strata image save`
pub(super) const IMAGE_SAVE: Command = Command {
    name: "save",
    arguments: "[OPTIONS] IMAGE [IMAGE...]",
    short: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    spellings: &["image save", "save"],
    flags: FLAGS,
    rule: ArgRule::AtLeast(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
