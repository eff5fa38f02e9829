//! `strata outdated`: local tags that have moved in their registries.
use super::usage;
use engine::ops::There;

use crate::columns::{Format, MOVED_COLUMNS, MovedTag, listing};
use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] =
    &[Flag::text("format", usage::FORMAT_TABLE), Flag::bool("quiet", "Only show image names").short('q')];

/// `strata outdated`
pub(super) static OUTDATED: Command = Command {
    name: "outdated",
    arguments: "[OPTIONS] [IMAGE...]",
    short: "List local images whose tag has moved in the registry (exit code 10 if any)",
    flags: FLAGS,
    rule: ArgRule::Any,
    operand: Operand::Image,
    action: Action::Run(outdated),
    ..Command::USUAL
};

const TABLE: &str = "{{.Image}}\t{{.Here}}\t{{.There}}";
/// Exit code when any tag has moved.
const MOVED: u8 = 10;

fn outdated(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let names: Vec<&str> = matches.operands().collect();
    let display = Display::new(&mut context.ui, true);
    let compared = engine.outdated(&names, &display);
    drop(display);
    let compared = compared.map_err(|e| Failure::client(&e))?;
    let lines: Vec<MovedTag> = compared.iter().filter_map(MovedTag::of).collect();
    let format = match (matches.text_given("format").unwrap_or("table"), matches.bool("quiet")) {
        ("table", true) => Format::Rows("{{.Image}}".to_owned()),
        (format, _) => Format::parse(format, TABLE),
    };
    context.ui.print(&listing(&MOVED_COLUMNS, &lines, &format)?);
    let mut unknown = false;
    for tag in &compared {
        if let There::Unknown { reason, .. } = &tag.there {
            unknown = true;
            context.ui.talk(&format!("{}: {}", tag.reference.familiar(), escape::line(reason)));
        }
    }
    match (lines.is_empty(), unknown) {
        (false, _) => Err(Failure::silent(MOVED)),
        (true, true) => Err(Failure::silent(Failure::ERROR)),
        (true, false) => Ok(()),
    }
}
