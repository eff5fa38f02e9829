//! What a new container asks of networks, and which others it knows by names of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use runner::record::{AddressesAsked, EndpointAsked, HardwareAddress, HostConfig, is_user_defined};

use super::CreateContainer;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// Containers that share a network of one that shares a network: nobody means more than two.
const CHAIN_MAX: usize = 16;
const HOST_LINKS: &str = "conflicting options: host type networking can't be used with links. This would result in \
                          undefined behavior";
const SHARED_LINKS: &str = "conflicting options: container type network can't be used with links. This would result \
                            in undefined behavior";

/// What is asked of each network, under its name.
///
/// # Errors
/// What cannot be had, in Docker's words.
pub(super) fn endpoints(request: &CreateContainer) -> Result<BTreeMap<String, EndpointAsked>> {
    let name = |name: &String| if name == "default" { "bridge".to_owned() } else { name.clone() };
    let asked: BTreeMap<String, EndpointAsked> =
        request.networks.iter().map(|(network, asked)| (name(network), asked.clone())).collect();
    if asked.len() > 1 && !asked.keys().all(|network| is_user_defined(network)) {
        let text = "container sharing network namespace with another container or host cannot be connected to any \
                    other network";
        return Err(Error::invalid(text));
    }
    for (network, asked) in &asked {
        check(network, asked)
            .map_err(|why| Error::invalid(format!("invalid config for network {network}: {why}")))?;
    }
    let mode = request.host_config.network_mode.as_str();
    let has_address = asked.values().any(|asked| !asked.mac_address.is_empty());
    if has_address && (mode == "host" || mode.starts_with("container:")) {
        return Err(Error::invalid("conflicting options: mac-address and the network mode"));
    }
    Ok(asked)
}

