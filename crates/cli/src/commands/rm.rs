//! `strata rmi`: remove images.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag, Operand};

static FLAGS: &[Flag] = &[
    Flag::bool("dry-run", "Show what would be removed and the bytes that come back"),
    Flag::bool("force", "Force removal of the image").short('f'),
    Flag::bool("no-prune", "Do not delete untagged parents"),
    Flag::strings(
        "platform",
        r#"Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")"#,
    ),
];

/// `strata rmi`
pub(super) static RMI: Command = Command { name: "rmi", other_names: &[], ..IMAGE_RM };

/// `strata image rm`
pub(super) const IMAGE_RM: Command = Command {
    name: "rm",
    other_names: &["remove", "rmi"],
    arguments: "[OPTIONS] IMAGE [IMAGE...]",
    short: "Remove one or more images",
    spellings: &["image rm", "image remove", "rmi"],
    flags: FLAGS,
    rule: ArgRule::AtLeast(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
