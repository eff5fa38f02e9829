//! `strata registry du`: what takes the room of a registry.
use registry_server::operate;

use super::failed::failed_at;
use super::{count, place};
use crate::columns::{Format, HeldRepository, REPOSITORY_COLUMNS, listing};
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::term::size;
use crate::{Context, Outcome};

static FLAGS: &[Flag] = &[
    place::ROOT,
    place::CONFIG,
    Flag::text("format", "Format repositories using a Go template, \"table\" or \"json\""),
];

/// `strata registry du`
pub(super) static DU: Command = Command {
    name: "du",
    arguments: "[OPTIONS]",
    short: "Show what takes the room of a registry",
    long: "Show what takes the room of a registry.

SIZE is what a repository holds, OWN SIZE what no other repository holds as well:
what comes back when it goes. In the sum shared content counts once.",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(du),
    ..Command::USUAL
};

const TABLE: &str = "{{.Name}}\t{{.Manifests}}\t{{.Tags}}\t{{.Blobs}}\t{{.Size}}\t{{.OwnSize}}";

fn du(matches: &Matches, context: &mut Context) -> Outcome {
    let root = place::load(matches, context)?.root;
    let listed = operate::ls(&root).map_err(failed_at(&root))?;
    let repositories = listed.len() as u64;
    let rows: Vec<_> = listed.into_iter().map(|listed| HeldRepository { listed, truncated: false }).collect();
    let format = Format::parse(matches.text_given("format").unwrap_or("table"), TABLE);
    context.ui.print(&listing(&REPOSITORY_COLUMNS, &rows, &format)?);
    if matches.text_given("format").is_some() {
        return Ok(());
    }
    let sum = operate::du(&root).map_err(failed_at(&root))?;
    context.ui.line(&format!(
        "\n{}, {}, {}, {}: {}",
        count(repositories, "repository", "repositories"),
        count(sum.manifests, "manifest", "manifests"),
        count(sum.tags, "tag", "tags"),
        count(sum.blobs, "blob", "blobs"),
        size::long(sum.bytes)
    ));
    Ok(())
}
