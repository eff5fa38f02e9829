//! Ports: `127.0.0.1:8080:80/tcp`, with ranges.

use std::net::IpAddr;

use engine::record::PortBinding;

/// A port of a container, and where it is published: `80/tcp`.
type Published = (String, PortBinding);

/// Reads `--publish`.
///
/// # Errors
/// What Docker says of it.
pub(crate) fn publish(text: &str) -> Result<Vec<Published>, String> {
    if text.contains('=') {
        return long_form(text);
    }
    let (ip, host, container) = split(text);
    let (container, protocol) =
        container.split_once('/').map_or((container.as_str(), "tcp"), |(c, p)| (c, p));
    let protocol = protocol.to_lowercase();
    if container.is_empty() {
        return Err(format!("no port specified: {text}<empty>"));
    }
    let protocol = check_protocol(&protocol)?;
    let (first, last) = range(container).map_err(|_| format!("invalid containerPort: {container}"))?;
    let wanted = match host.as_str() {
        "" => None,
        host => Some(range(host).map_err(|_| format!("invalid hostPort: {host}"))?),
    };
    let ip = address(&ip)?;
    if let Some((host_first, host_last)) = wanted
        && host_last - host_first != last - first
        // A range of this machine for one port: any of it will do.
        && last != first
    {
        return Err(format!("invalid ranges specified for container and host Ports: {container} and {host}"));
    }
    let one = |port: u16| {
        let host_port = match wanted {
            None => String::new(),
            Some((low, high)) if first == last && low != high => format!("{low}-{high}"),
            Some((low, _)) => (low + (port - first)).to_string(),
        };
        (format!("{port}/{protocol}"), PortBinding { host_ip: ip.clone(), host_port })
    };
    Ok((first..=last).map(one).collect())
}

/// Reads `--expose`: a port or a range.
///
/// # Errors
/// What Docker says of it.
pub(crate) fn expose(text: &str) -> Result<Vec<String>, String> {
    if text.contains(':') {
        return Err(format!("invalid port format for --expose: {text}"));
    }
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let invalid = |why: String| format!("invalid range format for --expose: {ports}, error: {why}");
    let (first, last) = range(ports).map_err(invalid)?;
    let protocol = check_protocol(&protocol.to_lowercase())?;
    Ok((first..=last).map(|port| format!("{port}/{protocol}")).collect())
}

fn check_protocol(protocol: &str) -> Result<String, String> {
    match protocol {
        "tcp" | "udp" | "sctp" => Ok(protocol.to_owned()),
        other => Err(format!("invalid proto: {other}")),
    }
}

/// Address, port here, port there.
fn split(text: &str) -> (String, String, String) {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        [container] => (String::new(), String::new(), container.to_owned()),
        [host, container] => (String::new(), host.to_owned(), container.to_owned()),
        [ip, host, container] => (ip.to_owned(), host.to_owned(), container.to_owned()),
        // An address of version 6 has colons of its own.
        [ref ip @ .., host, container] => (ip.join(":"), host.to_owned(), container.to_owned()),
        [] => (String::new(), String::new(), String::new()),
    }
}

fn address(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
    if !bare.is_empty() && bare.parse::<IpAddr>().is_err() {
        return Err(format!("invalid IP address: {bare}"));
    }
    Ok(bare.to_owned())
}

/// `80` or `8000-8010`.
fn range(text: &str) -> Result<(u16, u16), String> {
    if text.is_empty() {
        return Err("empty string specified for ports".to_owned());
    }
    let number = |text: &str| {
        let why = || format!("strconv.ParseUint: parsing \"{text}\": ");
        match text.parse::<u16>() {
            Ok(port) => Ok(port),
            Err(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                Err(why() + "value out of range")
            }
            Err(_) => Err(why() + "invalid syntax"),
        }
    };
    let (first, last) = match text.split_once('-') {
        None => (number(text)?, number(text)?),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    if last < first {
        return Err(format!("invalid range specified for port: {text}"));
    }
    Ok((first, last))
}

/// `published=8080,target=80,protocol=udp`
fn long_form(text: &str) -> Result<Vec<Published>, String> {
    let (mut target, mut published, mut protocol) = (0_u16, String::new(), "tcp".to_owned());
    for field in text.split(',') {
        let (key, value) = field.split_once('=').ok_or_else(|| format!("invalid field: {field}"))?;
        match key.to_lowercase().as_str() {
            "target" => {
                let invalid = || format!("invalid target port ({value}): value must be an integer");
                target = value.parse().map_err(|_| invalid())?;
            }
            "published" => {
                range(value)
                    .map_err(|_| format!("invalid published port ({value}): value must be an integer"))?;
                value.clone_into(&mut published);
            }
            "protocol" => protocol = check_protocol(&value.to_lowercase())?,
            "mode" if value == "host" || value == "ingress" => {}
            "mode" => {
                return Err(format!("invalid publish mode ({value}): must be either 'ingress' or 'host'"));
            }
            _ => return Err(format!("invalid field key: {key}")),
        }
    }
    if target == 0 {
        return Err("missing mandatory field 'target'".to_owned());
    }
    Ok(vec![(format!("{target}/{protocol}"), PortBinding { host_ip: String::new(), host_port: published })])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(text: &str) -> Result<Vec<String>, String> {
        let line = |(port, binding): &Published| format!("{port}={}:{}", binding.host_ip, binding.host_port);
        publish(text).map(|published| published.iter().map(line).collect())
    }

    #[test]
    fn ports_are_published_one_by_one() {
        let check = |text: &str, expect: &[&str]| assert_eq!(short(text).unwrap(), expect, "{text}");
        check("80", &["80/tcp=:"]);
        check("8080:80", &["80/tcp=:8080"]);
        check("8080:80/udp", &["80/udp=:8080"]);
        check("127.0.0.1:8080:80", &["80/tcp=127.0.0.1:8080"]);
        check("127.0.0.1::80", &["80/tcp=127.0.0.1:"]);
        check("[::1]:8080:80", &["80/tcp=::1:8080"]);
        check("8080-8081:80-81", &["80/tcp=:8080", "81/tcp=:8081"]);
        check("8080-8090:80", &["80/tcp=:8080-8090"]);
        check("80-81", &["80/tcp=:", "81/tcp=:"]);
        check("published=8080,target=80,protocol=udp", &["80/udp=:8080"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let check = |text: &str, expect: &str| assert_eq!(short(text).unwrap_err(), expect, "{text}");
        check("x", "invalid containerPort: x");
        check("x:80", "invalid hostPort: x");
        check("80/xyz", "invalid proto: xyz");
        check("1.2.3:8080:80", "invalid IP address: 1.2.3");
        check("70000", "invalid containerPort: 70000");
        check(
            "8080-8082:80-81",
            "invalid ranges specified for container and host Ports: 80-81 and 8080-8082",
        );
    }

    #[test]
    fn exposed_ports_are_ports_or_ranges() {
        assert_eq!(expose("80").unwrap(), ["80/tcp"]);
        assert_eq!(expose("80-81/udp").unwrap(), ["80/udp", "81/udp"]);
        assert_eq!(expose("80:81").unwrap_err(), "invalid port format for --expose: 80:81");
        assert!(expose("x").unwrap_err().starts_with("invalid range format for --expose: x, error: "));
    }
}
