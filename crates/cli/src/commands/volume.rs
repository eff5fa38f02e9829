//! `strata volume`: volumes.
use std::collections::BTreeMap;

use engine::Engine;
use engine::filter::Filters;
use engine::ops::{CreateVolume, ListVolumes, PruneVolumes, PrunedVolumes};

use super::prune::QUESTION;
use super::{inspect, usage};
use crate::columns::{
    Format, Inspected, ListedVolume, VOLUME_COLUMNS, listing, natural_order, volume_document,
};
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand, Section};
use crate::term::size;
use crate::{Context, Failure, Outcome};

/// `strata volume`
pub(super) static VOLUME: Command = Command {
    name: "volume",
    short: "Manage volumes",
    section: Section::Management,
    action: Action::Group(&[&CREATE, &INSPECT, &LS, &PRUNE, &RM]),
    ..Command::USUAL
};

static CREATE: Command = Command {
    name: "create",
    arguments: "[OPTIONS] [VOLUME]",
    short: "Create a volume",
    flags: &[
        Flag::text("driver", "Specify volume driver name").short('d').preset("local"),
        Flag::list("label", "Set metadata for a volume"),
        Flag::text("name", "Specify volume name").hidden(),
        Flag::map("opt", "Set driver specific options").short('o'),
    ],
    rule: ArgRule::AtMost(1),
    action: Action::Run(create),
    ..Command::USUAL
};

static INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] VOLUME [VOLUME...]",
    short: "Display detailed information on one or more volumes",
    flags: &[inspect::FORMAT],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Volume,
    action: Action::Run(inspect_volumes),
    ..Command::USUAL
};

static LS: Command = Command {
    name: "ls",
    other_names: &["list"],
    arguments: "[OPTIONS]",
    short: "List volumes",
    spellings: &["volume ls", "volume list"],
    flags: &[
        Flag::filter("filter", r#"Provide filter values (e.g. "dangling=true")"#).short('f'),
        Flag::text("format", usage::FORMAT_TABLE),
        Flag::bool("quiet", "Only display volume names").short('q'),
    ],
    rule: ArgRule::None,
    action: Action::Run(ls),
    ..Command::USUAL
};

static PRUNE: Command = Command {
    name: "prune",
    arguments: "[OPTIONS]",
    short: "Remove unused local volumes",
    flags: &[
        Flag::bool("all", "Remove all unused volumes, not just anonymous ones").short('a'),
        Flag::bool("dry-run", "Show what would be removed and the bytes that come back"),
        Flag::filter("filter", r#"Provide filter values (e.g. "label=<label>")"#),
        Flag::bool("force", "Do not prompt for confirmation").short('f'),
    ],
    rule: ArgRule::None,
    files: Files::IfAny,
    action: Action::Run(prune),
    ..Command::USUAL
};

static RM: Command = Command {
    name: "rm",
    other_names: &["remove"],
    arguments: "[OPTIONS] VOLUME [VOLUME...]",
    short: "Remove one or more volumes",
    long: "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
    spellings: &["volume rm", "volume remove"],
    flags: &[Flag::bool("force", "Force the removal of one or more volumes").short('f')],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Volume,
    files: Files::IfAny,
    action: Action::Run(rm),
    ..Command::USUAL
};

fn create(matches: &Matches, context: &mut Context) -> Outcome {
    let name = match (matches.operand(0), matches.text("name")) {
        (None, name) => name,
        (Some(name), "") => name,
        (Some(_), _) => {
            let text = "conflicting options: cannot specify a volume-name through both --name and as a positional arg";
            return Err(Failure::new(text));
        }
    };
    let request = CreateVolume {
        name: name.to_owned(),
        driver: matches.text("driver").to_owned(),
        options: pairs(matches.list("opt")),
        labels: pairs(matches.list("label")),
    };
    let engine = context.engine(matches)?;
    let volume = engine.create_volume(&request).map_err(|e| Failure::daemon(&e))?;
    context.ui.line(&volume.name);
    Ok(())
}

/// `name=value`; a name alone has an empty value, and the last one of a name counts.
fn pairs<'m>(texts: impl Iterator<Item = &'m str>) -> BTreeMap<String, String> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_owned(), value.to_owned())
    };
    texts.map(pair).collect()
}

