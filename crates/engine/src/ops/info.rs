//! `info`: the machine, the store, and what is in force.

use runner::Programs;
use runner::network::NetworkError;
use runner::record::Status;
use runner::user_namespace;

use crate::engine::Engine;
use crate::error::Result;
use crate::ops::container::readable_containers_of;

/// What `info` tells beside the settings and the machine, which the engine shows openly.
#[derive(Debug)]
pub struct Info {
    /// The containers.
    pub containers: ContainerCount,
    /// Images in the store, those without a name included.
    pub images: usize,
    /// The storage driver in use; nothing while there is no store and none was named.
    pub driver: Option<String>,
    /// What it says about itself.
    pub driver_status: Vec<(String, String)>,
    /// What of this machine containers need.
    pub programs: Programs,
    /// Why an ordinary user's containers have no other users than root, if so.
    pub root_alone: Option<String>,
    /// Why an ordinary user can have no containers, if a setting of the kernel forbids it.
    pub no_namespace: Option<String>,
}

/// Containers by what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerCount {
    /// Those whose programs run, or will again in a moment.
    pub running: usize,
    /// Those whose programs are frozen.
    pub paused: usize,
    /// All others.
    pub stopped: usize,
}

impl ContainerCount {
    fn of(statuses: impl Iterator<Item = Status>) -> ContainerCount {
        let mut count = ContainerCount::default();
        for status in statuses {
            match status {
                Status::Running | Status::Restarting => count.running += 1,
                Status::Paused => count.paused += 1,
                Status::Created | Status::Removing | Status::Exited | Status::Dead => count.stopped += 1,
            }
        }
        count
    }

    /// All of them.
    pub fn all(self) -> usize {
        self.running + self.paused + self.stopped
    }
}

impl Engine {
    /// Looks at the store without making one, and at the programs that containers need.
    ///
    /// # Errors
    /// When there is a store and it cannot be used.
    pub fn info(&self) -> Result<Info> {
        let store = self.existing_store()?;
        let (images, containers) = match &store {
            Some(store) => (store.index()?.by_image().len(), readable_containers_of(store)?.0),
            None => (0, Vec::new()),
        };
        let about = store.map(|store| store.driver().about().clone());
        let chosen = self.settings.storage_driver.value.clone();
        let driver = about.as_ref().map(|about| about.name.to_owned()).or(chosen);
        let status = about.map(|about| about.status).unwrap_or_default();
        let mut programs = Programs::find(self.settings.inputs.path.as_deref(), &self.run_dir());
        if self.is_ordinary_user() {
            programs.network = Err(NetworkError::NotPrivileged.to_string());
        }
        Ok(Info {
            containers: ContainerCount::of(containers.iter().map(|found| found.state.status)),
            images,
            driver,
            driver_status: status.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            programs,
            root_alone: self.why_root_alone(),
            no_namespace: user_namespace::why_none().filter(|_| self.is_ordinary_user()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_container_is_counted_once() {
        let all = [
            Status::Created,
            Status::Running,
            Status::Paused,
            Status::Restarting,
            Status::Removing,
            Status::Exited,
            Status::Dead,
        ];
        let count = ContainerCount::of(all.into_iter());
        assert_eq!(count, ContainerCount { running: 2, paused: 1, stopped: 4 });
        assert_eq!(count.all(), all.len());
    }
}
