//! `strata container prune`: remove containers that do not run.
use engine::filter::Filters;
use engine::ops::container::{PruneContainers, PrunedContainers};

use super::prune::QUESTION;
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches};
use crate::term::size;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("dry-run", "Show what would be removed and the bytes that come back"),
    Flag::filter("filter", r#"Provide filter values (e.g. "until=<timestamp>")"#),
    Flag::bool("force", "Do not prompt for confirmation").short('f'),
];

/// `strata container prune`
pub(super) static CONTAINER_PRUNE: Command = Command {
    name: "prune",
    arguments: "[OPTIONS]",
    short: "Remove all stopped containers",
    flags: FLAGS,
    rule: ArgRule::None,
    files: Files::IfAny,
    action: Action::Run(prune),
    ..Command::USUAL
};

fn prune(matches: &Matches, context: &mut Context) -> Outcome {
    let dry_run = matches.bool("dry-run");
    let given = matches.filters("filter").collect();
    let filters = Filters::new(context.docker_config(matches).with_prune_filters(given));
    let question = format!("WARNING! This will remove all stopped containers.\n{QUESTION}");
    if !matches.bool("force") && !dry_run && !context.ui.confirm(&question) {
        return Ok(());
    }
    let engine = context.engine(matches)?;
    let pruned =
        engine.prune_containers(&PruneContainers { filters, dry_run }).map_err(|e| Failure::daemon(&e))?;
    let text = match dry_run {
        true => format!("{}{}", would_remove(&pruned), would_free(pruned.bytes)),
        false => format!("{}Total reclaimed space: {}\n", went(&pruned), size::long(pruned.bytes)),
    };
    context.ui.print(&text);
    Ok(())
}

/// What was removed, as a section of its own; nothing when nothing was.
pub(super) fn went(pruned: &PrunedContainers) -> String {
    section("Containers", pruned.ids.iter().map(ToString::to_string))
}

/// What would be removed, in lines.
pub(super) fn would_remove(pruned: &PrunedContainers) -> String {
    pruned.ids.iter().map(|id| format!("Would delete: container {id}\n")).collect()
}

/// The last line of a rehearsal.
pub(super) fn would_free(bytes: u64) -> String {
    format!("Would free: {} ({bytes} bytes)\n", size::long(bytes))
}

/// A section about things of one kind that went.
pub(super) fn section(kind: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    if lines.is_empty() { lines } else { format!("Deleted {kind}:\n{lines}\n") }
}
