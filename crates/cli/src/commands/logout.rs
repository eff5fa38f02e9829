//! `strata logout`: forget a registry's credentials.
use super::unplugged::unplugged;
use crate::flags::{Action, ArgRule, Command, Section};

/// `strata logout`
pub(super) static LOGOUT: Command = Command {
    name: "logout",
    arguments: "[SERVER]",
    short: "Log out from a registry",
    long: "Log out from a registry.\nIf no server is specified, the default is Docker Hub.",
    section: Section::Common(8),
    rule: ArgRule::AtMost(1),
    action: Action::Run(unplugged),
    ..Command::USUAL
};
