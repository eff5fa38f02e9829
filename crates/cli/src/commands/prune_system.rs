//! `strata system prune`: remove what nobody needs.
use engine::filter::Filters;
use engine::ops::{PruneSystem, PrunedSystem};

use super::prune::{self, QUESTION};
use super::{prune_containers, rm};
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches};
use crate::term::{escape, size};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("all", "Remove all unused images not just dangling ones").short('a'),
    Flag::bool("dry-run", "Show what would be removed and the bytes that come back"),
    Flag::filter("filter", r#"Provide filter values (e.g. "label=<key>=<value>")"#),
    Flag::bool("force", "Do not prompt for confirmation").short('f'),
    Flag::bool("volumes", "Prune anonymous volumes"),
];

/// `strata system prune`
pub(super) static SYSTEM_PRUNE: Command = Command {
    name: "prune",
    arguments: "[OPTIONS]",
    short: "Remove unused data",
    flags: FLAGS,
    rule: ArgRule::None,
    files: Files::IfAny,
    action: Action::Run(run),
    ..Command::USUAL
};

fn run(matches: &Matches, context: &mut Context) -> Outcome {
    let (all, volumes, dry_run) = (matches.bool("all"), matches.bool("volumes"), matches.bool("dry-run"));
    if volumes && matches.filters("filter").any(|(key, _)| key == "until") {
        return Err(Failure::new("ERROR: The \"until\" filter is not supported with \"--volumes\""));
    }
    let given: Vec<(&str, &str)> =
        context.docker_config(matches).with_prune_filters(matches.filters("filter").collect());
    let filters = Filters::new(given.iter().copied());
    let question = question(all, volumes, &given);
    if !matches.bool("force") && !dry_run && !context.ui.confirm(&question) {
        return Ok(());
    }
    let engine = context.engine(matches)?;
    let request = PruneSystem { all, volumes, filters, dry_run };
    let pruned = engine.prune_system(&request).map_err(|e| Failure::daemon(&e))?;
    context.ui.print(&if dry_run { would_remove(&pruned) } else { went(&pruned) });
    rm::tell_held_back(pruned.images.held_back.as_deref(), context);
    Ok(())
}

/// What will go, and whether it may.
fn question(all: bool, volumes: bool, filters: &[(&str, &str)]) -> String {
    let mut kinds = vec!["all stopped containers", "all networks not used by at least one container"];
    kinds.extend(volumes.then_some("all anonymous volumes not used by at least one container"));
    kinds.extend(match all {
        true => ["all images without at least one container associated to them", "all build cache"],
        false => ["all dangling images", "unused build cache"],
    });
    let list = |items: &mut dyn Iterator<Item = String>| items.map(|item| format!("  - {item}\n")).collect();
    let mut text: String = list(&mut kinds.into_iter().map(str::to_owned));
    if !filters.is_empty() {
        let mut shown: Vec<String> =
            filters.iter().map(|(key, value)| escape::line(&format!("{key}={value}")).into_owned()).collect();
        shown.sort();
        let shown: String = list(&mut shown.into_iter());
        text = format!("{text}\n  Items to be pruned will be filtered with:\n{shown}");
    }
    format!("WARNING! This will remove:\n{text}\n{QUESTION}")
}

fn went(pruned: &PrunedSystem) -> String {
    let volumes = pruned.volumes.names.iter().cloned();
    format!(
        "{}{}{}Total reclaimed space: {}\n",
        prune_containers::went(&pruned.containers),
        prune_containers::section("Volumes", volumes),
        prune::went(&pruned.images),
        size::long(pruned.containers.bytes + pruned.volumes.bytes + pruned.images.freed.layer_bytes),
    )
}

fn would_remove(pruned: &PrunedSystem) -> String {
    let volumes = pruned.volumes.names.iter();
    let volumes: String = volumes.map(|name| format!("Would delete: volume {name}\n")).collect();
    format!(
        "{}{volumes}{}{}",
        prune_containers::would_remove(&pruned.containers),
        rm::would_go(&pruned.images),
        prune_containers::would_free(
            pruned.containers.bytes + pruned.volumes.bytes + pruned.images.freed.disk_bytes
        ),
    )
}
