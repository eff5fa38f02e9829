//! `strata image umount`: undo `strata image mount`.
use std::path::Path;

use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[Flag::bool("all", "Unmount all images").short('a')];

/// `strata image umount`
pub(super) static IMAGE_UMOUNT: Command = Command {
    name: "umount",
    other_names: &["unmount"],
    arguments: "[OPTIONS] [IMAGE|DIRECTORY...]",
    short: "Unmount an image's file system",
    flags: FLAGS,
    rule: ArgRule::Any,
    path_operands: true,
    operand: Operand::Image,
    action: Action::Run(umount),
    ..Command::USUAL
};

fn umount(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    if matches.bool("all") {
        if matches.operand_count() > 0 {
            return Err(Failure::new("cannot name images together with --all"));
        }
        let undone = engine.umount_all_images().map_err(|e| Failure::client(&e))?;
        undone.iter().for_each(|mounted| show(&mounted.target, context));
        return Ok(());
    }
    if matches.operand_count() == 0 {
        return Err(Failure::new("name the images to unmount, or use --all"));
    }
    let mut failures = Vec::new();
    for at in 0..matches.operand_count() {
        match engine.umount(matches.path_operand(at).unwrap_or_default()) {
            Ok(targets) => targets.iter().for_each(|target| show(target, context)),
            Err(error) => failures.extend(Failure::client(&error).message),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("\n"))) }
}

fn show(target: &Path, context: &mut Context) {
    context.ui.line(&escape::cell(&target.to_string_lossy()));
}
