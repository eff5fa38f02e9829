//! `strata logout`: forget a registry's credentials.
use crate::flags::{Action, ArgRule, Command, Matches, Section};
use crate::term::escape;
use crate::{Context, Outcome};

/// `strata logout`
pub(super) static LOGOUT: Command = Command {
    name: "logout",
    arguments: "[SERVER]",
    short: "Log out from a registry",
    long: "Log out from a registry.\nIf no server is specified, the default is Docker Hub.",
    section: Section::Common(8),
    rule: ArgRule::AtMost(1),
    action: Action::Run(logout),
    ..Command::USUAL
};

fn logout(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    if engine.credentials_from_environment() {
        context.ui.talk("WARNING: DOCKER_AUTH_CONFIG is set; logging out does not change it");
    }
    let done = engine.logout(matches.operand(0).filter(|server| !server.is_empty()));
    context.ui.line(&format!("Removing login credentials for {}", escape::cell(&done.server)));
    if let Some(failure) = done.failure {
        context.ui.talk(&format!("WARNING: could not erase credentials:\n{}", escape::block(&failure)));
    }
    Ok(())
}
