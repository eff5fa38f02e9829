//! Which container has which address: `leases.json`, changed under a lock.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use disk::{Dir, LockMode};
use serde::{Deserialize, Serialize};

use super::networks::PLAN;
use super::{NetworkError, Subnet};
use crate::error::{Error, Result};
use crate::process;
use crate::record::ContainerId;
use crate::run_dir::RunDir;

const FILE: &str = "leases.json";
const LOCK: &str = "leases.lock";
/// A lease takes some 200 bytes, and a /16 has 65,533 addresses.
const BYTES_MAX: u64 = 32 << 20;
/// Who holds the lock reads and writes one small file.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who has an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lease {
    container: ContainerId,
    /// The process that took it for the container: its monitor.
    monitor: i32,
    monitor_began: u64,
    /// The run of the machine that it belongs to.
    boot: String,
}

impl Lease {
    fn of_this_process(container: &ContainerId) -> Lease {
        let monitor = rustix::process::getpid().as_raw_nonzero().get();
        let monitor_began = process::began(monitor).unwrap_or(0);
        Lease { container: container.clone(), monitor, monitor_began, boot: disk::boot_id() }
    }

    fn is_watched(&self) -> bool {
        process::is_alive(self.monitor, self.monitor_began, &self.boot)
    }
}

/// The addresses of a bridge.
#[derive(Debug)]
pub(super) struct Leases<'l> {
    /// The run folder: after a restart of the machine nobody has an address.
    dir: Dir,
    /// Tells what of the holders still stands.
    run: &'l RunDir,
}

