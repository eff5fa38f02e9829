//! `strata system`: the store as a whole.
use super::unplugged::unplugged;
use super::{info, usage};
use crate::flags::{Action, ArgRule, Command, Flag, Section};

/// `strata system`
pub(super) static SYSTEM: Command = Command {
    name: "system",
    short: "Manage Strata",
    section: Section::Management,
    action: Action::Group(&[&DF, &info::SYSTEM_INFO]),
    ..Command::USUAL
};

static FLAGS: &[Flag] = &[
    Flag::text("format", usage::FORMAT_TABLE),
    Flag::bool("verbose", "Show detailed information on space usage").short('v'),
];

static DF: Command = Command {
    name: "df",
    arguments: "[OPTIONS]",
    short: "Show Strata disk usage",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