fn check(network: &str, asked: &EndpointAsked) -> std::result::Result<(), String> {
    let mut wrong = Vec::new();
    if let Some(addresses) = &asked.addresses {
        if !is_user_defined(network) {
            if !addresses.ipv4.is_empty() || !addresses.ipv6.is_empty() {
                wrong.push("user specified IP address is supported on user defined networks only".to_owned());
            }
            if !addresses.link_local.is_empty() {
                wrong.push("link-local IP addresses are not set in this network".to_owned());
            }
        }
        wrong.extend(invalid(addresses));
    }
    let mac = &asked.mac_address;
    if !mac.is_empty() && !HardwareAddress::parse(mac).is_some_and(HardwareAddress::is_single) {
        return Err(format!("invalid MAC address {mac}"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("invalid endpoint settings:\n{}", wrong.join("\n"))) }
}

/// What is no address.
fn invalid(asked: &AddressesAsked) -> Vec<String> {
    let mut wrong = Vec::new();
    if !asked.ipv4.is_empty() && asked.ipv4.parse::<Ipv4Addr>().is_err() {
        wrong.push(format!("invalid IPv4 address: {}", asked.ipv4));
    }
    if !asked.ipv6.is_empty() && asked.ipv6.parse::<Ipv6Addr>().is_err() {
        wrong.push(format!("invalid IPv6 address: {}", asked.ipv6));
    }
    let is_address = |text: &&String| text.parse::<IpAddr>().is_ok_and(|address| !address.is_unspecified());
    let others = asked.link_local.iter().filter(|text| !is_address(text));
    wrong.extend(others.map(|text| format!("invalid link-local IP address: {text}")));
    wrong
}

/// A link as typed: the container, and the other name.
fn parse_link(text: &str) -> Result<(&str, &str)> {
    match text.split(':').collect::<Vec<_>>()[..] {
        [""] => Err(Error::invalid("empty string specified for links")),
        [name] => Ok((name, name)),
        [name, ""] => Ok((name, name)),
        [name, alias] => match name.strip_prefix('/') {
            Some(name) => Ok((name, alias.rsplit('/').next().unwrap_or(alias))),
            None => Ok((name, alias)),
        },
        _ => Err(Error::invalid(format!("bad format for links: {text}"))),
    }
}

impl Engine {
    /// Decides which containers are linked: `<id>:<alias>` for each; of links with one alias the first.
    ///
    /// # Errors
    /// When one is not there, or its network is no place to reach it; in Docker's words.
    pub(super) fn decide_links(&self, host: &mut HostConfig) -> Result<()> {
        if host.links.is_empty() || is_user_defined(&host.network_mode) {
            return Ok(());
        }
        match host.network_mode.as_str() {
            "host" => return Err(Error::invalid(HOST_LINKS)),
            mode if mode.starts_with("container:") => return Err(Error::invalid(SHARED_LINKS)),
            _ => {}
        }
        let mut decided: Vec<String> = Vec::new();
        for text in &host.links {
            let (name, alias) = parse_link(text)?;
            let id = self.linked(name)?;
            let is_taken = |link: &String| link.split_once(':').is_some_and(|(_, known)| known == alias);
            if !decided.iter().any(is_taken) {
                decided.push(format!("{id}:{alias}"));
            }
        }
        host.links = decided;
        Ok(())
    }

    /// The container whose network a linked one has.
    fn linked(&self, name: &str) -> Result<String> {
        let failed = |why: String| {
            Error::new(ErrorKind::InvalidArgument, format!("could not get container for {name}: {why}"))
        };
        if name.is_empty() {
            return Err(failed("invalid name or ID supplied: \"\"".to_owned()));
        }
        let mut found = self.container(name).map_err(|error| failed(error.to_string()))?;
        for _ in 0..CHAIN_MAX {
            let mode = found.container.host_config.network_mode.clone();
            match mode.strip_prefix("container:") {
                Some(other) => found = self.container(other).map_err(|error| failed(error.to_string()))?,
                None if mode == "host" => return Err(Error::invalid(HOST_LINKS)),
                None => break,
            }
        }
        Ok(found.container.id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(mode: &str, networks: &[(&str, EndpointAsked)]) -> CreateContainer {
        let host_config = HostConfig { network_mode: mode.to_owned(), ..HostConfig::default() };
        let networks = networks.iter().map(|(name, asked)| ((*name).to_owned(), asked.clone())).collect();
        CreateContainer { host_config, networks, ..CreateContainer::default() }
    }

    fn at(ipv4: &str, ipv6: &str, link_local: &[&str]) -> EndpointAsked {
        let link_local = link_local.iter().map(|text| (*text).to_owned()).collect();
        let addresses = AddressesAsked { ipv4: ipv4.to_owned(), ipv6: ipv6.to_owned(), link_local };
        EndpointAsked { addresses: Some(addresses), ..EndpointAsked::default() }
    }

    fn mac(text: &str) -> EndpointAsked {
        EndpointAsked { mac_address: text.to_owned(), ..EndpointAsked::default() }
    }

    #[test]
    fn what_networks_do_not_give_is_refused_in_dockers_words() {
        let refused = |mode: &str, networks: &[(&str, EndpointAsked)], expect: &str| {
            let error = endpoints(&request(mode, networks)).unwrap_err().to_string();
            assert_eq!(error, expect);
        };
        let settings = "invalid config for network bridge: invalid endpoint settings:\n";
        let users_only = "user specified IP address is supported on user defined networks only";
        refused("bridge", &[("default", at("1.2.3.4", "", &[]))], &format!("{settings}{users_only}"));
        refused("bridge", &[("bridge", at("", "::1", &[]))], &format!("{settings}{users_only}"));
        refused(
            "bridge",
            &[("bridge", at("nope", "", &["x"]))],
            &format!(
                "{settings}{users_only}\nlink-local IP addresses are not set in this network\ninvalid IPv4 address: \
                 nope\ninvalid link-local IP address: x"
            ),
        );
        refused(
            "backend",
            &[("backend", at("1.2.3.4", "1.2.3.4", &["169.254.1.1", "::"]))],
            "invalid config for network backend: invalid endpoint settings:\ninvalid IPv6 address: 1.2.3.4\ninvalid \
             link-local IP address: ::",
        );
        let address = || mac("02:42:ac:11:00:02");
        let conflict = "conflicting options: mac-address and the network mode";
        refused("host", &[("host", address())], conflict);
        refused("container:x", &[("container:x", address())], conflict);
        let group = "invalid config for network bridge: invalid MAC address 01:00:5e:00:00:01";
        refused("bridge", &[("bridge", mac("01:00:5e:00:00:01"))], group);
        let two = "container sharing network namespace with another container or host cannot be connected to any \
                   other network";
        refused("bridge", &[("bridge", mac("")), ("host", mac(""))], two);
    }

    #[test]
    fn places_go_by_the_networks_names() {
        let found = endpoints(&request("default", &[("default", mac("02-42-ac-11-00-02"))])).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("bridge".to_owned(), mac("02-42-ac-11-00-02"))]);
        let users = [("a", at("10.0.0.2", "", &[])), ("b", at("", "2001:db8::2", &[]))];
        assert_eq!(endpoints(&request("a", &users)).unwrap().len(), 2);
    }

    #[test]
    fn links_have_up_to_two_parts() {
        let check = |text: &str, name: &str, alias: &str| {
            assert_eq!(parse_link(text).unwrap(), (name, alias), "{text}");
        };
        check("db", "db", "db");
        check("db:data", "db", "data");
        check("db:", "db", "db");
        check("/db:/web/data", "db", "data");
        check(":data", "", "data");
        let refused = |text: &str| parse_link(text).unwrap_err().to_string();
        assert_eq!(refused(""), "empty string specified for links");
        assert_eq!(refused("a:b:c"), "bad format for links: a:b:c");
    }
}
