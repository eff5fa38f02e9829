//! `strata import`: make an image of a file system's archive.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Operand};

static FLAGS: &[Flag] = &[
    Flag::list("change", "Apply Dockerfile instruction to the created image").short('c'),
    Flag::text("message", "Set commit message for imported image").short('m'),
    Flag::text("platform", "Set platform if server is multi-platform capable")
        .computed(usage::default_platform),
];

/// `strata import`
pub(super) static IMPORT: Command = IMAGE_IMPORT;

/// `strata image import`
pub(super) const IMAGE_IMPORT: Command = Command {
    name: "import",
    arguments: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    short: "Import the contents from a tarball to create a filesystem image",
    spellings: &["image import", "import"],
    flags: FLAGS,
    rule: ArgRule::AtLeast(1),
    path_operands: true,
    operand: Operand::File,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
