//! Containers that another one knows by a name of its choice: Docker's older links, with what they tell in names of
//! machines and in variables.

use std::net::Ipv4Addr;

use super::NetworkError;
use super::ports::ContainerPort;
use crate::error::Result;
use crate::record::{Container, Containers, State, Status};

/// A container that another one knows by an alias, in the bridge network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The address.
    pub(super) address: Ipv4Addr,
    /// What it is called there: the alias, and its own names.
    pub(super) names: String,
    /// Variables that tell about it.
    pub(super) variables: Vec<String>,
}

/// The links of a container that starts. Who is gone by now is not linked any more.
///
/// # Errors
/// When one of them does not run, in Docker's words.
pub(super) fn of(containers: &Containers, container: &Container) -> Result<Vec<Link>> {
    let mut links = Vec::new();
    for (id, alias) in container.host_config.linked() {
        let Some(other) = containers.get(&id)? else { continue };
        links.extend(link(container, &other.container, &other.state, alias)?);
    }
    Ok(links)
}

fn link(
    container: &Container,
    theirs: &Container,
    state: &State,
    alias: &str,
) -> std::result::Result<Option<Link>, NetworkError> {
    let path = format!("/{}/{alias}", container.name);
    if !matches!(state.status, Status::Running | Status::Paused) {
        return Err(NetworkError::LinkNotRunning { name: theirs.name.clone(), link: path });
    }
    // Who has no place in the bridge network cannot be reached there.
    let place = state.network.networks.get("bridge");
    let Some(address) = place.and_then(|place| place.ip_address.parse().ok()) else { return Ok(None) };
    Ok(Some(Link {
        address,
        names: names(theirs, alias),
        variables: variables(theirs, alias, &path, address),
    }))
}

/// The alias, the name of the machine inside, and the container's name where it is another.
fn names(other: &Container, alias: &str) -> String {
    let mut names = format!("{alias} {}", other.config.hostname);
    if alias != other.name {
        names = format!("{names} {}", other.name);
    }
    names
}

/// What the container offers at which ports, and its own variables.
fn variables(other: &Container, alias: &str, path: &str, address: Ipv4Addr) -> Vec<String> {
    let prefix = alias.to_uppercase().replace('-', "_");
    let mut ports: Vec<ContainerPort> =
        other.config.exposed_ports.iter().filter_map(|text| ContainerPort::parse(text)).collect();
    // Of one number TCP comes first.
    ports.sort();
    let mut all = Vec::new();
    all.extend(ports.first().map(|port| format!("{prefix}_PORT={}", url(*port, address))));
    all.extend(runs(&prefix, &ports, address));
    for port in &ports {
        let own = name(&prefix, *port);
        all.push(format!("{own}={}", url(*port, address)));
        all.push(format!("{own}_ADDR={address}"));
        all.push(format!("{own}_PORT={}", port.number()));
        all.push(format!("{own}_PROTO={}", port.protocol()));
    }
    all.push(format!("{prefix}_NAME={path}"));
    for variable in &other.config.env {
        // Those of every container tell nothing.
        if let Some((name, value)) =
            variable.split_once('=').filter(|(name, _)| !matches!(*name, "HOME" | "PATH"))
        {
            all.push(format!("{prefix}_ENV_{name}={value}"));
        }
    }
    all
}

/// Three and more ports that follow each other are told as a range besides. As in Docker, one number with two
/// protocols counts twice, and makes room for a gap.
fn runs(prefix: &str, mut ports: &[ContainerPort], address: Ipv4Addr) -> Vec<String> {
    let mut all = Vec::new();
    while let [first, ..] = ports {
        let follows = |&(at, port): &(usize, &ContainerPort)| {
            usize::from(port.number()) <= usize::from(first.number()) + at
        };
        let length = ports.iter().enumerate().take_while(follows).count();
        let (run, rest) = ports.split_at(if length > 2 { length } else { 1 });
        ports = rest;
        let [first, _, .., last] = run else { continue };
        let own = name(prefix, *first);
        all.push(format!("{own}_START={}", url(*first, address)));
        all.push(format!("{own}_ADDR={address}"));
        all.push(format!("{own}_PROTO={}", first.protocol()));
        all.push(format!("{own}_PORT_START={}", first.number()));
        all.push(format!("{own}_END={}", url(*last, address)));
        all.push(format!("{own}_PORT_END={}", last.number()));
    }
    all
}

