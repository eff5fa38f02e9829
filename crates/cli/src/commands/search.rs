//! `strata search`: search a registry for images.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag, Section};

static FLAGS: &[Flag] = &[
    Flag::filter("filter", "Filter output based on conditions provided").short('f'),
    Flag::text("format", "Pretty-print search using a Go template"),
    Flag::int("limit", "Max number of search results"),
    Flag::bool("no-trunc", "Don't truncate output"),
];

/// `strata search`
pub(super) static SEARCH: Command = Command {
    name: "search",
    arguments: "[OPTIONS] TERM",
    short: "Search Docker Hub for images",
    section: Section::Common(9),
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    action: Action::Run(unplugged),
    ..Command::USUAL
};
