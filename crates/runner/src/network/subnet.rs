//! Networks of IPv4 addresses, and which of them are free on this machine.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A route takes some hundred bytes; a machine with a whole routing table of the Internet has a million.
const ROUTES_BYTES_MAX: u64 = 256 << 20;

/// A network of IPv4 addresses: `172.17.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet {
    base: u32,
    prefix: u8,
}

impl Subnet {
    /// The network of this size around an address; nothing for a prefix above 30, which leaves no room.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Option<Subnet> {
        (prefix <= 30).then(|| Subnet { base: address.to_bits() & mask(prefix), prefix })
    }

    /// Reads `172.17.0.0/16`.
    pub fn parse(text: &str) -> Option<Subnet> {
        let (address, prefix) = text.split_once('/')?;
        Subnet::new(address.parse().ok()?, prefix.parse().ok()?)
    }

    /// Bits that all its addresses share.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// The gateway: its first address.
    pub fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.base + 1)
    }

    /// The addresses that containers may have, in order.
    pub fn addresses(self) -> impl Iterator<Item = Ipv4Addr> {
        let last = self.base | !mask(self.prefix);
        (self.base + 2..last).map(Ipv4Addr::from_bits)
    }

    /// Whether an address is in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask(self.prefix) == self.base
    }

    /// Whether they have addresses in common.
    pub fn overlaps(self, other: Subnet) -> bool {
        let shared = mask(self.prefix.min(other.prefix));
        self.base & shared == other.base & shared
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.base), self.prefix)
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> String {
        subnet.to_string()
    }
}

impl TryFrom<String> for Subnet {
    type Error = String;

    fn try_from(text: String) -> Result<Subnet, String> {
        Subnet::parse(&text).ok_or_else(|| format!("{text} is not an IPv4 network"))
    }
}

/// A network that this machine reaches over an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) interface: String,
    base: u32,
    prefix: u8,
}

impl Route {
    pub(super) fn overlaps(&self, subnet: Subnet) -> bool {
        let shared = mask(self.prefix.min(subnet.prefix));
        self.base & shared == subnet.base & shared
    }
}

/// The networks that this machine reaches, but for the way to everything else. Those of its interfaces are among
/// them. Nothing where the kernel does not say.
pub(super) fn routes() -> Vec<Route> {
    let table =
        disk::read_named(Path::new("/proc/thread-self/net/route"), ROUTES_BYTES_MAX).unwrap_or_default();
    parse_routes(&String::from_utf8_lossy(&table))
}

/// Numbers are in hexadecimal, in the machine's order of bytes.
pub(super) fn parse_routes(table: &str) -> Vec<Route> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_be);
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [interface, destination, ..] = fields[..] else { return None };
        let prefix = number(fields.get(7)?)?.leading_ones();
        let route = Route {
            interface: interface.to_owned(),
            base: number(destination)?,
            prefix: u8::try_from(prefix).ok()?,
        };
        (prefix > 0).then_some(route)
    };
    table.lines().skip(1).filter_map(route).collect()
}

/// What Docker takes for its bridge, in its order, and what Podman does.
pub(super) fn candidates() -> impl Iterator<Item = Subnet> {
    let of_docker = (17..=31).filter_map(|second| Subnet::new(Ipv4Addr::new(172, second, 0, 0), 16));
    let of_podman = (88..=255).filter_map(|second| Subnet::new(Ipv4Addr::new(10, second, 0, 0), 16));
    let small = (0..16).filter_map(|at| Subnet::new(Ipv4Addr::new(192, 168, at * 16, 0), 20));
    of_docker.chain(of_podman).chain(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_a_gateway_and_addresses() {
        let subnet = Subnet::parse("172.17.3.4/16").unwrap();
        assert_eq!(subnet.to_string(), "172.17.0.0/16");
        assert_eq!(subnet.gateway(), Ipv4Addr::new(172, 17, 0, 1));
        assert_eq!(subnet.addresses().next(), Some(Ipv4Addr::new(172, 17, 0, 2)));
        assert_eq!(subnet.addresses().last(), Some(Ipv4Addr::new(172, 17, 255, 254)));
        let small = Subnet::parse("10.0.0.4/30").unwrap();
        assert_eq!(small.addresses().collect::<Vec<_>>(), [Ipv4Addr::new(10, 0, 0, 6)]);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "172.17.0.0", "172.17.0.0/31", "172.17.0.0/-1", "fe80::/10", "172.17.0/16"] {
            assert_eq!(Subnet::parse(text), None, "{text}");
        }
    }

    #[test]
    fn routes_show_what_is_taken() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                     eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
                     docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\nshort\n";
        let routes = if cfg!(target_endian = "little") { parse_routes(table) } else { return };
        let names: Vec<&str> = routes.iter().map(|route| route.interface.as_str()).collect();
        assert_eq!(names, ["eth0", "docker0"]);
        let check = |text: &str, expect: [bool; 2]| {
            let subnet = Subnet::parse(text).unwrap();
            assert_eq!([routes[0].overlaps(subnet), routes[1].overlaps(subnet)], expect, "{text}");
        };
        check("192.0.2.128/25", [true, false]);
        check("192.0.0.0/16", [true, false]);
        check("172.17.0.0/16", [false, true]);
        check("172.18.0.0/16", [false, false]);
        check("0.0.0.0/0", [true, true]);
    }

    #[test]
    fn the_first_choice_is_dockers() {
        assert_eq!(candidates().next().map(|subnet| subnet.to_string()).as_deref(), Some("172.17.0.0/16"));
        assert_eq!(candidates().count(), 15 + 168 + 16);
    }
}
