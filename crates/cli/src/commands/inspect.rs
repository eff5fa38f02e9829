//! `strata inspect`: all that is known about images.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Operand};

const FORMAT: Flag = Flag::text("format", usage::FORMAT_OBJECT).short('f');

const REMOTE: Flag = Flag::bool("remote", "Ask the registry instead of the local store");

/// The kinds of objects that `--type` may name, as Docker lists them.
pub(super) const TYPES: &[&str] =
    &["config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"];

/// `strata inspect`
pub(super) static INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] NAME|ID [NAME|ID...]",
    short: "Return low-level information on Strata objects",
    flags: &[
        FORMAT,
        REMOTE,
        Flag::bool("size", "Display total file sizes if the type is container").short('s'),
        Flag::text("type", "Only inspect objects of the given type").choices(TYPES),
    ],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};

/// `strata image inspect`
pub(super) static IMAGE_INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] IMAGE [IMAGE...]",
    short: "Display detailed information on one or more images",
    flags: &[
        FORMAT,
        Flag::text(
            "platform",
            "Inspect a specific platform of the multi-platform image.
If the image or the server is not multi-platform capable, the command will error out if the platform does not match.
'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
        ),
        REMOTE,
    ],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
