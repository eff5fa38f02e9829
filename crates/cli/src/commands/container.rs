//! `strata container`: the commands that manage containers.
use super::ps;
use crate::flags::{Action, Command, Section};

/// `strata container`
pub(super) static CONTAINER: Command = Command {
    name: "container",
    short: "Manage containers",
    section: Section::Management,
    action: Action::Group(&[&ps::CONTAINER_LS]),
    ..Command::USUAL
};
