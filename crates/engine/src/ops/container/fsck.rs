//! `fsck`, the part about containers: what killed monitors, commands and machines have left.

use std::fmt;

use images::ImageStore;
use runner::monitor::{clear_folder, kill_unwatched};
use runner::network::Networks;
use runner::record::{ContainerId, Containers, Found, write_state};
use runner::volumes::Volumes;

use crate::engine::Engine;
use crate::error::Result;

/// Something of a container that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerFinding {
    /// Its program runs, but nobody keeps its output or waits for its end: its monitor was killed.
    Unwatched(ContainerId),
    /// It counts as running, but its program and its monitor are gone.
    EndedUnseen(ContainerId),
    /// Mounts, a network or a cgroup of a container that does not run, or is not there any more.
    LeftOver(ContainerId),
    /// Files of a container that is not there.
    Files(ContainerId),
    /// Folders of containers and volumes that were never finished.
    Drafts(usize),
}

impl fmt::Display for ContainerFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContainerFinding::Unwatched(id) => {
                write!(f, "container {}: it runs, but its monitor was killed", id.short())
            }
            ContainerFinding::EndedUnseen(id) => {
                write!(f, "container {}: it ended while nobody was there to see it", id.short())
            }
            ContainerFinding::LeftOver(id) => {
                write!(f, "container {}: mounts, network or cgroup are left of its last run", id.short())
            }
            ContainerFinding::Files(id) => write!(f, "container {}: its files are left", id.short()),
            ContainerFinding::Drafts(count) => {
                write!(f, "containers or volumes that were not finished: {count}")
            }
        }
    }
}

impl Engine {
    /// Looks for what is left of containers; with `repair` it is put right. A program that nobody watches is killed:
    /// it cannot be given a monitor.
    ///
    /// # Errors
    /// When a record cannot be read, or something cannot be put right.
    pub fn fsck_containers(&self, repair: bool) -> Result<Vec<ContainerFinding>> {
        let Some(store) = self.existing_store()? else { return Ok(Vec::new()) };
        let root = store.content().root();
        let Some(containers) = Containers::open_existing(root)? else { return Ok(Vec::new()) };
        let mut findings = Vec::new();
        for found in &containers.list()? {
            findings.extend(self.fsck_container(found, repair)?);
        }
        for id in self.left_by_unknown(&store, &containers)? {
            if repair {
                clear_folder(&id, root, &self.run_dir(), self.settings.inputs.path.as_deref())?;
            }
            findings.push(ContainerFinding::LeftOver(id));
        }
        findings.extend(self.unfinished(&store, &containers, repair)?);
        Ok(findings)
    }

    /// What a command that was killed left of a container that it made or removed. Nothing is said, or removed, while
    /// another one makes or removes one.
    pub(super) fn unfinished(
        &self,
        store: &ImageStore,
        containers: &Containers,
        repair: bool,
    ) -> Result<Vec<ContainerFinding>> {
        let Some(_still) = containers.still()? else { return Ok(Vec::new()) };
        let mut findings = self.files_of_unknown(store, &containers.ids()?, repair)?;
        if repair {
            let volumes = Volumes::open_existing(store.content().root())?;
            let drafts =
                containers.remove_drafts()? + volumes.map_or(Ok(0), |volumes| volumes.remove_drafts())?;
            findings.extend((drafts > 0).then_some(ContainerFinding::Drafts(drafts)));
        }
        Ok(findings)
    }

    fn fsck_container(&self, found: &Found, repair: bool) -> Result<Option<ContainerFinding>> {
        let id = &found.container.id;
        // Who is the monitor now is at it, or starts it.
        if found.is_monitored {
            return Ok(None);
        }
        let _monitor = match found.become_monitor() {
            Ok(Some(monitor)) => monitor,
            Ok(None) | Err(runner::Error::NoSuchContainer(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let dir = found.dir()?;
        let finding = match (found.state.status.is_running(), runner::record::read_state(&dir)?.status) {
            (true, _) => ContainerFinding::Unwatched(id.clone()),
            (false, status) if status.is_running() => ContainerFinding::EndedUnseen(id.clone()),
            _ if self.run_dir().container(id).exists() => ContainerFinding::LeftOver(id.clone()),
            _ => return Ok(None),
        };
        if repair {
            match finding {
                ContainerFinding::Unwatched(_) => kill_unwatched(found, &self.run_dir())?,
                ContainerFinding::EndedUnseen(_) => write_state(&dir, &found.state)?,
                _ => {}
            }
            self.clear_found(found)?;
        }
        Ok(Some(finding))
    }

    /// Run folders and places in the network of containers that are not there.
    fn left_by_unknown(&self, store: &ImageStore, containers: &Containers) -> Result<Vec<ContainerId>> {
        let mut left = self.on_the_machine(store)?;
        if left.is_empty() {
            return Ok(left);
        }
        // Asked after them: what was there before has a record, or had one and is going.
        let known = containers.ids()?;
        left.retain(|id| !known.contains(id));
        // What had one went before it.
        let still = if left.is_empty() { Vec::new() } else { self.on_the_machine(store)? };
        left.retain(|id| still.contains(id));
        Ok(left)
    }

    /// Containers that have run folders or places in the network.
    fn on_the_machine(&self, store: &ImageStore) -> Result<Vec<ContainerId>> {
        let run = self.run_dir();
        let mut there = run.folders()?;
        let networks = Networks::open(store.content().root())?;
        there.extend(networks.leftovers(&run)?.into_iter().map(|left| left.container));
        there.sort();
        there.dedup();
        Ok(there)
    }

    /// Snapshots that are named after containers that are not there.
    fn files_of_unknown(
        &self,
        store: &ImageStore,
        known: &[ContainerId],
        repair: bool,
    ) -> Result<Vec<ContainerFinding>> {
        let mut findings = Vec::new();
        let trash = store.content().trash()?;
        for snapshot in store.driver().snapshots()? {
            let owner = snapshot.key.as_str().split('-').next().and_then(ContainerId::parse);
            let Some(owner) = owner.filter(|owner| !known.contains(owner)) else { continue };
            if repair {
                store.driver().remove(&snapshot.key, &trash)?;
            }
            findings.push(ContainerFinding::Files(owner));
        }
        trash.empty()?;
        Ok(findings)
    }
}
