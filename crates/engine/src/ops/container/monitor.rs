//! Being a container's monitor: what the hidden command does that `start` runs.

use std::os::fd::OwnedFd;

use images::ImageStore;
use runner::monitor::{Job, monitor, refuse};
use runner::record::{ContainerId, Containers};
use snapshot::Scratch;

use super::create::key_of;
use super::mounts::{image_mounts, view_key};
use crate::engine::Engine;
use crate::error::{Error, Result};

impl Engine {
    /// Stays with a container from its start to its end. `launch` is the conversation with whoever started it, who
    /// is told what goes wrong.
    ///
    /// # Errors
    /// What was said to them.
    pub fn monitor_container(&self, id: &str, launch: OwnedFd) -> Result<()> {
        match self.job_of(id) {
            Ok((store, job)) => self.watch(&store, job, launch),
            Err(error) => {
                refuse(launch, &error.to_string());
                Err(error)
            }
        }
    }

    fn watch(&self, store: &ImageStore, job: Job, launch: OwnedFd) -> Result<()> {
        let id = job.container.id.clone();
        let remove = || self.remove_at_rest(store, &id, true).map_err(|error| error.to_string());
        Ok(monitor(&job, launch, &remove)?)
    }

    fn job_of(&self, id: &str) -> Result<(ImageStore, Job)> {
        let store = self.store()?;
        let root = store.content().root().try_clone()?;
        let not_found = || Error::from(runner::Error::NoSuchContainer(id.to_owned()));
        let id = ContainerId::parse(id).ok_or_else(not_found)?;
        let found = Containers::open(&root)?.get(&id)?.ok_or_else(not_found)?;
        let lease = store.content().lease()?;
        let name = lease.fresh_name();
        let mounts = store.driver().mounts(&key_of(&id), &Scratch { dir: lease.scratch(), name: &name })?;
        let mut images = Vec::new();
        for number in 0..image_mounts(&found.container).count() {
            let name = lease.fresh_name();
            let scratch = Scratch { dir: lease.scratch(), name: &name };
            images.push(store.driver().mounts(&view_key(&id, number), &scratch)?);
        }
        drop(lease);
        let job = Job {
            dir: found.dir()?,
            container: found.container,
            root,
            run: self.run_dir(),
            mounts,
            images,
            path: self.settings.inputs.path.clone(),
        };
        Ok((store, job))
    }
}
