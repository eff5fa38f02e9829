//! `strata network`: the networks that there are.
use std::collections::BTreeMap;

use engine::Engine;
use engine::filter::Filters;
use engine::ops::ListNetworks;

use super::{inspect, usage};
use crate::columns::{Format, Inspected, ListedNetwork, NETWORK_COLUMNS, listing, network_document};
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand, Section};
use crate::{Context, Failure, Outcome};

/// `strata network`
pub(super) static NETWORK: Command = Command {
    name: "network",
    short: "Manage networks",
    section: Section::Management,
    action: Action::Group(&[&INSPECT, &LS]),
    ..Command::USUAL
};

static INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] NETWORK [NETWORK...]",
    short: "Display detailed information on one or more networks",
    flags: &[inspect::FORMAT, Flag::bool("verbose", "Verbose output for diagnostics").short('v')],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Network,
    action: Action::Run(inspect_networks),
    ..Command::USUAL
};

static LS: Command = Command {
    name: "ls",
    other_names: &["list"],
    arguments: "[OPTIONS]",
    short: "List networks",
    spellings: &["network ls", "network list"],
    flags: &[
        Flag::filter("filter", r#"Provide filter values (e.g. "driver=bridge")"#).short('f'),
        Flag::text("format", usage::FORMAT_TABLE),
        Flag::bool("no-trunc", "Do not truncate the output"),
        Flag::bool("quiet", "Only display network IDs").short('q'),
    ],
    rule: ArgRule::None,
    action: Action::Run(ls),
    ..Command::USUAL
};

const TABLE: &str = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}";
const RAW: &str = "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n";

fn ls(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let quiet = matches.bool("quiet");
    let configured = context.docker_config(matches).networks_format.clone().filter(|_| !quiet);
    let format = match matches.text_given("format").or(configured.as_deref()).unwrap_or("table") {
        "table" if quiet => Format::Rows("{{.ID}}".to_owned()),
        "raw" if quiet => Format::Rows("network_id: {{.ID}}".to_owned()),
        "raw" => Format::Rows(RAW.to_owned()),
        text => Format::parse(text, TABLE),
    };
    let request = ListNetworks { filters: Filters::new(matches.filters("filter")) };
    let networks = engine.networks(&request).map_err(|e| Failure::daemon(&e))?;
    let in_full = matches.bool("no-trunc");
    let row =
        |network| ListedNetwork { network, in_full, labels: BTreeMap::new(), zone: engine.host.zone.clone() };
    let rows: Vec<ListedNetwork> = networks.into_iter().map(row).collect();
    context.ui.print(&listing(&NETWORK_COLUMNS, &rows, &format)?);
    Ok(())
}

fn inspect_networks(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    inspect::show(matches, context, |name| find(&engine, name).map_err(|e| Failure::daemon(&e)))
}

/// A network with the containers in it.
pub(super) fn find(engine: &Engine, name: &str) -> engine::Result<Inspected> {
    let network = engine.network(name)?;
    let endpoints = engine.endpoints(&network)?;
    Ok(network_document(&network, &endpoints))
}