fn name(prefix: &str, port: ContainerPort) -> String {
    format!("{prefix}_PORT_{}_{}", port.number(), port.protocol().to_uppercase())
}

fn url(port: ContainerPort, address: Ipv4Addr) -> String {
    format!("{}://{address}:{}", port.protocol(), port.number())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::tests::container;

    /// What Docker's engine gave a container for this other one, in its order.
    const EXPECT: &str = "DATA_BASE_PORT=udp://172.17.0.2:53
DATA_BASE_PORT_80_TCP_START=tcp://172.17.0.2:80
DATA_BASE_PORT_80_TCP_ADDR=172.17.0.2
DATA_BASE_PORT_80_TCP_PROTO=tcp
DATA_BASE_PORT_80_TCP_PORT_START=80
DATA_BASE_PORT_80_TCP_END=tcp://172.17.0.2:82
DATA_BASE_PORT_80_TCP_PORT_END=82
DATA_BASE_PORT_53_UDP=udp://172.17.0.2:53
DATA_BASE_PORT_53_UDP_ADDR=172.17.0.2
DATA_BASE_PORT_53_UDP_PORT=53
DATA_BASE_PORT_53_UDP_PROTO=udp
DATA_BASE_PORT_80_TCP=tcp://172.17.0.2:80
DATA_BASE_PORT_80_TCP_ADDR=172.17.0.2
DATA_BASE_PORT_80_TCP_PORT=80
DATA_BASE_PORT_80_TCP_PROTO=tcp
DATA_BASE_PORT_80_UDP=udp://172.17.0.2:80
DATA_BASE_PORT_80_UDP_ADDR=172.17.0.2
DATA_BASE_PORT_80_UDP_PORT=80
DATA_BASE_PORT_80_UDP_PROTO=udp
DATA_BASE_PORT_81_TCP=tcp://172.17.0.2:81
DATA_BASE_PORT_81_TCP_ADDR=172.17.0.2
DATA_BASE_PORT_81_TCP_PORT=81
DATA_BASE_PORT_81_TCP_PROTO=tcp
DATA_BASE_PORT_82_TCP=tcp://172.17.0.2:82
DATA_BASE_PORT_82_TCP_ADDR=172.17.0.2
DATA_BASE_PORT_82_TCP_PORT=82
DATA_BASE_PORT_82_TCP_PROTO=tcp
DATA_BASE_PORT_443_SCTP=sctp://172.17.0.2:443
DATA_BASE_PORT_443_SCTP_ADDR=172.17.0.2
DATA_BASE_PORT_443_SCTP_PORT=443
DATA_BASE_PORT_443_SCTP_PROTO=sctp
DATA_BASE_NAME=/web/data-base
DATA_BASE_ENV_A=1
DATA_BASE_ENV_B=x y
DATA_BASE_ENV_NONE=";

    #[test]
    fn variables_tell_of_ports_and_of_the_others_variables() {
        let mut other = container();
        let ports = ["53/udp", "80/udp", "80/tcp", "81/tcp", "82/tcp", "443/sctp"];
        other.config.exposed_ports = ports.iter().map(|&port| port.to_owned()).collect();
        other.config.env = ["A=1", "B=x y", "PATH=/bin", "NONE=", "LONE"].map(str::to_owned).to_vec();
        let found = variables(&other, "data-base", "/web/data-base", Ipv4Addr::new(172, 17, 0, 2));
        assert_eq!(found.join("\n"), EXPECT);
    }

    #[test]
    fn the_other_has_all_its_names() {
        let mut other = container();
        other.config.hostname = "dbhost".to_owned();
        other.name = "db".to_owned();
        assert_eq!(names(&other, "data-base"), "data-base dbhost db");
        assert_eq!(names(&other, "db"), "db dbhost");
    }

    #[test]
    fn only_who_runs_can_be_linked() {
        let (own, other) = (container(), Container { name: "off".to_owned(), ..container() });
        let refused = link(&own, &other, &State::default(), "x").unwrap_err().to_string();
        assert_eq!(refused, "Cannot link to a non running container: /off AS /web/x");
    }
}
