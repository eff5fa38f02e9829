//! `strata image mount`: look inside an image.
use super::platform;
use std::ffi::OsStr;
use std::path::Path;

use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand, quote};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[Flag::text("platform", "Mount the given platform variant (e.g., \"linux/amd64\")")];

/// `strata image mount`
pub(super) static IMAGE_MOUNT: Command = Command {
    name: "mount",
    arguments: "[OPTIONS] IMAGE [DIRECTORY]",
    short: "Mount an image's file system read-only and print where",
    flags: FLAGS,
    rule: ArgRule::Between(1, 2),
    path_operands: true,
    operand: Operand::Image,
    action: Action::Run(mount),
    ..Command::USUAL
};

fn mount(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let image = text_operand(matches.path_operand(0))?;
    if let Some(platform) = platform::parse(matches, &engine, "invalid platform: ")? {
        engine.inspect_image(image, Some(&platform)).map_err(|e| Failure::daemon(&e))?;
    }
    let target = matches.path_operand(1).map(Path::new);
    let mounted = engine.mount_image(image, target).map_err(|e| Failure::client(&e))?;
    context.ui.line(&escape::cell(&mounted.to_string_lossy()));
    Ok(())
}

/// An operand that is no file's name, of a command that has both.
pub(super) fn text_operand(operand: Option<&OsStr>) -> Result<&str, Failure> {
    let operand = operand.unwrap_or_default();
    operand.to_str().ok_or_else(|| {
        Failure::new(format!("invalid argument {}: not valid UTF-8", quote(operand.as_encoded_bytes())))
    })
}
