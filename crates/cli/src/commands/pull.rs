//! `strata pull`: download an image from a registry.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Section};

static FLAGS: &[Flag] = &[
    Flag::bool("all-tags", "Download all tagged images in the repository").short('a'),
    usage::DISABLE_CONTENT_TRUST,
    Flag::text("platform", "Set platform if server is multi-platform capable")
        .computed(usage::default_platform),
    Flag::bool("quiet", "Suppress verbose output").short('q'),
];

/// `strata pull`
pub(super) static PULL: Command = Command { section: Section::Common(4), ..IMAGE_PULL };

/// `strata image pull`
pub(super) const IMAGE_PULL: Command = Command {
    name: "pull",
    arguments: "[OPTIONS] NAME[:TAG|@DIGEST]",
    short: "Download an image from a registry",
    spellings: &["image pull", "pull"],
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    action: Action::Run(unplugged),
    ..Command::USUAL
};
