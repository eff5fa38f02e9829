//! `strata container`: the commands that manage containers.
use super::{inspect, ps};
use crate::flags::{Action, Command, Section};

/// `strata container`
pub(super) static CONTAINER: Command = Command {
    name: "container",
    short: "Manage containers",
    section: Section::Management,
    action: Action::Group(&[&inspect::CONTAINER_INSPECT, &ps::CONTAINER_LS]),
    ..Command::USUAL
};
