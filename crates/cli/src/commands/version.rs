//! `strata version`: what this program is.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Section};

static FLAGS: &[Flag] = &[Flag::text("format", usage::FORMAT_OBJECT).short('f')];

/// `strata version`
pub(super) static VERSION: Command = Command {
    name: "version",
    arguments: "[OPTIONS]",
    short: "Show the Strata version information",
    section: Section::Common(10),
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(unplugged),
    ..Command::USUAL
};

/// The program's version.
pub(super) const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The commit the program was built from, where the build says so.
pub(super) const COMMIT: &str = match option_env!("STRATA_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// The line that `strata --version` prints.
pub fn version_line() -> String {
    format!("Strata version {NUMBER}, build {COMMIT}")
}
