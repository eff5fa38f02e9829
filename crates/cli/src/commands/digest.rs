//! `strata digest`: what a registry's tag points at.
use std::time::Duration;

use engine::RateLimit;
use jiff::SignedDuration;

use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Matches, Operand};
use crate::term::time;
use crate::{Context, Failure, Outcome};

/// `strata digest`
pub(super) static DIGEST: Command = Command {
    name: "digest",
    arguments: "NAME[:TAG]",
    short: "Show the digest that a registry has under a tag",
    rule: ArgRule::Exactly(1),
    operand: Operand::Image,
    action: Action::Run(digest),
    ..Command::USUAL
};

fn digest(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let display = Display::new(&mut context.ui, true);
    let found = engine.digest(matches.operand(0).unwrap_or_default(), &display);
    drop(display);
    let found = found.map_err(|e| Failure::client(&e))?;
    context.ui.line(&found.target.digest.to_string());
    if let Some(limit) = found.rate_limit.filter(|_| context.ui.terminal().error) {
        context.ui.talk(&pulls_left(&limit));
    }
    Ok(())
}

/// The registry's pull limit, for people.
fn pulls_left(limit: &RateLimit) -> String {
    let RateLimit { limit: most, remaining, .. } = limit;
    let mut text = format!("{remaining} of {most} pulls left");
    if let Some(reset) = limit.reset.or(limit.window) {
        text.push_str(&format!(
            ", all again within {}",
            time::duration(SignedDuration::from_secs(seconds(reset)))
        ));
    }
    text
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
