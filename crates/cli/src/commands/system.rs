//! `strata system`: the store as a whole.
use super::{info, prune_system, space, usage};
use crate::columns::{Format, USAGE_COLUMNS, listing, usage_lines};
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Section};
use crate::{Context, Failure, Outcome};

/// `strata system`
pub(super) static SYSTEM: Command = Command {
    name: "system",
    short: "Manage Strata",
    section: Section::Management,
    action: Action::Group(&[&DF, &info::SYSTEM_INFO, &prune_system::SYSTEM_PRUNE]),
    ..Command::USUAL
};

static FLAGS: &[Flag] = &[
    Flag::text("format", usage::FORMAT_TABLE),
    Flag::bool("verbose", "Show detailed information on space usage").short('v'),
];

static DF: Command = Command {
    name: "df",
    arguments: "[OPTIONS]",
    short: "Show Strata disk usage",
    flags: FLAGS,
    rule: ArgRule::None,
    files: Files::IfAny,
    action: Action::Run(df),
    ..Command::USUAL
};

const TABLE: &str = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
const RAW: &str = "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n";

fn df(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let usage = engine.disk_usage().map_err(|e| Failure::daemon(&e))?;
    let format = matches.text_given("format").unwrap_or("table");
    let text = match (matches.bool("verbose"), format) {
        (false, "raw") => listing(&USAGE_COLUMNS, &usage_lines(&usage), &Format::Rows(RAW.to_owned()))?,
        (false, format) => listing(&USAGE_COLUMNS, &usage_lines(&usage), &Format::parse(format, TABLE))?,
        (true, "table") => space::sections(&usage, &engine)?,
        (true, format) => space::by_template(&usage, &engine, format)?,
    };
    context.ui.print(&text);
    Ok(())
}
