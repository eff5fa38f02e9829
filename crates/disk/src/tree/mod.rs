//! Trees below a root, reached by descriptor.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::path::Path;

use crate::error::{Error, Result};

/// Removes an entry with all that is in it (placeholder until the tree operations stand).
///
/// # Errors
/// When something cannot be removed.
pub fn remove(_parent: BorrowedFd<'_>, _name: &OsStr, path: &Path) -> Result<()> {
    let gone = |e: &std::io::Error| e.kind() == std::io::ErrorKind::NotFound;
    let result = match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    result.or_else(|e| if gone(&e) { Ok(()) } else { Err(e) }).map_err(|e| Error::new("remove", path, e))
}
