//! The root of a tree.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::folder::Folder;
use super::resolve::{self, Follow};
use crate::dir::Dir;
use crate::error::{Error, Result};

/// A directory below which everything stays.
#[derive(Debug)]
pub struct Tree {
    fd: OwnedFd,
    path: PathBuf,
}

impl Tree {
    pub(super) fn new(fd: OwnedFd, path: PathBuf) -> Tree {
        Tree { fd, path }
    }

    /// Opens the directory of a path that is ours, or that the user named.
    ///
    /// # Errors
    /// When it is not there or is no directory.
    pub fn open(path: &Path) -> Result<Tree> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| Error::new("open", path, e))?;
        Ok(Tree { fd, path: path.to_owned() })
    }

    /// The tree in a directory that is open.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn at(dir: &Dir) -> Result<Tree> {
        let fd = dir.fd().try_clone_to_owned().map_err(|e| Error::new("dup", dir.path(), e))?;
        Ok(Tree { fd, path: dir.path().to_owned() })
    }

    /// Where the root is, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the directory at a path below the root, empty for the root itself.
    ///
    /// # Errors
    /// When it is not there, is no directory, or can only be reached over a link that must not be followed.
    pub fn folder(&self, path: &[u8], follow: Follow) -> Result<Folder> {
        let shown = self.path.join(OsStr::from_bytes(path));
        match resolve::open_dir(self.fd.as_fd(), path, follow) {
            Ok(fd) => Ok(Folder::new(fd, shown)),
            Err(error) => Err(Error::new("open", shown, error)),
        }
    }
}
