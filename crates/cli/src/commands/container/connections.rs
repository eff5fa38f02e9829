//! Which networks a new container joins, and what it asks of each.
use std::collections::BTreeMap;

use engine::record::{EndpointAsked, HardwareAddress, is_user_defined};

use crate::Failure;
use crate::flags::Matches;
use crate::options::{self, NetworkAsked};

/// Networks of a new container.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// The first one, or where else the network comes from.
    pub(super) mode: String,
    /// What is asked of each, by its name; nothing for a single one of which nothing is asked.
    pub(super) networks: BTreeMap<String, EndpointAsked>,
}

/// Reads them. Flags of their own are about the first network.
///
/// # Errors
/// What cannot go together, in Docker's words.
pub(super) fn connections(matches: &Matches) -> Result<Connections, Failure> {
    let texts = matches.list("network").chain(matches.list("net"));
    let mut asked = texts.map(options::network).collect::<Result<Vec<_>, _>>().map_err(Failure::new)?;
    if asked.is_empty() {
        asked.push(NetworkAsked { name: "default".to_owned(), ..NetworkAsked::default() });
    }
    let mode = asked[0].name.clone();
    add_flags(matches, &mut asked[0].endpoint)?;
    let is_single = asked.len() == 1;
    let mut networks = BTreeMap::new();
    let mut links = is_user_defined(&mode).then(|| matches.list("link").map(str::to_owned).collect());
    for NetworkAsked { name, mut endpoint } in asked {
        check(&name, &endpoint)?;
        endpoint.links = links.take().unwrap_or_default();
        if networks.contains_key(&name) {
            return Err(Failure::new(format!("network \"{name}\" is specified multiple times")));
        }
        if !is_single || endpoint != EndpointAsked::default() {
            networks.insert(name, endpoint);
        }
    }
    let users = networks.keys().filter(|name| is_user_defined(name)).count();
    if users != 0 && users != networks.len() {
        return Err(Failure::new(
            "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
        ));
    }
    Ok(Connections { mode, networks })
}

/// What is said without a network's name.
fn add_flags(matches: &Matches, endpoint: &mut EndpointAsked) -> Result<(), Failure> {
    let twice = |one: &str, other: &str| {
        Err(Failure::new(format!("conflicting options: cannot specify both {one} and per-network {other}")))
    };
    let aliases = matches.list("network-alias").chain(matches.list("net-alias")).map(str::to_owned);
    let aliases: Vec<String> = aliases.collect();
    if !endpoint.aliases.is_empty() && !aliases.is_empty() {
        return twice("--network-alias", "alias");
    }
    endpoint.aliases.extend(aliases);
    let mut addresses = endpoint.addresses.take().unwrap_or_default();
    for (flag, own, what) in
        [("ip", &mut addresses.ipv4, "IPv4 address"), ("ip6", &mut addresses.ipv6, "IPv6 address")]
    {
        let text = matches.text(flag);
        if !own.is_empty() && !text.is_empty() {
            return twice(&format!("--{flag}"), what);
        }
        own.push_str(text);
    }
    let mac = matches.text("mac-address");
    if !endpoint.mac_address.is_empty() && !mac.is_empty() {
        return twice("--mac-address", "MAC address");
    }
    endpoint.mac_address.push_str(mac);
    let link_local: Vec<String> = matches.list("link-local-ip").map(str::to_owned).collect();
    if !link_local.is_empty() {
        addresses.link_local = link_local;
    }
    endpoint.addresses = Some(addresses).filter(|addresses| *addresses != Default::default());
    Ok(())
}

fn check(name: &str, endpoint: &EndpointAsked) -> Result<(), Failure> {
    if name.trim().is_empty() {
        return Err(Failure::new("no name set for network"));
    }
    if !endpoint.aliases.is_empty() && !is_user_defined(name) {
        return Err(Failure::new("network-scoped aliases are only supported for user-defined networks"));
    }
    let mac = &endpoint.mac_address;
    if !mac.is_empty() && HardwareAddress::parse(mac).is_none() {
        return Err(Failure::new(format!("{mac} is not a valid mac address")));
    }
    Ok(())
}
