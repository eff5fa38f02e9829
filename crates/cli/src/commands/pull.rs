//! `strata pull`: download an image from a registry.
use super::platform;
use super::usage;
use engine::ops::Pull;
use spec::{DEFAULT_TAG, Reference};

use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Section};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("all-tags", "Download all tagged images in the repository").short('a'),
    usage::DISABLE_CONTENT_TRUST,
    Flag::text("platform", "Set platform if server is multi-platform capable")
        .computed(usage::default_platform),
    Flag::bool("quiet", "Suppress verbose output").short('q'),
];

/// `strata pull`
pub(super) static PULL: Command = Command { section: Section::Common(4), ..IMAGE_PULL };

/// `strata image pull`
pub(super) const IMAGE_PULL: Command = Command {
    name: "pull",
    arguments: "[OPTIONS] NAME[:TAG|@DIGEST]",
    short: "Download an image from a registry",
    spellings: &["image pull", "pull"],
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    action: Action::Run(pull),
    ..Command::USUAL
};

fn pull(matches: &Matches, context: &mut Context) -> Outcome {
    let (typed, all, quiet) =
        (matches.operand(0).unwrap_or_default(), matches.bool("all-tags"), matches.bool("quiet"));
    let reference = Reference::parse(typed).map_err(|e| Failure::new(e.to_string()))?;
    if all && !reference.is_name_only() {
        return Err(Failure::new("tag can't be used with --all-tags/-a"));
    }
    if !all && !quiet && reference.is_name_only() {
        context.ui.line(&format!("Using default tag: {DEFAULT_TAG}"));
        context.ui.flush();
    }
    let engine = context.engine(matches)?;
    let platform = platform::parse(matches, &engine, "Error response from daemon: ")?;
    let request = Pull { reference: typed.to_owned(), platform, all_tags: all };
    let display = Display::new(&mut context.ui, quiet);
    let result = engine.pull(&request, &display);
    let pulled = display.settle(result)?;
    context.ui.line(&pulled.name);
    Ok(())
}
