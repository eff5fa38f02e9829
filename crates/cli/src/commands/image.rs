//! `strata image`: the commands that manage images.
use super::{history, images, import, inspect, load, mount, prune, pull, push, rm, save, tag, umount};
use crate::flags::{Action, Command, Section};

/// `strata image`
pub(super) static IMAGE: Command = Command {
    name: "image",
    short: "Manage images",
    section: Section::Management,
    action: Action::Group(&[
        &history::IMAGE_HISTORY,
        &import::IMAGE_IMPORT,
        &inspect::IMAGE_INSPECT,
        &load::IMAGE_LOAD,
        &images::IMAGE_LS,
        &mount::IMAGE_MOUNT,
        &prune::IMAGE_PRUNE,
        &pull::IMAGE_PULL,
        &push::IMAGE_PUSH,
        &rm::IMAGE_RM,
        &save::IMAGE_SAVE,
        &tag::IMAGE_TAG,
        &umount::IMAGE_UMOUNT,
    ]),
    ..Command::USUAL
};
