//! `strata __complete`: what the completion scripts ask while someone types.
use engine::ops::ListImages;
use spec::Reference;

use crate::flags::{Action, ArgRule, Command, Matches, Section};
use crate::term::escape;
use crate::{Context, Outcome};

/// `strata __complete images PREFIX`
pub(super) static COMPLETE: Command = Command {
    name: "__complete",
    arguments: "images PREFIX",
    short: "Names for shell completion, one a line",
    section: Section::Hidden,
    rule: ArgRule::Exactly(2),
    interspersed: false,
    action: Action::Run(complete),
    ..Command::USUAL
};

fn complete(matches: &Matches, context: &mut Context) -> Outcome {
    if matches.operand(0) != Some("images") {
        return Ok(());
    }
    let prefix = matches.operand(1).unwrap_or_default();
    let names = image_names(matches, context);
    // A name that needs escaping cannot be completed by typing it.
    for name in names.iter().filter(|n| n.starts_with(prefix) && !n.contains(escape::is_unsafe)) {
        context.ui.line(name);
    }
    Ok(())
}

/// The names of the local images; none when they cannot be told, since nobody reads complaints while typing.
fn image_names(matches: &Matches, context: &mut Context) -> Vec<String> {
    let images = context.engine(matches).ok().and_then(|engine| engine.images(&ListImages::default()).ok());
    let mut names: Vec<_> =
        images.iter().flatten().flat_map(|image| image.tags.iter().map(Reference::familiar)).collect();
    names.sort();
    names
}
