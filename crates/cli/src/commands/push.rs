//! `strata push`: upload an image to a registry.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Operand, Section};

static FLAGS: &[Flag] = &[
    Flag::bool("all-tags", "Push all tags of an image to the repository").short('a'),
    usage::DISABLE_CONTENT_TRUST,
    Flag::text(
        "platform",
        "Push a platform-specific manifest as a single-platform image to the registry.
Image index won't be pushed, meaning that other manifests, including attestations won't be preserved.
'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
    Flag::bool("quiet", "Suppress verbose output").short('q'),
];

/// `strata push`
pub(super) static PUSH: Command = Command { section: Section::Common(5), ..IMAGE_PUSH };

/// `strata image push`
pub(super) const IMAGE_PUSH: Command = Command {
    name: "push",
    arguments: "[OPTIONS] NAME[:TAG]",
    short: "Upload an image to a registry",
    spellings: &["image push", "push"],
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    operand: Operand::Image,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