fn inspect_volumes(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    inspect::show(matches, context, |name| {
        // Docker's client has nothing but types here.
        find(&engine, name).map(Inspected::by_type_alone).map_err(|e| Failure::daemon(&e))
    })
}

/// A volume.
pub(super) fn find(engine: &Engine, name: &str) -> engine::Result<Inspected> {
    engine.volume(name).map(|volume| volume_document(&volume, &engine.host.zone))
}

const TABLE: &str = "{{.Driver}}\t{{.Name}}";
const RAW: &str = "name: {{.Name}}\ndriver: {{.Driver}}\n";

fn ls(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let quiet = matches.bool("quiet");
    let configured = context.docker_config(matches).volumes_format.clone().filter(|_| !quiet);
    let format = match matches.text_given("format").or(configured.as_deref()).unwrap_or("table") {
        "table" if quiet => Format::Rows("{{.Name}}".to_owned()),
        "raw" if quiet => Format::Rows("name: {{.Name}}".to_owned()),
        "raw" => Format::Rows(RAW.to_owned()),
        text => Format::parse(text, TABLE),
    };
    let request = ListVolumes { filters: Filters::new(matches.filters("filter")) };
    let mut volumes = engine.volumes(&request).map_err(|e| Failure::daemon(&e))?;
    volumes.sort_by(|a, b| natural_order(&a.name, &b.name));
    let listed = |volume| ListedVolume { volume, usage: None };
    let rows: Vec<_> = volumes.into_iter().map(listed).collect();
    context.ui.print(&listing(&VOLUME_COLUMNS, &rows, &format)?);
    Ok(())
}

fn rm(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let mut errors = Vec::new();
    for name in matches.operands() {
        match engine.remove_volume(name, matches.bool("force")) {
            Ok(()) => context.ui.line(name),
            Err(error) => errors.extend(Failure::daemon(&error).message),
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::new(errors.join("\n"))) }
}

fn prune(matches: &Matches, context: &mut Context) -> Outcome {
    let (all, dry_run) = (matches.bool("all"), matches.bool("dry-run"));
    let given = matches.filters("filter").collect();
    let mut filters = Filters::new(context.docker_config(matches).with_prune_filters(given));
    if all {
        if filters.has("all") {
            return Err(Failure::new("conflicting options: cannot specify both --all and --filter all=1"));
        }
        filters = filters.with("all", "true");
    }
    if !matches.bool("force") && !dry_run {
        let which = if all { "all local volumes" } else { "anonymous local volumes" };
        let warning =
            format!("WARNING! This will remove {which} not used by at least one container.\n{QUESTION}");
        if !context.ui.confirm(&warning) {
            return Ok(());
        }
    }
    let engine = context.engine(matches)?;
    let request = PruneVolumes { filters, dry_run };
    let pruned = engine.prune_volumes(&request).map_err(|e| Failure::daemon(&e))?;
    context.ui.print(&if dry_run { would_remove(&pruned) } else { report(&pruned) });
    Ok(())
}

fn report(pruned: &PrunedVolumes) -> String {
    let mut out = String::new();
    if !pruned.names.is_empty() {
        out.push_str(&format!("Deleted Volumes:\n{}\n\n", pruned.names.join("\n")));
    }
    out.push_str(&format!("Total reclaimed space: {}\n", size::long(pruned.bytes)));
    out
}

fn would_remove(pruned: &PrunedVolumes) -> String {
    let lines = pruned.names.iter().map(|name| format!("Would delete: {name}\n"));
    let total = format!("Would free: {} ({} bytes)\n", size::long(pruned.bytes), pruned.bytes);
    lines.chain([total]).collect()
}
