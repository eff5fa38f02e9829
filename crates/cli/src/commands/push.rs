//! `strata push`: upload an image to a registry.
use super::platform;
use super::usage;
use engine::ops::{Push, PushedImage};
use spec::{DEFAULT_TAG, Reference};

use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand, Section};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("all-tags", "Push all tags of an image to the repository").short('a'),
    usage::DISABLE_CONTENT_TRUST,
    Flag::text(
        "platform",
        "Push a platform-specific manifest as a single-platform image to the registry.
Image index won't be pushed, meaning that other manifests, including attestations won't be preserved.
'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
    Flag::bool("quiet", "Suppress verbose output").short('q'),
];

/// `strata push`
pub(super) static PUSH: Command = Command { section: Section::Common(5), ..IMAGE_PUSH };

/// `strata image push`
pub(super) const IMAGE_PUSH: Command = Command {
    name: "push",
    arguments: "[OPTIONS] NAME[:TAG]",
    short: "Upload an image to a registry",
    spellings: &["image push", "push"],
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    operand: Operand::Image,
    action: Action::Run(push),
    ..Command::USUAL
};

const PLATFORM_NOTE: &str = "
 Info -> Using --platform pushes only the specified platform manifest of a multi-platform image index.
         Other components, like attestations, will not be included.
         To push the complete multi-platform image, remove the --platform flag.
         ";

fn push(matches: &Matches, context: &mut Context) -> Outcome {
    let (typed, all, quiet) =
        (matches.operand(0).unwrap_or_default(), matches.bool("all-tags"), matches.bool("quiet"));
    let engine = context.engine(matches)?;
    // Docker's client leaves no blank here.
    let prefix = format!("Invalid platform {}", escape::line(matches.text("platform")));
    let platform = platform::parse(matches, &engine, &prefix)?;
    if platform.is_some() {
        context.ui.line(PLATFORM_NOTE);
    }
    let reference = Reference::parse(typed).map_err(|e| Failure::new(e.to_string()))?;
    if all && !reference.is_name_only() {
        return Err(Failure::new("tag can't be used with --all-tags/-a"));
    }
    if !all && !quiet && reference.is_name_only() {
        context.ui.line(&format!("Using default tag: {DEFAULT_TAG}"));
        context.ui.flush();
    }
    let request = Push { reference: typed.to_owned(), all_tags: all, platform };
    let display = Display::new(&mut context.ui, quiet);
    let result = engine.push(&request, &display);
    let pushed = display.settle(result)?;
    if quiet {
        context.ui.line(&pushed.name);
    }
    if request.platform.is_none() {
        pushed.images.iter().filter_map(partial_note).for_each(|note| context.ui.line(&note));
    }
    Ok(())
}

/// Says that only one image of an index went, where nobody asked for that.
fn partial_note(pushed: &PushedImage) -> Option<String> {
    let (index, image) = (pushed.out_of.as_ref()?, &pushed.digest);
    Some(format!(
        "
 Info -> Not all multiplatform-content is present and only the available single-platform image was pushed
         {index} -> {image}"
    ))
}
