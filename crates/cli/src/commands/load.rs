//! `strata load`: take images from an archive.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag};

static FLAGS: &[Flag] = &[
    Flag::path("input", "Read from tar archive file, instead of STDIN").short('i'),
    Flag::text(
        "platform",
        r#"Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")"#,
    ),
    Flag::bool("quiet", "Suppress the load output").short('q'),
];

/// `strata load`
pub(super) static LOAD: Command = IMAGE_LOAD;

/// `strata image load`
pub(super) const IMAGE_LOAD: Command = Command {
    name: "load",
    arguments: "[OPTIONS]",
    short: "Load an image from a tar archive or STDIN",
    spellings: &["image load", "load"],
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
