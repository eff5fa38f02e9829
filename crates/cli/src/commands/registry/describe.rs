//! `strata registry describe`: what searches say about a repository.
use registry_server::operate::{self, Facts};

use super::failed::failed_at;
use super::place;
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    place::ROOT,
    place::CONFIG,
    Flag::text("description", "What the repository is, in a line"),
    Flag::int("stars", "How much it is liked"),
    Flag::bool("official", "The registry's owner stands behind it; --official=false takes that back"),
    Flag::bool("automated", "It is built by a machine; --automated=false takes that back"),
];

/// `strata registry describe`
pub(super) static DESCRIBE: Command = Command {
    name: "describe",
    arguments: "[OPTIONS] REPOSITORY",
    short: "Show or set what searches say about a repository",
    long: "Show or set what searches say about a repository, which need not hold anything yet.

What no option speaks of stays as it is.",
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    action: Action::Run(describe),
    ..Command::USUAL
};

fn describe(matches: &Matches, context: &mut Context) -> Outcome {
    let root = place::load(matches, context)?.root;
    let name = place::repository(matches.operand(0).unwrap_or_default())?;
    let before = operate::facts(&root, &name).map_err(failed_at(&root))?;
    if ["description", "stars", "official", "automated"].iter().any(|flag| matches.given(flag)) {
        let facts = changed(before.unwrap_or_default(), matches)?;
        return operate::describe(&root, &name, facts).map_err(failed_at(&root));
    }
    let facts = before.ok_or_else(|| Failure::new(format!("No such repository: {name}")))?;
    for (what, value) in [
        ("description", facts.description),
        ("stars", facts.stars.to_string()),
        ("official", facts.official.to_string()),
        ("automated", facts.automated.to_string()),
    ] {
        let line = format!("{what:<13}{}", escape::cell(&value));
        context.ui.line(line.trim_end());
    }
    Ok(())
}

fn changed(mut facts: Facts, matches: &Matches) -> Result<Facts, Failure> {
    if matches.given("description") {
        matches.text("description").clone_into(&mut facts.description);
    }
    if matches.given("stars") {
        let stars = matches.int("stars");
        facts.stars =
            u64::try_from(stars).map_err(|_| Failure::new(format!("--stars {stars} is less than none")))?;
    }
    if matches.given("official") {
        facts.official = matches.bool("official");
    }
    if matches.given("automated") {
        facts.automated = matches.bool("automated");
    }
    Ok(facts)
}
