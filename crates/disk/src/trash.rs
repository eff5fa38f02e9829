//! Deletion in two steps: a rename takes things out of sight at once, the bytes go afterwards.

use std::ffi::OsStr;

use crate::dir::Dir;
use crate::error::Result;

/// A folder that holds what is to be deleted.
///
/// Whatever is left in it after a crash is deleted by the next one who empties it.
#[derive(Debug)]
pub struct Trash {
    dir: Dir,
}

impl Trash {
    /// Uses this folder, on the same file system as what is thrown into it.
    pub fn new(dir: Dir) -> Trash {
        Trash { dir }
    }

    /// Takes `name` out of `from`, file or folder; false when it is not there.
    ///
    /// # Errors
    /// When the rename fails.
    pub fn take(&self, from: &Dir, name: &OsStr) -> Result<bool> {
        match from.rename(name, &self.dir, OsStr::new(&crate::dir::random_name())) {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes everything in the folder; what another process deletes meanwhile is fine. What this one may not delete
    /// stays for who may: files of an ordinary user's containers are deleted in their user namespace.
    ///
    /// # Errors
    /// When something cannot be deleted.
    pub fn empty(&self) -> Result<()> {
        for entry in self.dir.entries()? {
            match self.dir.remove_all(&entry.name) {
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::ACCESS.raw_os_error()) => {}
                result => result?,
            }
        }
        Ok(())
    }
}
