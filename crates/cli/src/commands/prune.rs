//! `strata image prune`: remove images that nothing uses.
use super::{prune_containers, rm};
use engine::filter::Filters;
use engine::ops::{PruneImages, Pruned};

use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches};
use crate::term::size;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("all", "Remove all unused images, not just dangling ones").short('a'),
    Flag::bool("dry-run", "Show what would be removed and the bytes that come back"),
    Flag::filter("filter", r#"Provide filter values (e.g. "until=<timestamp>")"#),
    Flag::bool("force", "Do not prompt for confirmation").short('f'),
];

/// `strata image prune`
pub(super) static IMAGE_PRUNE: Command = Command {
    name: "prune",
    arguments: "[OPTIONS]",
    short: "Remove unused images",
    flags: FLAGS,
    rule: ArgRule::None,
    files: Files::IfAny,
    action: Action::Run(prune),
    ..Command::USUAL
};

/// What is asked before anything goes.
pub(super) const QUESTION: &str = "Are you sure you want to continue?";

fn prune(matches: &Matches, context: &mut Context) -> Outcome {
    let all = matches.bool("all");
    let dry_run = matches.bool("dry-run");
    let given = matches.filters("filter").collect();
    let filters = Filters::new(context.docker_config(matches).with_prune_filters(given));
    if !matches.bool("force") && !dry_run {
        let what = match all {
            true => "all images without at least one container associated to them",
            false => "all dangling images",
        };
        if !context.ui.confirm(&format!("WARNING! This will remove {what}.\n{QUESTION}")) {
            return Ok(());
        }
    }
    let engine = context.engine(matches)?;
    let request = PruneImages { all, filters, dry_run };
    let pruned = engine.prune_images(&request).map_err(|e| Failure::daemon(&e))?;
    let text = match dry_run {
        true => rm::would_remove(&pruned),
        false => {
            format!("{}Total reclaimed space: {}\n", went(&pruned), size::long(pruned.freed.layer_bytes))
        }
    };
    context.ui.print(&text);
    rm::tell_held_back(pruned.held_back.as_deref(), context);
    Ok(())
}

/// What was removed, as a section of its own; nothing when nothing was.
pub(super) fn went(pruned: &Pruned) -> String {
    let line = |gone| {
        let (verb, name) = rm::parts(gone);
        format!("{}: {name}", verb.to_lowercase())
    };
    prune_containers::section("Images", pruned.removed.iter().map(line))
}
