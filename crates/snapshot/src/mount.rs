//! Mounts as data, and the one place that carries them out.

#![expect(clippy::disallowed_methods, reason = "the others are sent here to mount")]

mod legacy;
mod perform;

use std::path::{Path, PathBuf};

pub(crate) use perform::kernel_offers;
pub use perform::{is_mount_point, mount_all, umount_all};

/// One mount: what to do, not yet done. All paths and names in it are of our own making (TAR-22).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The kind of file system (`overlay`, `erofs`), or `bind`.
    pub kind: &'static str,
    /// What is mounted: a directory to bind, or the file or name a file system takes as its source.
    pub source: PathBuf,
    /// Options of the file system, in order; a name may come again.
    pub options: Vec<MountOption>,
    /// Whether nothing can be written through it; such mounts have no devices and no setuid either.
    pub read_only: bool,
    /// Where below the mount point it goes; empty for the mount point itself.
    pub target: PathBuf,
}

/// One option of a file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountOption {
    /// A word or number.
    Text(&'static str, &'static str),
    /// A directory or file.
    Path(&'static str, PathBuf),
}

impl Mount {
    pub(crate) fn bind(source: PathBuf, read_only: bool) -> Mount {
        Mount { kind: "bind", source, options: Vec::new(), read_only, target: PathBuf::new() }
    }
}

/// The directory that shows the whole tree without any mount, where there is one: what a user without
/// privileges is given.
pub fn plain_directory(mounts: &[Mount]) -> Option<&Path> {
    match mounts {
        [mount] if mount.kind == "bind" && mount.target.as_os_str().is_empty() => Some(&mount.source),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
