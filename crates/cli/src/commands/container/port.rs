//! `strata port`: where a container's ports are published.
use engine::ops::container::Port;

use crate::columns::{joined, natural_order};
use crate::flags::{Action, ArgRule, Command, Matches, Operand, quote};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

/// `strata port`
pub(in crate::commands) static PORT: Command = CONTAINER_PORT;
/// `strata container port`
pub(in crate::commands) const CONTAINER_PORT: Command = Command {
    name: "port",
    arguments: "CONTAINER [PRIVATE_PORT[/PROTO]]",
    short: "List port mappings or a specific mapping for the container",
    spellings: &["container port", "port"],
    rule: ArgRule::Between(1, 2),
    operand: Operand::Container,
    action: Action::Run(port),
    ..Command::USUAL
};

fn port(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let container = matches.operand(0).unwrap_or_default();
    let ports = engine.container_ports(container).map_err(|e| Failure::daemon(&e))?;
    let mut lines = match matches.operand(1).filter(|wanted| !wanted.is_empty()) {
        Some(wanted) => published(&ports, wanted, container)?,
        None => ports
            .iter()
            .filter_map(|port| Some(format!("{}/{} -> {}", port.private, port.protocol, place(port)?)))
            .collect(),
    };
    lines.sort_by(|a, b| natural_order(a, b));
    for line in lines {
        context.ui.line(&line);
    }
    Ok(())
}

/// Where one port is published.
fn published(ports: &[Port], wanted: &str, container: &str) -> Result<Vec<String>, Failure> {
    let (number, protocol) = wanted.split_once('/').unwrap_or((wanted, "tcp"));
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        let quoted = quote(number.as_bytes());
        let number = escape::line(number);
        return Err(Failure::new(format!(
            "Error: invalid port ({number}): strconv.ParseUint: parsing {quoted}: invalid syntax"
        )));
    }
    let fits = |port: &&Port| number.parse() == Ok(port.private) && port.protocol == protocol;
    let places: Vec<String> = ports.iter().filter(fits).filter_map(place).collect();
    if places.is_empty() {
        let (wanted, container) = (escape::line(wanted), escape::line(container));
        return Err(Failure::new(format!("Error: No public port '{wanted}' published for {container}")));
    }
    Ok(places)
}

/// Address and port on this machine; nothing for a port that is only exposed.
fn place(port: &Port) -> Option<String> {
    port.ip.map(|ip| joined(&ip.to_string(), &port.public.to_string()))
}
