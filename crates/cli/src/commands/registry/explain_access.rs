//! `strata registry explain-access`: what somebody may do in a repository, and why.
use registry_server::{Action as Deed, Switch, operate};

use super::place;
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::term::escape;
use crate::{Context, Outcome};

static FLAGS: &[Flag] = &[place::ROOT, place::CONFIG];

/// `strata registry explain-access`
pub(super) static EXPLAIN_ACCESS: Command = Command {
    name: "explain-access",
    arguments: "[OPTIONS] USER REPOSITORY",
    short: "Explain what a user may do in a repository",
    long: "Explain what a user may do in a repository, rule by rule of the configuration.

The user 'anonymous' stands for those who have not logged in.",
    flags: FLAGS,
    rule: ArgRule::Exactly(2),
    action: Action::Run(explain_access),
    ..Command::USUAL
};

/// The word that rules have for callers without a name.
const ANONYMOUS: &str = "anonymous";

fn explain_access(matches: &Matches, context: &mut Context) -> Outcome {
    let config = place::load(matches, context)?;
    let typed = matches.operand(0).unwrap_or_default();
    let name = place::repository(matches.operand(1).unwrap_or_default())?;
    let user = Some(typed).filter(|user| *user != ANONYMOUS);
    let mut found = operate::explain_access(&config, user, &name);
    if config.writes == Switch::Off {
        found.allowed.retain(|deed| *deed == Deed::Pull);
        found.reasons.push("the registry is read-only".to_owned());
    } else if config.deletes == Switch::Off {
        found.allowed.retain(|deed| *deed != Deed::Delete);
        found.reasons.push("the registry allows no deletions".to_owned());
    }
    for reason in &found.reasons {
        context.ui.line(&escape::cell(reason));
    }
    let allowed: Vec<&str> = found.allowed.iter().map(|deed| deed.as_str()).collect();
    let allowed = if allowed.is_empty() { "do nothing".to_owned() } else { allowed.join(", ") };
    context.ui.line(&format!("{} may {allowed} in {name}", escape::cell(typed)));
    Ok(())
}
