//! `strata manifest`: manifests as registries serve them.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag, Section};

/// `strata manifest`
pub(super) static MANIFEST: Command = Command {
    name: "manifest",
    arguments: "COMMAND",
    short: "Manage image manifests and manifest lists",
    section: Section::Management,
    action: Action::Group(&[&INSPECT]),
    ..Command::USUAL
};

static FLAGS: &[Flag] = &[
    Flag::bool("insecure", "Allow communication with an insecure registry"),
    Flag::bool("verbose", "Output additional info including layers and platform").short('v'),
];

static INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] [MANIFEST_LIST] MANIFEST",
    short: "Display an image manifest, or manifest list",
    flags: FLAGS,
    rule: ArgRule::Between(1, 2),
    action: Action::Run(unplugged),
    ..Command::USUAL
};