impl<'l> Leases<'l> {
    /// Those of a store, by its run folder, which is made when it is missing.
    pub(super) fn open(run: &'l RunDir) -> Result<Leases<'l>> {
        Ok(Leases { dir: disk::create_private(run.path())?, run })
    }

    /// The lowest free address, for a container that this process watches.
    pub(super) fn take(&self, subnet: Subnet, network: &str, container: &ContainerId) -> Result<Ipv4Addr> {
        let _lock = self.dir.lock(LOCK, LockMode::Exclusive, PATIENCE)?;
        let mut leases = self.living()?;
        leases.retain(|_, lease| lease.container != *container);
        let free = subnet.addresses().find(|address| !leases.contains_key(address));
        let address = free.ok_or_else(|| NetworkError::NoFreeAddress { network: network.to_owned() })?;
        leases.insert(address, Lease::of_this_process(container));
        self.write(&leases)?;
        Ok(address)
    }

    /// Gives a container's address back, if it has one.
    pub(super) fn give_back(&self, container: &ContainerId) -> Result<()> {
        let _lock = self.dir.lock(LOCK, LockMode::Exclusive, PATIENCE)?;
        let mut leases = self.read()?;
        let before = leases.len();
        leases.retain(|_, lease| lease.container != *container);
        if leases.len() == before { Ok(()) } else { self.write(&leases) }
    }

    /// Whether anybody has an address.
    pub(super) fn is_used(&self) -> Result<bool> {
        Ok(!self.living()?.is_empty())
    }

    /// Containers whose address nobody needs any more.
    pub(super) fn stale(&self) -> Result<Vec<ContainerId>> {
        let leases = self.read()?.into_values();
        Ok(leases.filter(|lease| !self.is_living(lease)).map(|lease| lease.container).collect())
    }

    /// Whether the process that connected a container is there.
    pub(super) fn is_watched(&self, container: &ContainerId) -> Result<bool> {
        let leases = self.read()?.into_values();
        Ok(leases.filter(|lease| lease.container == *container).any(|lease| lease.is_watched()))
    }

    fn living(&self) -> Result<BTreeMap<Ipv4Addr, Lease>> {
        let mut leases = self.read()?;
        leases.retain(|_, lease| self.is_living(lease));
        Ok(leases)
    }

    /// A lease lives as long as the process that took it, and after that until the network was torn down: rules that
    /// still lead to an address must not lead to somebody else.
    fn is_living(&self, lease: &Lease) -> bool {
        lease.is_watched() || self.run.container(&lease.container).join(PLAN).exists()
    }

    fn read(&self) -> Result<BTreeMap<Ipv4Addr, Lease>> {
        let Some(bytes) = self.dir.read(FILE, BYTES_MAX)? else { return Ok(BTreeMap::new()) };
        let damaged =
            |error: serde_json::Error| Error::Record { path: self.dir.join(FILE), reason: error.to_string() };
        serde_json::from_slice(&bytes).map_err(damaged)
    }

    fn write(&self, leases: &BTreeMap<Ipv4Addr, Lease>) -> Result<()> {
        let bytes = serde_json::to_vec(leases)
            .map_err(|error| Error::Record { path: self.dir.join(FILE), reason: error.to_string() })?;
        Ok(self.dir.replace_alone(FILE, &bytes, 0o600)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        _tmp: tempfile::TempDir,
        run: RunDir,
    }

    impl Fixture {
        fn new() -> Fixture {
            let tmp = tempfile::tempdir().unwrap();
            let run = RunDir::of(&tmp.path().join("run"), tmp.path());
            Fixture { _tmp: tmp, run }
        }

        fn leases(&self) -> Leases<'_> {
            Leases::open(&self.run).unwrap()
        }

        fn take(&self, subnet: &str, id: u8) -> Result<Ipv4Addr> {
            self.leases().take(Subnet::parse(subnet).unwrap(), "id", &ContainerId::from_bytes(&[id; 32]))
        }
    }

    #[test]
    fn the_lowest_free_address_is_taken() {
        let fixture = Fixture::new();
        let address = |last| Ipv4Addr::new(172, 17, 0, last);
        assert_eq!(fixture.take("172.17.0.0/16", 1).unwrap(), address(2));
        assert_eq!(fixture.take("172.17.0.0/16", 2).unwrap(), address(3));
        assert_eq!(
            fixture.take("172.17.0.0/16", 1).unwrap(),
            address(2),
            "one that starts again gets its own"
        );
        fixture.leases().give_back(&ContainerId::from_bytes(&[1; 32])).unwrap();
        assert_eq!(fixture.take("172.17.0.0/16", 3).unwrap(), address(2));
    }

    #[test]
    fn a_full_network_is_refused() {
        let fixture = Fixture::new();
        fixture.take("10.0.0.0/30", 1).unwrap();
        let refused = fixture.take("10.0.0.0/30", 2).unwrap_err().to_string();
        assert_eq!(
            refused,
            "failed to set up container networking: no available IPv4 addresses on this network's address pools: \
             bridge (id)"
        );
    }

    #[test]
    fn leases_of_the_dead_are_dropped() {
        let fixture = Fixture::new();
        fixture.take("10.0.0.0/30", 1).unwrap();
        let text = std::fs::read_to_string(fixture.run.path().join(FILE)).unwrap();
        for (from, to) in
            [(disk::boot_id(), "earlier".to_owned()), (std::process::id().to_string(), "0".to_owned())]
        {
            std::fs::write(fixture.run.path().join(FILE), text.replace(&from, &to)).unwrap();
            assert_eq!(fixture.leases().stale().unwrap(), [ContainerId::from_bytes(&[1; 32])]);
            assert!(!fixture.leases().is_used().unwrap());
            fixture.take("10.0.0.0/30", 2).unwrap();
            fixture.leases().give_back(&ContainerId::from_bytes(&[2; 32])).unwrap();
        }
    }

    #[test]
    fn an_address_is_kept_until_nothing_leads_to_it() {
        let fixture = Fixture::new();
        let id = ContainerId::from_bytes(&[1; 32]);
        fixture.take("10.0.0.0/30", 1).unwrap();
        let text = std::fs::read_to_string(fixture.run.path().join(FILE)).unwrap();
        std::fs::write(fixture.run.path().join(FILE), text.replace(&std::process::id().to_string(), "0"))
            .unwrap();
        let folder = fixture.run.container(&id);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(PLAN), "{}").unwrap();
        assert!(fixture.leases().is_used().unwrap() && !fixture.leases().is_watched(&id).unwrap());
        assert!(fixture.take("10.0.0.0/30", 2).is_err());
        std::fs::remove_file(folder.join(PLAN)).unwrap();
        assert!(fixture.take("10.0.0.0/30", 2).is_ok());
    }
}
