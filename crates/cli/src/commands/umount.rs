//! `strata image umount`: undo `strata image mount`.
use super::mount::text_operand;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use engine::Engine;

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
        match undo(&engine, matches.path_operand(at)) {
            Ok(targets) => targets.iter().for_each(|target| show(target, context)),
            Err(failure) => failures.extend(failure.message),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("\n"))) }
}

/// Undoes the mount at a folder, or all mounts of an image; where they were.
fn undo(engine: &Engine, operand: Option<&OsStr>) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::client(&error);
    let folder = operand.map(Path::new).and_then(|path| std::path::absolute(path).ok());
    // No image has a name that begins like a path.
    let first = operand.and_then(|operand| operand.as_encoded_bytes().first());
    let path = matches!(first, Some(b'/' | b'.'));
    if let Some(folder) = folder
        && (path || engine.mounted_images().map_err(failed)?.iter().any(|mounted| mounted.target == folder))
    {
        return engine.umount_at(&folder).map(|target| vec![target]).map_err(failed);
    }
    engine.umount_image(text_operand(operand)?).map_err(failed)
}

fn show(target: &Path, context: &mut Context) {
    context.ui.line(&escape::cell(&target.to_string_lossy()));
}
