//! `strata fsck`: is the store what it should be?
use engine::ops::Checked;

use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::term::{escape, size};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[Flag::bool("repair", "Fetch damaged or missing content again from where it came")];

/// `strata fsck`
pub(super) static FSCK: Command = Command {
    name: "fsck",
    arguments: "[OPTIONS]",
    short: "Check the image store",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(fsck),
    ..Command::USUAL
};

fn fsck(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let checked = engine.fsck().map_err(|e| Failure::daemon(&e))?;
    for finding in &checked.findings {
        context.ui.line(&escape::line(&finding.to_string()));
    }
    context.ui.line(&summary(&checked));
    if checked.findings.is_empty() { Ok(()) } else { Err(Failure::silent(1)) }
}

fn summary(checked: &Checked) -> String {
    let problems = match checked.findings.len() {
        0 => "no problems".to_owned(),
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    let left = match checked.unreached {
        0 => String::new(),
        n => format!(" ({n} blobs left over, gone with the next removal)"),
    };
    let bytes = size::long(checked.bytes);
    format!("{} images, {} blobs, {bytes}: {problems}{left}", checked.images, checked.blobs)
}
