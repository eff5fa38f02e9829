//! `rm`: containers go.

use std::time::{Duration, Instant};

use disk::Lock;
use images::ImageStore;
use runner::control::{Ask, Wait};
use runner::monitor::clear;
use runner::record::{ContainerId, Containers, Found, Status};
use runner::signal;

use super::create::key_of;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// How long a start, or what follows an end, may take.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// How a container is to be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoveContainer {
    /// Also when it runs: it is killed.
    pub force: bool,
    /// With the volumes that were made for it and have no name.
    pub volumes: bool,
}

impl Engine {
    /// Removes a container.
    ///
    /// # Errors
    /// When there is no such container, or it runs and `force` was not given.
    pub fn remove_container(&self, text: &str, request: &RemoveContainer) -> Result<ContainerId> {
        let found = self.container(text)?;
        let id = found.container.id.clone();
        let Some(_nobody_else) = self.bring_to_rest(found, request.force)? else { return Ok(id) };
        let store = self.store()?;
        self.remove_at_rest(&store, &id, request.volumes)?;
        Ok(id)
    }

    /// Becomes the monitor of a container that does not run, so that nobody starts it; nothing when it is gone.
    fn bring_to_rest(&self, mut found: Found, force: bool) -> Result<Option<Lock>> {
        let id = found.container.id.clone();
        let end = Instant::now() + START_PATIENCE;
        loop {
            if found.state.status.is_running() {
                if !force {
                    return Err(runs(&found));
                }
                if self.kill_for_removal(&found)? {
                    return Ok(None);
                }
            }
            if let Some(lock) = found.become_monitor()? {
                return Ok(Some(lock));
            }
            // Somebody starts it, or sees to its end.
            if Instant::now() > end {
                let text = format!("container {id} is neither running nor at rest");
                return Err(Error::new(ErrorKind::Unavailable, text).with_hint("try again"));
            }
            std::thread::sleep(Duration::from_millis(2));
            match self.containers_folder()?.get(&id)? {
                Some(again) => found = again,
                None => return Ok(None),
            }
        }
    }

    /// Kills a container's program and waits until it is at rest; whether the container is gone by itself.
    fn kill_for_removal(&self, found: &Found) -> Result<bool> {
        let id = &found.container.id;
        if self.ask(found, &Ask::Kill { signal: signal::KILL }).ok().flatten().is_none() {
            // Between two starts there is nothing to kill; stopping ends its policy.
            self.stop_found(found, Some(signal::KILL), Some(0))?;
        }
        let _ = self.ask(found, &Ask::Wait(Wait::Removal))?;
        match self.containers_folder()?.get(id)? {
            None => Ok(true),
            Some(again) if !again.state.status.is_running() => Ok(false),
            Some(again) => {
                self.end_unwatched(&again)?;
                Ok(false)
            }
        }
    }

    /// Removes a container that does not run, as its monitor: the record last, so that whatever is left behind on the
    /// way has a name.
    pub(crate) fn remove_at_rest(&self, store: &ImageStore, id: &ContainerId, volumes: bool) -> Result<()> {
        let containers = Containers::open(store.content().root())?;
        let Some(found) = containers.get(id)? else { return Ok(()) };
        self.clear_found(&found)?;
        let _changing = containers.changing()?;
        let trash = store.content().trash()?;
        store.driver().remove(&key_of(id), &trash)?;
        {
            let _names = containers.lock_names()?;
            containers.remove(id, &trash)?;
        }
        self.remove_mounts(store, &found.container, volumes)?;
        if store.index()?.of_image(&found.container.image).next().is_none() {
            // Its image was removed before it, and left the layers to it. What stays now goes with the next sweep.
            let _ = self.sweep(store);
        }
        Ok(trash.empty()?)
    }

    /// Undoes what a start left on the machine.
    pub(super) fn clear_found(&self, found: &Found) -> Result<()> {
        let root = self.store()?.content().root().try_clone()?;
        Ok(clear(
            &found.container,
            &found.state,
            &root,
            &self.run_dir(),
            self.settings.inputs.path.as_deref(),
        )?)
    }

    pub(super) fn containers_folder(&self) -> Result<Containers> {
        Ok(Containers::open(self.store()?.content().root())?)
    }
}

/// That a container runs, in Docker's words.
fn runs(found: &Found) -> Error {
    let name = &found.container.name;
    let text = match found.state.status {
        Status::Paused => {
            format!("cannot remove container \"{name}\": container is paused and must be unpaused first")
        }
        status => format!(
            "cannot remove container \"{name}\": container is {}: stop the container before removing or force remove",
            status.as_str()
        ),
    };
    Error::new(ErrorKind::Conflict, text)
}
