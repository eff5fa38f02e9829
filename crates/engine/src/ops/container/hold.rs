//! A container's files, for whoever works on them beside the container.

use std::path::Path;
use std::time::{Duration, Instant};

use disk::{Dir, Lock};
use images::ImageStore;
use runner::record::Found;
use snapshot::{Mount, Scratch, is_mount_point, plain_directory};

use super::create::key_of;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// How long somebody else may work on the files, or a start may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a container's files are.
pub(super) enum Files {
    /// Its monitor has mounted them there.
    Mounted(Dir),
    /// They are to be mounted like this. Two at once would ruin each other's work folder: as long as the lock is there,
    /// nobody starts the container or mounts them too. What stands in a plain folder needs none.
    At(Vec<Mount>, Option<Lock>),
}

impl Engine {
    /// Finds a container's files, and keeps them to whoever asked when they are not mounted.
    pub(super) fn hold_files(
        &self,
        store: &ImageStore,
        found: &Found,
        scratch: &Scratch<'_>,
    ) -> Result<Files> {
        let id = &found.container.id;
        let rootfs = self.run_dir().rootfs(id);
        if let Some(mounted) = open_mounted(found, &rootfs)? {
            return Ok(Files::Mounted(mounted));
        }
        let mounts = match store.driver().mounts(&key_of(id), scratch) {
            // Its files go first when it is removed.
            Err(snapshot::Error::SnapshotMissing(_)) => {
                return Err(runner::Error::NoSuchContainer(id.to_string()).into());
            }
            mounts => mounts?,
        };
        if plain_directory(&mounts).is_some() {
            return Ok(Files::At(mounts, None));
        }
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(lock) = found.become_monitor()? {
                return Ok(Files::At(mounts, Some(lock)));
            }
            if Instant::now() > end {
                let text = format!("another command works on the files of container {id}");
                return Err(
                    Error::new(ErrorKind::Unavailable, text).with_hint("try again when it is through")
                );
            }
            std::thread::sleep(Duration::from_millis(2));
            if let Some(again) = self.containers_folder()?.get(id)?
                && let Some(mounted) = open_mounted(&again, &rootfs)?
            {
                return Ok(Files::Mounted(mounted));
            }
        }
    }
}

/// Where a running container's files are mounted; nothing when they are not. They can be unmounted at any moment, which
/// leaves an empty folder: what was opened before it was seen to be a mount is one.
fn open_mounted(found: &Found, rootfs: &Path) -> Result<Option<Dir>> {
    if !found.state.status.is_running() || !is_mount_point(rootfs)? {
        return Ok(None);
    }
    let opened = Dir::open(rootfs);
    if !is_mount_point(rootfs)? {
        return Ok(None);
    }
    Ok(Some(opened?))
}
