//! The folder for what a restart of the machine takes: sockets, bundles, mount points.

use std::path::{Path, PathBuf};

use disk::{Dir, EntryKind};
use spec::Digest;

use crate::error::Result;
use crate::record::ContainerId;

/// The run folder of one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// That of the store at `root`, below `base` (`/run/strata`). Stores do not meet there, and paths in it are
    /// short enough for sockets.
    pub fn of(base: &Path, root: &Path) -> RunDir {
        let of_root = Digest::of(root.as_os_str().as_encoded_bytes());
        RunDir { path: base.join(of_root.short()) }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The containers that have a folder in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn folders(&self) -> Result<Vec<ContainerId>> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let folders =
            Dir::open(&self.path)?.entries()?.into_iter().filter(|entry| entry.kind == EntryKind::Dir);
        Ok(folders.filter_map(|entry| ContainerId::parse(entry.name.to_str()?)).collect())
    }

    /// A container's folder in it.
    pub fn container(&self, id: &ContainerId) -> PathBuf {
        self.path.join(id.as_str())
    }

    /// Where its files are while it runs.
    pub fn rootfs(&self, id: &ContainerId) -> PathBuf {
        self.container(id).join("rootfs")
    }

    /// Where its monitor listens.
    pub fn socket(&self, id: &ContainerId) -> PathBuf {
        self.container(id).join("control")
    }

    /// Where the runtime keeps what it knows.
    pub fn runtime(&self) -> PathBuf {
        self.path.join("runtime")
    }
}
