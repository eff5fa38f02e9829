//! `strata save`: put images into an archive.
use super::platform;
use engine::ops::{SAVE_FAILED, Save};

use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::path("output", "Write to a file, instead of STDOUT").short('o'),
    Flag::text(
        "platform",
        r#"Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")"#,
    ),
];

/// `strata save`
pub(super) static SAVE: Command = IMAGE_SAVE;

/// `strata image save`
pub(super) const IMAGE_SAVE: Command = Command {
    name: "save",
    arguments: "[OPTIONS] IMAGE [IMAGE...]",
    short: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    spellings: &["image save", "save"],
    flags: FLAGS,
    rule: ArgRule::AtLeast(1),
    operand: Operand::Image,
    action: Action::Run(save),
    ..Command::USUAL
};

fn save(matches: &Matches, context: &mut Context) -> Outcome {
    let output = matches.path("output");
    if output.is_none() && context.ui.terminal().output {
        return Err(Failure::new("cowardly refusing to save to a terminal. Use the -o flag or redirect"));
    }
    let engine = context.engine(matches)?;
    let platform = platform::parse(matches, &engine, "invalid platform: ")?;
    let request = Save { images: matches.operands().map(str::to_owned).collect(), platform };
    let saved = match output {
        Some(path) => engine.save_to(&request, path),
        None => engine.save(&request, &mut context.ui.out()),
    };
    saved.map_err(|error| match error.to_string().starts_with(SAVE_FAILED) {
        // The file is the client's business.
        true => Failure::client(&error),
        false => Failure::daemon(&error),
    })
}
