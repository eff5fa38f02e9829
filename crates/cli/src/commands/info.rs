//! `strata info`: the store, the host and the configuration in force.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Section};

static FLAGS: &[Flag] = &[Flag::text("format", usage::FORMAT_OBJECT).short('f')];

/// `strata info`
pub(super) static INFO: Command = Command { section: Section::Common(11), ..SYSTEM_INFO };

/// `strata system info`
pub(super) const SYSTEM_INFO: Command = Command {
    name: "info",
    arguments: "[OPTIONS]",
    short: "Display system-wide information",
    spellings: &["system info", "info"],
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(unplugged),
    ..Command::USUAL
};
