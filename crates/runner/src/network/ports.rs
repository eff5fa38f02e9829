//! Published ports: what was asked for, which ports of this machine are chosen, and the sockets that hold them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::path::Path;

use disk::errno_text;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};

use super::NetworkError;
use super::netavark::PortMapping;
use crate::record::{Container, PortBinding};

/// The kernel's own choice for outgoing connections where it does not say.
const EPHEMERAL: RangeInclusive<u16> = 49153..=65535;
const EPHEMERAL_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// Two numbers.
const EPHEMERAL_BYTES_MAX: u64 = 64;
/// The kernel cuts it to its own limit.
const BACKLOG: i32 = 4096;

/// What is spoken at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    fn parse(text: &str) -> Option<Protocol> {
        match text.to_ascii_lowercase().as_str() {
            "" | "tcp" => Some(Protocol::Tcp),
            "udp" => Some(Protocol::Udp),
            "sctp" => Some(Protocol::Sctp),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }
    }
}

/// A port of a container: `80/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ContainerPort {
    number: u16,
    protocol: Protocol,
}

impl ContainerPort {
    pub(super) fn parse(text: &str) -> Option<ContainerPort> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let number = number.parse().ok().filter(|&number| number > 0)?;
        Some(ContainerPort { number, protocol: Protocol::parse(protocol)? })
    }

    pub(super) fn number(self) -> u16 {
        self.number
    }

    /// What is spoken there, in lower case.
    pub(super) fn protocol(self) -> &'static str {
        self.protocol.as_str()
    }
}

impl fmt::Display for ContainerPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol.as_str())
    }
}

/// One port that is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Request {
    port: ContainerPort,
    /// Nothing for any port.
    host: Option<(u16, u16)>,
    /// Nothing for all addresses.
    ip: Option<IpAddr>,
}

impl Request {
    fn parse(port: ContainerPort, binding: &PortBinding) -> Result<Request, NetworkError> {
        let refuse = |text: String| Err(NetworkError::Invalid(text));
        let ip = match binding.host_ip.trim_matches(['[', ']']) {
            "" => None,
            text => match text.parse() {
                Ok(ip) => Some(ip),
                Err(_) => return refuse(format!("invalid IP address: {}", binding.host_ip)),
            },
        };
        let host = match binding.host_port.as_str() {
            "" | "0" => None,
            text => match parse_range(text) {
                Some(range) => Some(range),
                None => return refuse(format!("invalid hostPort: {text}")),
            },
        };
        Ok(Request { port, host, ip })
    }

    fn is_exact(&self) -> bool {
        self.host.is_some_and(|(first, last)| first == last)
    }

    /// Exact ports first, so that ranges do not take them; what differs in nothing but the address stands together.
    fn order(&self, other: &Request) -> Ordering {
        let key = |request: &Request| {
            (!request.is_exact(), request.port.number, request.port.protocol, request.host, request.ip)
        };
        key(self).cmp(&key(other))
    }

    /// Whether both get the same port of this machine.
    fn goes_with(&self, other: &Request) -> bool {
        (self.port, self.host) == (other.port, other.host)
    }

    /// The addresses to listen at. Those that nobody asked for are left out where the machine has no IPv6.
    fn addresses(&self, has_ipv6: bool) -> Vec<IpAddr> {
        match self.ip {
            Some(ip) => vec![ip],
            None if has_ipv6 => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
            None => vec![Ipv4Addr::UNSPECIFIED.into()],
        }
    }
}

fn parse_range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first > 0 && first <= last).then_some((first, last))
}

/// What a container publishes, in the order in which ports are chosen.
fn requests(container: &Container) -> Result<Vec<Request>, NetworkError> {
    let host = &container.host_config;
    let invalid = |text: &String| NetworkError::Invalid(format!("invalid port: {text}"));
    let mut requests = Vec::new();
    for (text, bindings) in &host.port_bindings {
        let port = ContainerPort::parse(text).ok_or_else(|| invalid(text))?;
        for binding in bindings {
            requests.push(Request::parse(port, binding)?);
        }
    }
    if host.publish_all_ports {
        let asked = |text: &String| host.port_bindings.get(text).is_some_and(|bindings| !bindings.is_empty());
        for text in container.config.exposed_ports.iter().filter(|text| !asked(text)) {
            let port = ContainerPort::parse(text).ok_or_else(|| invalid(text))?;
            requests.push(Request { port, host: None, ip: None });
        }
    }
    requests.sort_by(Request::order);
    Ok(requests)
}

/// A port of this machine that is ours.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) at: SocketAddr,
    pub(super) port: ContainerPort,
    /// Keeps others away; nothing where the kernel has no sockets for it.
    pub(super) socket: Option<OwnedFd>,
}

impl Held {
    /// The container's port number, where something can be passed on by hand.
    pub(super) fn tcp_port(&self) -> Option<u16> {
        (self.port.protocol == Protocol::Tcp).then_some(self.port.number)
    }
}

/// Chooses and holds the ports that a container publishes. `is_ours` tells which ports other containers have.
///
/// # Errors
/// What cannot be meant; else why a port cannot be had, in Docker's words but for what stands before them.
pub(super) fn publish(
    container: &Container,
    address: Ipv4Addr,
    is_ours: &dyn Fn(ContainerPort, SocketAddr) -> bool,
) -> Result<Vec<Held>, Refused> {
    let requests = requests(container).map_err(Refused::Request)?;
    let has_ipv6 = !requests.is_empty() && has_ipv6();
    let mut held = Vec::new();
    for group in requests.chunk_by(Request::goes_with) {
        let addresses: Vec<IpAddr> = group.iter().flat_map(|request| request.addresses(has_ipv6)).collect();
        held.extend(choose(&group[0], &addresses, address, is_ours).map_err(Refused::Port)?);
    }
    Ok(held)
}

