//! Networks and names of machines.

use std::net::IpAddr;

/// Reads `--network`: a name, or `name=…` among comma-separated parts; the name, and aliases.
///
/// # Errors
/// What cannot be meant.
pub(crate) fn network(text: &str) -> Result<(String, Vec<String>), String> {
    if !text.contains('=') {
        return Ok((text.to_owned(), Vec::new()));
    }
    let (mut name, mut aliases) = (String::new(), Vec::new());
    for field in text.split(',') {
        let (key, value) = field.split_once('=').ok_or_else(|| format!("invalid field {field}"))?;
        match key.trim().to_lowercase().as_str() {
            "name" => value.clone_into(&mut name),
            "alias" => aliases.push(value.to_owned()),
            "ip" | "ip6" | "mac-address" | "link-local-ip" | "driver-opt" | "gw-priority" => {
                return Err(format!("option {key} is for user-defined networks"));
            }
            _ => return Err(format!("invalid field key {key}")),
        }
    }
    if name.is_empty() { Err("network name/id is not specified".to_owned()) } else { Ok((name, aliases)) }
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
        assert_eq!(network("host").unwrap().0, "host");
        assert_eq!(network("name=x,alias=y").unwrap(), ("x".to_owned(), vec!["y".to_owned()]));
        assert!(network("alias=y").is_err());
    }
}
