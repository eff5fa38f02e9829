//! `strata registry ls`: what a registry holds.
use registry_server::operate;

use super::failed::failed_at;
use super::place;
use crate::columns::{Format, HeldRepository, REPOSITORY_COLUMNS, listing};
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    place::ROOT,
    place::CONFIG,
    Flag::text("format", "Format repositories using a Go template, \"table\" or \"json\""),
    Flag::bool("no-trunc", "Don't truncate output"),
    Flag::bool("quiet", "Only display names").short('q'),
];

/// `strata registry ls`
pub(super) static LS: Command = Command {
    name: "ls",
    other_names: &["list"],
    spellings: &["registry ls", "registry list"],
    arguments: "[OPTIONS] [REPOSITORY]",
    short: "List the repositories of a registry, or the tags of one",
    flags: FLAGS,
    rule: ArgRule::AtMost(1),
    action: Action::Run(ls),
    ..Command::USUAL
};

const TABLE: &str = "{{.Name}}\t{{.Tags}}\t{{.Size}}\t{{.Stars}}\t{{.Official}}\t{{.Description}}";

fn ls(matches: &Matches, context: &mut Context) -> Outcome {
    let root = place::load(matches, context)?.root;
    if let Some(name) = matches.operand(0) {
        let name = place::repository(name)?;
        let tags = operate::tags(&root, &name).map_err(failed_at(&root))?;
        let tags = tags.ok_or_else(|| Failure::new(format!("No such repository: {name}")))?;
        tags.iter().for_each(|tag| context.ui.line(&escape::cell(tag)));
        return Ok(());
    }
    let listed = operate::ls(&root).map_err(failed_at(&root))?;
    if matches.bool("quiet") {
        listed.iter().for_each(|listed| context.ui.line(listed.name.as_str()));
        return Ok(());
    }
    let format = Format::parse(matches.text_given("format").unwrap_or("table"), TABLE);
    let truncated = !matches.bool("no-trunc") && matches!(format, Format::Table(_));
    let rows: Vec<_> = listed.into_iter().map(|listed| HeldRepository { listed, truncated }).collect();
    context.ui.print(&listing(&REPOSITORY_COLUMNS, &rows, &format)?);
    Ok(())
}
