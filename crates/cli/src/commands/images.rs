//! `strata images`: list images.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Operand, Section};

static FLAGS: &[Flag] = &[
    Flag::bool("all", "Show all images (default hides intermediate images)").short('a'),
    Flag::bool("digests", "Show digests"),
    Flag::filter("filter", "Filter output based on conditions provided").short('f'),
    Flag::text("format", usage::FORMAT_TABLE),
    Flag::bool("no-trunc", "Don't truncate output"),
    Flag::bool("quiet", "Only show image IDs").short('q'),
    Flag::text("sort", "Sort by: created (newest first, default), name, size (largest first)")
        .choices(&["created", "name", "size"]),
    Flag::bool("tree", "List multi-platform images as a tree (EXPERIMENTAL)"),
];

/// `strata images`
pub(super) static IMAGES: Command =
    Command { name: "images", other_names: &[], section: Section::Common(6), ..IMAGE_LS };

/// `strata image ls`
pub(super) const IMAGE_LS: Command = Command {
    name: "ls",
    other_names: &["list"],
    arguments: "[OPTIONS] [REPOSITORY[:TAG]]",
    short: "List images",
    spellings: &["image ls", "image list", "images"],
    flags: FLAGS,
    rule: ArgRule::AtMost(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
