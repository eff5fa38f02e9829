//! Something mounted for a moment.

use std::path::{Path, PathBuf};

use snapshot::Mount;

use crate::error::Result;

/// Mounted while it lives; where the files are in a plain folder anyway, nothing is mounted.
pub(super) struct Mounted {
    mounts: Vec<Mount>,
    at: PathBuf,
}

impl Mounted {
    pub(super) fn new(mounts: Vec<Mount>, at: &Path) -> Result<Mounted> {
        if snapshot::plain_directory(&mounts).is_none() {
            snapshot::mount_all(&mounts, at)?;
        }
        Ok(Mounted { mounts, at: at.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        snapshot::plain_directory(&self.mounts).unwrap_or(&self.at)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if snapshot::plain_directory(&self.mounts).is_none() {
            // What is left mounted goes with the lease's sweep.
            let _ = snapshot::umount_all(&self.mounts, &self.at);
        }
    }
}
