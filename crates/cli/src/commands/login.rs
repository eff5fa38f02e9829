//! `strata login`: remember a registry's credentials.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Flag, Section};

static FLAGS: &[Flag] = &[
    Flag::text("password", "Password or Personal Access Token (PAT)").short('p'),
    Flag::bool("password-stdin", "Take the Password or Personal Access Token (PAT) from stdin"),
    Flag::text("username", "Username").short('u'),
];

/// `strata login`
pub(super) static LOGIN: Command = Command {
    name: "login",
    arguments: "[OPTIONS] [SERVER]",
    short: "Authenticate to a registry",
    long: "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
    section: Section::Common(7),
    flags: FLAGS,
    rule: ArgRule::AtMost(1),
    action: Action::Run(unplugged),
    ..Command::USUAL
};