/// Why ports are not published.
#[derive(Debug)]
pub(super) enum Refused {
    /// What was asked for cannot be meant.
    Request(NetworkError),
    /// A port cannot be had.
    Port(String),
}

/// Holds the first port that is free at all addresses.
fn choose(
    request: &Request,
    addresses: &[IpAddr],
    container: Ipv4Addr,
    is_ours: &dyn Fn(ContainerPort, SocketAddr) -> bool,
) -> Result<Vec<Held>, String> {
    let (first, last) = request.host.unwrap_or_else(ephemeral);
    let mut refused = "all ports are allocated".to_owned();
    for number in first..=last {
        match hold(request, addresses, number, container) {
            Ok(held) => return Ok(held),
            Err((at, _)) if is_ours(request.port, at) => {
                if request.is_exact() {
                    return Err(format!("Bind for {}:{number} failed: port is already allocated", at.ip()));
                }
            }
            Err((_, text)) => refused = text,
        }
    }
    Err(refused)
}

type NotHeld = (SocketAddr, String);

fn hold(
    request: &Request,
    addresses: &[IpAddr],
    number: u16,
    container: Ipv4Addr,
) -> Result<Vec<Held>, NotHeld> {
    let hold_at = |&ip: &IpAddr| {
        let at = SocketAddr::new(ip, number);
        let socket = bound(at, request.port.protocol).map_err(|errno| {
            let range = match request.host {
                Some((first, last)) if first != last => format!("{first}-{last}"),
                Some((first, _)) => first.to_string(),
                None => String::new(),
            };
            let which = if request.is_exact() { String::new() } else { format!(" {number}") };
            let ip = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
            let port = request.port;
            let why = errno_text(&errno.into());
            (at, format!("failed to bind host port{which} for {ip}:{range}:{container}:{port}: {why}"))
        })?;
        Ok(Held { at, port: request.port, socket })
    };
    addresses.iter().map(hold_at).collect()
}

/// A socket that holds an address. For UDP nobody may share it; for TCP connections that linger from an earlier
/// holder do not count.
fn bound(at: SocketAddr, protocol: Protocol) -> rustix::io::Result<Option<OwnedFd>> {
    let kind = match protocol {
        Protocol::Tcp => SocketType::STREAM,
        Protocol::Udp => SocketType::DGRAM,
        Protocol::Sctp => return Ok(None),
    };
    let family = if at.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    if at.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    if protocol == Protocol::Tcp {
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    bind(&socket, &at)?;
    if protocol == Protocol::Tcp {
        listen(&socket, BACKLOG)?;
    }
    Ok(Some(socket))
}

fn has_ipv6() -> bool {
    bound(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0), Protocol::Udp).is_ok()
}

/// Where ports come from when nobody cares.
fn ephemeral() -> (u16, u16) {
    let text = disk::read_named(Path::new(EPHEMERAL_FILE), EPHEMERAL_BYTES_MAX).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<u16>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(last))) if first > 0 && first <= last => (first, last),
        _ => EPHEMERAL.into_inner(),
    }
}

/// What the program that makes rules is told. Rules lead to the container's IPv4 address, so those for IPv6 are left
/// to forwarding by hand.
pub(super) fn mappings(held: &[Held]) -> Vec<PortMapping> {
    let ipv4 = held.iter().filter(|held| held.at.is_ipv4());
    let mapping = |held: &Held| PortMapping {
        host_ip: if held.at.ip().is_unspecified() { String::new() } else { held.at.ip().to_string() },
        host_port: held.at.port(),
        container_port: held.port.number,
        protocol: held.port.protocol.as_str().to_owned(),
        range: 1,
    };
    ipv4.map(mapping).collect()
}

/// Ports as the API shows them; those that are only exposed lead nowhere.
pub(super) fn shown(container: &Container, held: &[Held]) -> BTreeMap<String, Vec<PortBinding>> {
    let exposed = container.config.exposed_ports.iter().chain(container.host_config.port_bindings.keys());
    let exposed = exposed.filter_map(|text| ContainerPort::parse(text));
    let mut ports: BTreeMap<String, Vec<PortBinding>> =
        exposed.map(|port| (port.to_string(), Vec::new())).collect();
    for held in held {
        let binding =
            PortBinding { host_ip: held.at.ip().to_string(), host_port: held.at.port().to_string() };
        ports.entry(held.port.to_string()).or_default().push(binding);
    }
    ports
}

/// Whether one of these published ports is at this address, or at all addresses of its family.
pub(super) fn is_among(
    ports: &BTreeMap<String, Vec<PortBinding>>,
    port: ContainerPort,
    at: SocketAddr,
) -> bool {
    let same_protocol =
        |text: &String| ContainerPort::parse(text).is_some_and(|other| other.protocol == port.protocol);
    let mut bindings =
        ports.iter().filter(|(text, _)| same_protocol(text)).flat_map(|(_, bindings)| bindings);
    bindings.any(|binding| {
        let Ok(ip) = binding.host_ip.parse::<IpAddr>() else { return false };
        let meets = ip == at.ip() || ip.is_unspecified() || at.ip().is_unspecified();
        binding.host_port == at.port().to_string() && ip.is_ipv4() == at.is_ipv4() && meets
    })
}

#[cfg(test)]
mod tests;
