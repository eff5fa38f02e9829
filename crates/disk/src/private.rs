//! Root folders that nobody else may enter (DISK-1).

use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use crate::dir::Dir;
use crate::error::{Error, Result};
use crate::fault;

/// Opens a root folder, making it (mode 0700) and its parents when they are missing.
///
/// # Errors
/// When it cannot be made, or as [`open_private`].
pub fn create_private(path: &Path) -> Result<Dir> {
    if !path.exists() {
        fault::check("mkdir", path).map_err(|e| Error::new("mkdir", path, e))?;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| Error::new("mkdir", parent, e))?;
        }
        match std::fs::DirBuilder::new().mode(0o700).create(path) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(Error::new("mkdir", path, e)),
            _ => {}
        }
    }
    let dir = open_private(path)?;
    let metadata = std::fs::metadata(path).map_err(|e| Error::new("stat", path, e))?;
    if metadata.permissions().mode() & 0o077 != 0 && dir.is_empty()? {
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(path, mode).map_err(|e| Error::new("chmod", path, e))?;
    }
    Ok(dir)
}

/// Opens a root folder that exists.
///
/// # Errors
/// When it is not there, belongs to somebody else, or can be written by group or others: what is in it could
/// then be anybody's.
pub fn open_private(path: &Path) -> Result<Dir> {
    let dir = Dir::open(path)?;
    let stat = rustix::fs::fstat(dir.fd()).map_err(|e| Error::new("stat", path, e))?;
    let ours = rustix::process::geteuid().as_raw();
    let refuse =
        |text: String| Err(Error::new("open", path, io::Error::new(io::ErrorKind::PermissionDenied, text)));
    if stat.st_uid != ours {
        return refuse(format!("belongs to user {}, not to user {ours} who runs this", stat.st_uid));
    }
    if stat.st_mode & 0o022 != 0 && !is_empty_sticky(stat.st_mode, &dir)? {
        let mode = stat.st_mode & 0o7777;
        return refuse(format!(
            "can be written by others (mode {mode:04o}); run `chmod go-w` on it if that is a mistake"
        ));
    }
    Ok(dir)
}

/// A folder that is open to others but holds nothing can still be made private.
fn is_empty_sticky(mode: u32, dir: &Dir) -> Result<bool> {
    Ok(mode & 0o1000 == 0 && dir.is_empty()?)
}
