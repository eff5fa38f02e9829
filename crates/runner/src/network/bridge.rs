//! The bridge of a store: its interface and its network, chosen once and kept in `bridge.json`.

use std::time::Duration;

use disk::{Dir, Lock, LockMode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use spec::Digest;

use super::subnet::{Route, candidates};
use super::{NetworkError, Subnet};
use crate::error::{Error, Result};
use crate::run_dir::RunDir;

const FILE: &str = "bridge.json";
/// A name, a network and a date.
const BYTES_MAX: u64 = 4096;
/// Held by whoever changes bridges and rules of this machine: the programs that do it step on each other's toes.
const MACHINE_LOCK: &str = "networks.lock";
/// Fifty containers that start at once wait for each other, some 100 ms each.
const PATIENCE: Duration = Duration::from_secs(120);

/// The bridge of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Bridge {
    /// Its interface on this machine, of at most 15 letters as the kernel wants it.
    pub interface: String,
    /// Its network.
    pub subnet: Subnet,
    /// When it was chosen.
    pub created: Timestamp,
}

impl Bridge {
    /// What was chosen, if it was.
    pub(super) fn read(dir: &Dir) -> Result<Option<Bridge>> {
        let Some(bytes) = dir.read(FILE, BYTES_MAX)? else { return Ok(None) };
        let damaged =
            |error: serde_json::Error| Error::Record { path: dir.join(FILE), reason: error.to_string() };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// The bridge to connect a container to. One that nobody is connected to moves when its addresses have become
    /// somebody else's. The caller holds the machine's lock.
    pub(super) fn for_use(dir: &Dir, is_used: bool, routes: &[Route]) -> Result<Bridge> {
        let interface = interface_of(dir);
        if let Some(bridge) = Bridge::read(dir)?
            && (is_used || is_free(bridge.subnet, routes, &interface))
        {
            return Ok(bridge);
        }
        let subnet = choose(routes, &interface)?;
        let bridge = Bridge { interface, subnet, created: Timestamp::now() };
        let bytes = serde_json::to_vec(&bridge)
            .map_err(|error| Error::Record { path: dir.join(FILE), reason: error.to_string() })?;
        dir.replace_alone(FILE, &bytes, 0o600)?;
        Ok(bridge)
    }
}

/// Takes the lock of the machine's bridges and rules, which all stores share.
pub(super) fn lock_machine(run: &RunDir) -> Result<Lock> {
    let shared = run.path().parent().unwrap_or(run.path());
    Ok(disk::open_private(shared)?.lock(MACHINE_LOCK, LockMode::Exclusive, PATIENCE)?)
}

/// Each store has an interface of its own, so that stores do not meet.
fn interface_of(dir: &Dir) -> String {
    let digest = Digest::of(dir.path().as_os_str().as_encoded_bytes());
    format!("strata{}", &digest.short()[..8])
}

fn choose(routes: &[Route], own: &str) -> Result<Subnet> {
    if let Some(subnet) = candidates().find(|&subnet| is_free(subnet, routes, own)) {
        return Ok(subnet);
    }
    let name = |subnet: Option<Subnet>| subnet.map_or_else(String::new, |subnet| subnet.to_string());
    Err(NetworkError::NoFreeSubnet { first: name(candidates().next()), last: name(candidates().last()) }
        .into())
}

fn is_free(subnet: Subnet, routes: &[Route], own: &str) -> bool {
    routes.iter().all(|route| route.interface == own || !route.overlaps(subnet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::subnet::parse_routes;

    #[test]
    fn the_first_free_network_is_chosen() {
        let head = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n";
        let line = |interface: &str, destination: &str| {
            format!("{interface} {destination} 00000000 0001 0 0 0 0000FFFF 0 0 0\n")
        };
        let check = |lines: &[(&str, &str)], expect: &str| {
            let table: String = lines.iter().map(|(interface, to)| line(interface, to)).collect();
            let routes = parse_routes(&format!("{head}{table}"));
            assert_eq!(choose(&routes, "strata0").unwrap().to_string(), expect, "{lines:?}");
        };
        if cfg!(target_endian = "big") {
            return;
        }
        check(&[], "172.17.0.0/16");
        check(&[("docker0", "000011AC")], "172.18.0.0/16");
        check(&[("strata0", "000011AC")], "172.17.0.0/16");
        check(&[("docker0", "000011AC"), ("br-1", "000012AC")], "172.19.0.0/16");
    }

    #[test]
    fn a_machine_without_room_is_told_so() {
        let table = "head\neth0 00000000 0 0 0 0 0 000000C0 0 0 0\neth0 00000080 0 0 0 0 0 00000080 0 0 0\n\
                     eth1 0000000A 0 0 0 0 0 000000FF 0 0 0\n";
        let refused = choose(&parse_routes(table), "strata0").unwrap_err().to_string();
        assert_eq!(
            refused,
            "no private IPv4 network is free for the bridge: all of 172.17.0.0/16 to 192.168.240.0/20 overlap with \
             routes of this machine"
        );
    }

    #[test]
    fn a_choice_is_kept_while_somebody_uses_it() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = Dir::open(tmp.path()).unwrap();
        assert_eq!(Bridge::read(&dir).unwrap(), None);
        let chosen = Bridge::for_use(&dir, false, &[]).unwrap();
        assert!(chosen.interface.len() <= 15, "{}", chosen.interface);
        assert_eq!(Bridge::for_use(&dir, false, &[]).unwrap(), chosen);
        let table = "head\ndocker0 000011AC 0 0 0 0 0 0000FFFF 0 0 0\n";
        let routes = if cfg!(target_endian = "little") { parse_routes(table) } else { return };
        assert_eq!(Bridge::for_use(&dir, true, &routes).unwrap(), chosen);
        let moved = Bridge::for_use(&dir, false, &routes).unwrap();
        assert_eq!(moved.subnet.to_string(), "172.18.0.0/16");
        assert_eq!(Bridge::read(&dir).unwrap(), Some(moved));
    }
}
