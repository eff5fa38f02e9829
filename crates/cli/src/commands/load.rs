//! `strata load`: take images from an archive.
use super::platform;
use std::path::PathBuf;

use engine::ops::{LoadSource, Loaded};

use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::path("input", "Read from tar archive file, instead of STDIN").short('i'),
    Flag::text(
        "platform",
        r#"Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")"#,
    ),
    Flag::bool("quiet", "Suppress the load output").short('q'),
];

/// `strata load`
pub(super) static LOAD: Command = IMAGE_LOAD;

/// `strata image load`
pub(super) const IMAGE_LOAD: Command = Command {
    name: "load",
    arguments: "[OPTIONS]",
    short: "Load an image from a tar archive or STDIN",
    spellings: &["image load", "load"],
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(load),
    ..Command::USUAL
};

fn load(matches: &Matches, context: &mut Context) -> Outcome {
    let file = matches.path("input").filter(|path| path.as_os_str() != "-").map(PathBuf::from);
    if file.is_none() && context.ui.terminal().input {
        return Err(Failure::new("requested load from stdin, but stdin is empty"));
    }
    let engine = context.engine(matches)?;
    let platform = platform::parse(matches, &engine, "invalid platform: ")?;
    let quiet = matches.bool("quiet") || !context.ui.terminal().output;
    let mut stream = context.ui.take_input();
    let source = file.map_or_else(|| LoadSource::Stream(&mut stream), LoadSource::Path);
    let display = Display::new(&mut context.ui, quiet);
    // Docker's daemon reads the archive while it answers, so whatever fails comes in the stream of messages.
    let loaded = engine.load(source, platform.as_ref(), &display).map_err(|e| Failure::client(&e))?;
    drop(display);
    context.ui.print(&report(&loaded));
    Ok(())
}

/// What was loaded, in the archive's order; an empty line when nothing in it was wanted.
fn report(loaded: &Loaded) -> String {
    if loaded.images.is_empty() {
        return "\n".to_owned();
    }
    let mut out = String::new();
    for image in &loaded.images {
        for name in &image.names {
            if let Some((_, before)) = image.taken.iter().find(|(taken, _)| taken == name) {
                out.push_str(&format!(
                    "The image {} already exists, renaming the old one with ID {before} to empty string\n",
                    name.familiar()
                ));
            }
            out.push_str(&format!("Loaded image: {}\n", name.familiar()));
        }
        if image.names.is_empty() {
            out.push_str(&format!("Loaded image ID: {}\n", image.image));
        }
    }
    out
}
