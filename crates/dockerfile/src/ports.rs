//! The ports of `EXPOSE`: `80`, `53/udp`, `8000-8010/tcp`; what stands before colons is for publishing ports
//! and only checked.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::error::{Error, Result};
use crate::limits::EXPOSED_PORTS_MAX;

/// Ports named so far, and how many were named in all.
#[derive(Default)]
pub(crate) struct Ports {
    /// As a config has them: `80/tcp`.
    pub(crate) exposed: BTreeSet<String>,
    named: usize,
}

impl Ports {
    pub(crate) fn expose(&mut self, text: &str) -> Result<()> {
        let (range, protocol) = parse(text)?;
        self.named += range.clone().count();
        if self.named > EXPOSED_PORTS_MAX {
            return Err(Error::Limit {
                what: "ports",
                limit: "EXPOSED_PORTS_MAX",
                max: EXPOSED_PORTS_MAX,
                found: self.named,
            });
        }
        self.exposed.extend(range.map(|port| format!("{port}/{protocol}")));
        Ok(())
    }
}

fn parse(text: &str) -> Result<(RangeInclusive<u16>, String)> {
    let (before, container) = text.rsplit_once(':').unwrap_or(("", text));
    let (ip, host) = before.rsplit_once(':').unwrap_or(("", before));
    let (ports, protocol) = container.split_once('/').unwrap_or((container, ""));
    if ports.is_empty() {
        return Err(Error::Invalid(format!("no port specified: {text}<empty>")));
    }
    let protocol = if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_lowercase() };
    if !["tcp", "udp", "sctp"].contains(&protocol.as_str()) {
        return Err(Error::Invalid(format!("invalid proto: {protocol}")));
    }
    let bare = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
    if !bare.is_empty() && bare.parse::<IpAddr>().is_err() {
        return Err(Error::Invalid(format!("invalid IP address: {bare}")));
    }
    let range = range(ports).ok_or_else(|| Error::Invalid(format!("invalid containerPort: {ports}")))?;
    if !host.is_empty() {
        self::range(host).ok_or_else(|| Error::Invalid(format!("invalid hostPort: {host}")))?;
    }
    Ok((range, protocol))
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?;
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    let (start, end): (u16, u16) = (number(start)?, number(end)?);
    (start <= end).then_some(start..=end)
}
