//! `strata registry config`: the registry's configuration.
use registry_server::{Config, Switch};

use super::failed::failed;
use super::place;
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::term::escape;
use crate::{Context, Outcome};

/// `strata registry config`
pub(super) static CONFIG: Command = Command {
    name: "config",
    short: "Look at a registry's configuration",
    action: Action::Group(&[&CHECK]),
    ..Command::USUAL
};

static FLAGS: &[Flag] = &[place::LISTEN, place::ROOT, place::CONFIG];

static CHECK: Command = Command {
    name: "check",
    arguments: "[OPTIONS]",
    short: "Check a configuration as serving would, and change nothing",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(check),
    ..Command::USUAL
};

fn check(matches: &Matches, context: &mut Context) -> Outcome {
    let config = place::load_to_serve(matches, context)?;
    config.check().map_err(|e| failed(&e))?;
    for (what, value) in facts(&config) {
        context.ui.line(&format!("{what:<9}{}", escape::cell(&value)));
    }
    Ok(())
}

/// What it comes to, for eyes.
fn facts(config: &Config) -> [(&'static str, String); 4] {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let on = |switch| switch == Switch::On;
    let changes = match (on(config.writes), on(config.deletes)) {
        (false, _) => "none: read-only",
        (true, true) => "pushes and deletions",
        (true, false) => "pushes, no deletions",
    };
    [
        ("listen", format!("{scheme}://{}", config.listen)),
        ("root", config.root.display().to_string()),
        ("access", access(config)),
        ("changes", changes.to_owned()),
    ]
}

fn access(config: &Config) -> String {
    match &config.access {
        None => "everybody, without a password".to_owned(),
        Some(access) if access.rules.is_empty() => "users who have logged in".to_owned(),
        Some(access) => super::count(access.rules.len() as u64, "rule", "rules"),
    }
}
