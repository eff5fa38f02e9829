//! Networks and names of machines.

use std::net::IpAddr;

use engine::record::EndpointAsked;

use crate::flags::comma_separated;

/// One `--network`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NetworkAsked {
    /// The network's name.
    pub(crate) name: String,
    /// What is asked of the place in it.
    pub(crate) endpoint: EndpointAsked,
}

/// Reads `--network`: a name, or `name=…` among comma-separated parts. Values of parts are in lower case, as Docker's
/// client has it.
///
/// # Errors
/// What cannot be meant.
pub(crate) fn network(text: &str) -> Result<NetworkAsked, String> {
    let mut asked = NetworkAsked::default();
    if !has_parts(text) {
        text.clone_into(&mut asked.name);
        return Ok(asked);
    }
    for field in comma_separated(text)? {
        set(&mut asked, &field)?;
    }
    if asked.name.is_empty() { Err("network name/id is not specified".to_owned()) } else { Ok(asked) }
}

/// Whether there is a word at both sides of a `=` somewhere.
fn has_parts(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.as_bytes().windows(3).any(|at| is_word(at[0]) && at[1] == b'=' && is_word(at[2]))
}

fn set(asked: &mut NetworkAsked, field: &str) -> Result<(), String> {
    let lower = field.to_lowercase();
    let (key, value) = lower.split_once('=').ok_or_else(|| format!("invalid field {field}"))?;
    let (key, value) = (key.trim(), value.trim());
    let endpoint = &mut asked.endpoint;
    match key {
        "name" => value.clone_into(&mut asked.name),
        "alias" => endpoint.aliases.push(value.to_owned()),
        "ip" => value.clone_into(&mut endpoint.addresses.get_or_insert_default().ipv4),
        "ip6" => value.clone_into(&mut endpoint.addresses.get_or_insert_default().ipv6),
        "link-local-ip" => endpoint.addresses.get_or_insert_default().link_local.push(value.to_owned()),
        "mac-address" => value.clone_into(&mut endpoint.mac_address),
        "driver-opt" => {
            let pair = value.split_once('=').filter(|(name, _)| !name.is_empty());
            let (name, value) = pair.ok_or("invalid key value pair format in driver options")?;
            endpoint.driver_opts.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        "gw-priority" => {
            let invalid = |_| format!("invalid gw-priority ({value}): invalid syntax");
            endpoint.gw_priority = value.parse().map_err(invalid)?;
        }
        _ => return Err(format!("invalid field key {key}")),
    }
    Ok(())
}

/// Checks `--link`: a container, and perhaps its other name.
///
/// # Errors
/// `bad format for links: …`
pub(crate) fn link(text: &str) -> Result<(), String> {
    match text.split(':').count() {
        1 if text.is_empty() => Err("empty string specified for links".to_owned()),
        1 | 2 => Ok(()),
        _ => Err(format!("bad format for links: {text}")),
    }
}

/// Reads `--add-host`: `name:address` or `name=address`, as `name:address`.
///
/// # Errors
/// `bad format for add-host: …`, `invalid IP address in add-host: …`
pub(crate) fn add_host(text: &str) -> Result<String, String> {
    let bad = || format!("bad format for add-host: \"{text}\"");
    let (name, address) = text.split_once('=').or_else(|| text.split_once(':')).ok_or_else(bad)?;
    if name.is_empty() {
        return Err(bad());
    }
    let bare = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    if bare != "host-gateway" && bare.parse::<IpAddr>().is_err() {
        return Err(format!("invalid IP address in add-host: \"{address}\""));
    }
    Ok(format!("{name}:{bare}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_addresses() {
        let check = |text: &str, expect: Result<&str, &str>| {
            assert_eq!(add_host(text), expect.map(str::to_owned).map_err(str::to_owned), "{text}");
        };
        check("a:1.2.3.4", Ok("a:1.2.3.4"));
        check("a=1.2.3.4", Ok("a:1.2.3.4"));
        check("a:::1", Ok("a:::1"));
        check("a=[::1]", Ok("a:::1"));
        check("a:host-gateway", Ok("a:host-gateway"));
        check("a", Err("bad format for add-host: \"a\""));
        check("a:b", Err("invalid IP address in add-host: \"b\""));
        check(":1.2.3.4", Err("bad format for add-host: \":1.2.3.4\""));
    }

    #[test]
    fn networks_are_names_or_lists() {
        let name = |text: &str| network(text).map(|asked| asked.name);
        assert_eq!(name("host"), Ok("host".to_owned()));
        assert_eq!(name("name="), Ok("name=".to_owned()), "no part has a value");
        assert_eq!(name("NAME=Backend"), Ok("backend".to_owned()));
        let asked =
            network("name=x,alias=y,alias=z,ip=10.0.0.2,\"driver-opt=a=1,2\",gw-priority=-3").unwrap();
        assert_eq!(
            (asked.name.as_str(), asked.endpoint.aliases),
            ("x", vec!["y".to_owned(), "z".to_owned()])
        );
        assert_eq!(asked.endpoint.driver_opts, [("a".to_owned(), "1,2".to_owned())].into());
        assert_eq!(
            (asked.endpoint.gw_priority, asked.endpoint.addresses.unwrap().ipv4),
            (-3, "10.0.0.2".to_owned())
        );
        let refused = |text: &str, expect: &str| assert_eq!(network(text).unwrap_err(), expect, "{text}");
        refused("alias=y", "network name/id is not specified");
        refused("name=x,y", "invalid field y");
        refused("name=x,link=y", "invalid field key link");
    }
}
