//! Removing a tree (DISK-8): by descriptor, without recursion, without following links or crossing mounts.
//!
//! A directory in a directory is first moved up beside its parent, under a random name, so that however deep a
//! tree is, no more than three directories are open and no path is ever longer than a component.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::metadata::as_path;
use super::resolve::open_child;
use crate::error::{Error, Result};
use crate::fault;

/// How often a directory is looked through again that others are filling meanwhile.
const ROUNDS_MAX: usize = 64;

const DIR: AtFlags = AtFlags::REMOVEDIR;

/// Removes an entry of a directory with all that is in it; what is not there, or is removed by others
/// meanwhile, is fine. `path` is for messages.
///
/// # Errors
/// When something cannot be removed, and [`Errno::XDEV`] when something is mounted below.
pub fn remove(parent: BorrowedFd<'_>, name: &OsStr, path: &Path) -> Result<()> {
    let name = name.as_bytes();
    let failed = |error: std::io::Error| Error::new("remove", path, error);
    if unlink(parent, name, AtFlags::empty()).map_err(failed)? {
        return Ok(());
    }
    for _ in 0..ROUNDS_MAX {
        if unlink(parent, name, DIR).map_err(failed)? {
            return Ok(());
        }
        match open(parent, name) {
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(failed(error.into())),
            Ok(top) => empty(&top).map_err(failed)?,
        }
    }
    Err(failed(Errno::NOTEMPTY.into()))
}

/// Unlinks a name; false when it is a directory, or one that is not empty.
fn unlink(parent: BorrowedFd<'_>, name: &[u8], flags: AtFlags) -> std::io::Result<bool> {
    fault::check(if flags == DIR { "rmdir" } else { "unlink" }, as_path(name))?;
    match rustix::fs::unlinkat(parent, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR) if flags.is_empty() => Ok(false),
        Err(Errno::NOTEMPTY | Errno::EXIST) if flags == DIR => Ok(false),
        // Some file systems say this of directories; of files it is meant.
        Err(Errno::PERM) if flags.is_empty() && is_dir(parent, name) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_dir(parent: BorrowedFd<'_>, name: &[u8]) -> bool {
    rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// Empties a directory. Directories in it are emptied in turn, what they contain moves up here.
fn empty(top: &OwnedFd) -> std::io::Result<()> {
    let mut hoist = Hoist { top: top.as_fd(), prefix: crate::dir::random_name(), count: 0 };
    let mut dirs = hoist.clear(top, true)?;
    while let Some(name) = dirs.pop() {
        if unlink(top.as_fd(), &name, DIR)? {
            continue;
        }
        match open(top.as_fd(), &name) {
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error.into()),
            Ok(dir) => dirs.extend(hoist.clear(&dir, false)?),
        }
        // When others put something in meanwhile, the next round finds it.
        unlink(top.as_fd(), &name, DIR)?;
    }
    Ok(())
}

struct Hoist<'t> {
    top: BorrowedFd<'t>,
    prefix: String,
    count: u64,
}

impl Hoist<'_> {
    /// Unlinks what is in a directory; other directories are moved to the top, unless they are there, and
    /// their names returned.
    fn clear(&mut self, dir: &OwnedFd, is_top: bool) -> std::io::Result<Vec<Vec<u8>>> {
        let mut dirs = Vec::new();
        for entry in rustix::fs::Dir::read_from(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let may_be_dir = matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
            if entry.file_type() != FileType::Directory && unlink(dir.as_fd(), name, AtFlags::empty())? {
                continue;
            }
            if may_be_dir && unlink(dir.as_fd(), name, DIR)? {
                continue;
            }
            dirs.extend(if is_top { Some(name.to_vec()) } else { self.lift(dir.as_fd(), name)? });
        }
        Ok(dirs)
    }

    fn lift(&mut self, dir: BorrowedFd<'_>, name: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        self.count += 1;
        let new_name = format!("{}-{}", self.prefix, self.count).into_bytes();
        fault::check("rename", as_path(name))?;
        let rename = || rustix::fs::renameat(dir, name, self.top, &new_name[..]);
        match rename() {
            // The directory's own mode forbids it to be moved, or is mounted upon: the first can be helped.
            Err(Errno::ACCESS) => {
                drop(open(dir, name)?);
                rename()?;
            }
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::BUSY) => return Err(Errno::XDEV.into()),
            result => result?,
        }
        Ok(Some(new_name))
    }
}

/// Opens a directory that is to be emptied, and makes that possible for its owner.
fn open(parent: BorrowedFd<'_>, name: &[u8]) -> rustix::io::Result<OwnedFd> {
    let fd = match open_child(parent, name) {
        Err(Errno::ACCESS) => {
            make_accessible(parent, name)?;
            open_child(parent, name)?
        }
        result => result?,
    };
    let mode = rustix::fs::fstat(&fd)?.st_mode;
    if mode & 0o700 != 0o700 && !super::metadata::is_privileged() {
        rustix::fs::fchmod(&fd, Mode::from_raw_mode(mode & 0o7777 | 0o700))?;
    }
    Ok(fd)
}

/// Lets the owner into a directory that nobody may enter, by descriptor.
fn make_accessible(parent: BorrowedFd<'_>, name: &[u8]) -> rustix::io::Result<()> {
    use std::os::fd::AsRawFd;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(parent, name, flags, Mode::empty())?;
    rustix::fs::chmod(format!("/proc/self/fd/{}", fd.as_raw_fd()), Mode::RWXU)
}
