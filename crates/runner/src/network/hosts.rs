//! `hosts` of a container: names that are always there, those of `--add-host`, and its own.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::NetworkError;
use super::links::Link;
use crate::error::Result;
use crate::record::Container;

/// The machine's own.
const FILE: &str = "/etc/hosts";
/// Lists of unwanted servers have a few megabytes.
const BYTES_MAX: u64 = 64 << 20;
/// Stands for this machine in `--add-host`.
const HOST_GATEWAY: &str = "host-gateway";
const IPV4: &str = "127.0.0.1\tlocalhost\n";
const IPV6: &str = "::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\n\
                    ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";

/// Where a container stands, as far as names are concerned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// In the machine's own network.
    Host,
    /// In its own, perhaps with an address.
    Own(Option<Ipv4Addr>),
}

/// The text for a container; `gateway` is how it reaches this machine.
///
/// # Errors
/// When `--add-host` names no address.
pub(super) fn of(container: &Container, links: &[Link], place: Place, gateway: Ipv4Addr) -> Result<String> {
    if matches!(place, Place::Host) && container.host_config.extra_hosts.is_empty() {
        let bytes = disk::read_named(Path::new(FILE), BYTES_MAX).unwrap_or_default();
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let has_ipv6 = Path::new("/proc/sys/net/ipv6").exists();
    Ok(generate(container, links, place, gateway, has_ipv6)?)
}

fn generate(
    container: &Container,
    links: &[Link],
    place: Place,
    gateway: Ipv4Addr,
    has_ipv6: bool,
) -> std::result::Result<String, NetworkError> {
    let mut out = IPV4.to_owned();
    if has_ipv6 {
        out.push_str(IPV6);
    }
    for extra in &container.host_config.extra_hosts {
        let (name, address) = parse_extra(extra, gateway)?;
        if has_ipv6 || address.is_ipv4() {
            out.push_str(&format!("{address}\t{name}\n"));
        }
    }
    for link in links {
        out.push_str(&format!("{}\t{}\n", link.address, link.names));
    }
    if let Place::Own(Some(address)) = place {
        out.push_str(&format!("{address}\t{}\n", own_names(container)));
    }
    Ok(out)
}

/// `name:address`; an IPv6 address has colons of its own.
fn parse_extra(text: &str, gateway: Ipv4Addr) -> std::result::Result<(&str, IpAddr), NetworkError> {
    let refuse = || NetworkError::Invalid(format!("bad format for add-host: \"{text}\""));
    let (name, address) = text.split_once(':').ok_or_else(refuse)?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(refuse());
    }
    if address == HOST_GATEWAY {
        return Ok((name, gateway.into()));
    }
    let parsed = address.trim_matches(['[', ']']).parse();
    let invalid = |_| NetworkError::Invalid(format!("invalid IP address in add-host: \"{address}\""));
    Ok((name, parsed.map_err(invalid)?))
}

/// The whole name, then the part before the first dot.
fn own_names(container: &Container) -> String {
    let config = &container.config;
    let mut name = config.hostname.clone();
    if !config.domainname.is_empty() {
        name = format!("{name}.{}", config.domainname);
    }
    match name.split_once('.') {
        Some((short, _)) => format!("{name} {short}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::tests::container;

    const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 1);
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 2);

    #[test]
    fn names_are_those_of_docker() {
        let check = |hostname: &str, domain: &str, extra: &[&str], has_ipv6: bool, expect: &str| {
            let mut container = container();
            container.config.hostname = hostname.to_owned();
            container.config.domainname = domain.to_owned();
            container.host_config.extra_hosts = extra.iter().map(|text| (*text).to_owned()).collect();
            let found = generate(&container, &[], Place::Own(Some(ADDRESS)), GATEWAY, has_ipv6).unwrap();
            let ipv6 = if has_ipv6 { IPV6 } else { "" };
            assert_eq!(found, format!("{IPV4}{ipv6}{expect}"));
        };
        check("c0ffee", "", &[], true, "172.17.0.2\tc0ffee\n");
        check("web", "example.com", &[], true, "172.17.0.2\tweb.example.com web\n");
        check("web.example.com", "", &[], false, "172.17.0.2\tweb.example.com web\n");
        check(
            "web",
            "",
            &["db:192.0.2.1", "me:host-gateway", "six:2001:db8::1", "seven:[2001:db8::2]"],
            true,
            "192.0.2.1\tdb\n172.17.0.1\tme\n2001:db8::1\tsix\n2001:db8::2\tseven\n172.17.0.2\tweb\n",
        );
        check("web", "", &["six:2001:db8::1"], false, "172.17.0.2\tweb\n");
    }

    #[test]
    fn linked_containers_come_before_its_own_name() {
        let link = Link {
            address: Ipv4Addr::new(172, 17, 0, 3),
            names: "data-base dbhost db".to_owned(),
            variables: Vec::new(),
        };
        let mut container = container();
        container.host_config.extra_hosts = vec!["db:192.0.2.1".to_owned()];
        let found = generate(&container, &[link], Place::Own(Some(ADDRESS)), GATEWAY, false).unwrap();
        let expect = "192.0.2.1\tdb\n172.17.0.3\tdata-base dbhost db\n172.17.0.2\t070707070707\n";
        assert_eq!(found, format!("{IPV4}{expect}"));
    }

    #[test]
    fn without_a_network_there_is_no_name_of_its_own() {
        let found = generate(&container(), &[], Place::Own(None), GATEWAY, false).unwrap();
        assert_eq!(found, IPV4);
    }

    #[test]
    fn what_names_no_address_is_refused() {
        for text in ["db", ":192.0.2.1", "a b:192.0.2.1", "db:one", "db:", "a\nb:192.0.2.1"] {
            assert!(parse_extra(text, GATEWAY).is_err(), "{text}");
        }
        assert!(parse_extra("db:192.0.2.1", GATEWAY).is_ok());
    }
}
