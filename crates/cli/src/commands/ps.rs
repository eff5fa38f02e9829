//! `strata ps`: list containers.
use engine::filter::Filters;
use engine::ops::container::ListContainers;
use std::cell::Cell;

use go_template::{Functions, Member, Object, Template, Value};

use super::usage;
use crate::columns::{CONTAINER_COLUMNS, Format, ListedContainer, listing};
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Section};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("all", "Show all containers (default shows just running)").short('a'),
    Flag::filter("filter", "Filter output based on conditions provided").short('f'),
    Flag::text("format", usage::FORMAT_TABLE),
    Flag::int("last", "Show n last created containers (includes all states)").short('n').preset("-1"),
    Flag::bool("latest", "Show the latest created container (includes all states)").short('l'),
    Flag::bool("no-trunc", "Don't truncate output"),
    Flag::bool("quiet", "Only display container IDs").short('q'),
    Flag::bool("size", "Display total file sizes").short('s'),
];

/// `strata ps`
pub(super) static PS: Command =
    Command { name: "ps", other_names: &[], section: Section::Common(3), ..CONTAINER_LS };

/// `strata container ls`
pub(super) const CONTAINER_LS: Command = Command {
    name: "ls",
    other_names: &["list", "ps"],
    arguments: "[OPTIONS]",
    short: "List containers",
    spellings: &["container ls", "container list", "container ps", "ps"],
    flags: FLAGS,
    rule: ArgRule::None,
    files: Files::ForSizes,
    action: Action::Run(ps),
    ..Command::USUAL
};

const TABLE: &str = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
const SIZE: &str = "{{.Size}}";
/// A container in `raw`.
pub(super) const RAW: &str = "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\n\
    created_at: {{.CreatedAt}}\nstate: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\nnames: {{.Names}}\n\
    labels: {{- pad .Labels 1 0}}\nports: {{- pad .Ports 1 0}}\n";

fn ps(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let configured = context.docker_config(matches).ps_format.clone();
    let given = matches.text_given("format");
    let quiet = matches.bool("quiet");
    if given.is_some() && quiet {
        context.ui.talk("WARNING: Ignoring custom format, because both --format and --quiet are set.");
    }
    let text = given.or(configured.as_deref()).unwrap_or("table");
    let asks_size = given.or(configured.as_deref()).map(asks_size).transpose()?.unwrap_or(false);
    let size = matches.bool("size") || (asks_size && !quiet && !matches.given("size"));
    let request = ListContainers {
        all: matches.bool("all"),
        limit: limit(matches),
        size,
        filters: Filters::new(matches.filters("filter")),
    };
    let listed = engine.list_containers(&request).map_err(|e| Failure::daemon(&e))?;
    for damaged in &listed.damaged {
        context.ui.talk(&format!("WARNING: a container is left out: {}", escape::line(damaged)));
    }
    let in_full = matches.bool("no-trunc");
    let rows: Vec<_> = listed
        .containers
        .into_iter()
        .map(|container| ListedContainer::new(container, &engine, in_full))
        .collect();
    context.ui.print(&listing(&CONTAINER_COLUMNS, &rows, &format(text, quiet, size))?);
    Ok(())
}

/// How many are wanted at most; 0 for all.
fn limit(matches: &Matches) -> usize {
    match matches.int("last") {
        -1 if matches.bool("latest") => 1,
        last => usize::try_from(last).unwrap_or(0),
    }
}

/// The format in force.
fn format(text: &str, quiet: bool, size: bool) -> Format {
    match text {
        "raw" if quiet => Format::Rows("container_id: {{.ID}}".to_owned()),
        "raw" => Format::Rows(if size { format!("{RAW}size: {SIZE}\n") } else { RAW.to_owned() }),
        _ if quiet => Format::Rows("{{.ID}}".to_owned()),
        text => Format::parse(text, &if size { format!("{TABLE}\t{SIZE}") } else { TABLE.to_owned() }),
    }
}

/// Whether a template needs sizes. As in Docker it runs once on a container without content, so that a template
/// that does not fit fails before anything is asked for.
fn asks_size(text: &str) -> Result<bool, Failure> {
    let failed = |what: &str, error: go_template::Error| {
        Failure::new(format!("failed to {what} template: {}", escape::layout(&error.to_string())))
    };
    let template = Template::parse(text, &Functions::docker()).map_err(|error| failed("parse", error))?;
    let blank = Blank::default();
    template.execute(Value::Object(&blank), &mut String::new()).map_err(|error| failed("execute", error))?;
    Ok(blank.size_asked.get())
}

/// A container without content, which notices when its size is asked for.
#[derive(Default)]
struct Blank {
    size_asked: Cell<bool>,
}

impl Object for Blank {
    fn type_name(&self) -> &'static str {
        CONTAINER_COLUMNS.type_name
    }

    fn member(&self, name: &str) -> Option<Member<'_>> {
        let text = match name {
            "Size" => {
                self.size_asked.set(true);
                "0B"
            }
            "Image" => "<no image>",
            "Command" => "\"\"",
            "LocalVolumes" => "0",
            "CreatedAt" => "1970-01-01 00:00:00 +0000 UTC",
            "RunningFor" => "56 years ago",
            _ => return CONTAINER_COLUMNS.blank(name),
        };
        Some(Member::getter(text))
    }

    fn names(&self) -> &[&'static str] {
        &["Command", "ID", "Size"]
    }
}
