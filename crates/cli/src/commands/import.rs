//! `strata import`: make an image of a file system's archive.
use super::mount::text_operand;
use super::platform;
use super::usage;
use std::ffi::OsStr;
use std::io::Read;

use engine::ops::{Import, ImportSource};
use spec::Reference;

use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::list("change", "Apply Dockerfile instruction to the created image").short('c'),
    Flag::text("message", "Set commit message for imported image").short('m'),
    Flag::text("platform", "Set platform if server is multi-platform capable")
        .computed(usage::default_platform),
];

/// `strata import`
pub(super) static IMPORT: Command = IMAGE_IMPORT;

/// `strata image import`
pub(super) const IMAGE_IMPORT: Command = Command {
    name: "import",
    arguments: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    short: "Import the contents from a tarball to create a filesystem image",
    spellings: &["image import", "import"],
    flags: FLAGS,
    rule: ArgRule::AtLeast(1),
    path_operands: true,
    operand: Operand::File,
    action: Action::Run(import),
    ..Command::USUAL
};

fn import(matches: &Matches, context: &mut Context) -> Outcome {
    let named = matches.path_operand(1).map(|name| text_operand(Some(name))).transpose()?;
    let named = named.filter(|name| !name.is_empty());
    // The name is read by Docker's client, and a file is opened by it: what fails there is told bare.
    if let Some(name) = named {
        Reference::parse(name).map_err(|e| Failure::new(e.to_string()))?;
    }
    let engine = context.engine(matches)?;
    let request = Import {
        reference: named.map(str::to_owned),
        changes: matches.list("change").map(str::to_owned).collect(),
        message: matches.text("message").to_owned(),
        platform: platform::parse(matches, &engine, "Error response from daemon: ")?,
    };
    let mut stream = context.ui.take_input();
    let source = source(matches.path_operand(0).unwrap_or_default(), &mut stream);
    let from_file = matches!(source, ImportSource::Path(_));
    let display = Display::new(&mut context.ui, false);
    let result = engine.import(&request, source, &display);
    let imported = match result {
        Err(error) if from_file && error.to_string().starts_with("open ") => {
            return Err(Failure::client(&error));
        }
        result => display.settle(result)?,
    };
    context.ui.line(&imported.to_string());
    Ok(())
}

/// `-` is standard input, a URL is fetched, anything else is a file.
fn source<'s>(operand: &OsStr, stream: &'s mut (dyn Read + Send)) -> ImportSource<'s> {
    match operand.to_str() {
        Some("-") => ImportSource::Stream(stream),
        Some(text) => ImportSource::named(text),
        None => ImportSource::Path(operand.into()),
    }
}
