//! `strata fsck`: is the store what it should be?
use engine::Engine;
use engine::ops::{Checked, Outcome as Repair};

use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches};
use crate::term::{escape, size};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[Flag::bool(
    "repair",
    "Fetch damaged or missing content again from where it came, and clear up after containers",
)];

/// `strata fsck`
pub(super) static FSCK: Command = Command {
    name: "fsck",
    arguments: "[OPTIONS]",
    short: "Check the image store",
    flags: FLAGS,
    rule: ArgRule::None,
    files: Files::IfAny,
    action: Action::Run(fsck),
    ..Command::USUAL
};

fn fsck(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    if matches.bool("repair") {
        return repair(&engine, context);
    }
    let checked = engine.fsck().map_err(|e| Failure::daemon(&e))?;
    for finding in &checked.findings {
        context.ui.line(&escape::cell(&finding.to_string()));
    }
    let of_containers = engine.fsck_containers(false).map_err(|e| Failure::daemon(&e))?;
    for finding in &of_containers {
        context.ui.line(&finding.to_string());
    }
    context.ui.line(&summary(&checked));
    if checked.findings.is_empty() && of_containers.is_empty() { Ok(()) } else { Err(Failure::silent(1)) }
}

/// Says what became of each problem; those that are left make a failure.
fn repair(engine: &Engine, context: &mut Context) -> Outcome {
    let display = Display::new(&mut context.ui, false);
    let repaired = engine.fsck_repair(&display);
    drop(display);
    let repaired = repaired.map_err(|e| Failure::daemon(&e))?;
    for finding in engine.fsck_containers(true).map_err(|e| Failure::daemon(&e))? {
        context.ui.line(&format!("{finding}: put right"));
    }
    let mut left = 0;
    for (finding, outcome) in &repaired.outcomes {
        let what = match outcome {
            Repair::Mended { from } => format!("mended from {}", from.familiar()),
            Repair::Unneeded => "not needed, gone with the next removal".to_owned(),
            Repair::Failed { reason, .. } => {
                left += 1;
                format!("not mended: {reason}")
            }
        };
        context.ui.line(&escape::cell(&format!("{finding}: {what}")));
    }
    context.ui.line(&format!("{}, {left} left", summary(&repaired.checked)));
    if left == 0 { Ok(()) } else { Err(Failure::silent(1)) }
}

fn summary(checked: &Checked) -> String {
    let problems = match checked.findings.len() {
        0 => "no problems".to_owned(),
        n => count(n, "problem"),
    };
    let left = match checked.unreached {
        0 => String::new(),
        n => format!(" ({} left over, gone with the next removal)", count(n, "blob")),
    };
    let (images, blobs) = (count(checked.images, "image"), count(checked.blobs, "blob"));
    format!("{images}, {blobs}, {}: {problems}{left}", size::long(checked.bytes))
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
