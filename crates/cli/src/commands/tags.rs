//! `strata tags`: the tags of a repository.
use engine::ops::ListTags;

use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Matches, Operand};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

/// `strata tags`
pub(super) static TAGS: Command = Command {
    name: "tags",
    arguments: "REPOSITORY",
    short: "List the tags that a registry has in a repository",
    rule: ArgRule::Exactly(1),
    operand: Operand::Image,
    action: Action::Run(tags),
    ..Command::USUAL
};

fn tags(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let repository = matches.operand(0).unwrap_or_default().to_owned();
    let display = Display::new(&mut context.ui, true);
    let found = engine.tags(&ListTags { repository, ..ListTags::default() }, &display);
    drop(display);
    let found = found.map_err(|e| Failure::client(&e))?;
    found.tags.iter().for_each(|tag| context.ui.line(&escape::cell(tag)));
    Ok(())
}
