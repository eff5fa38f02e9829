//! Owners, modes, times and extended attributes, set on descriptors.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags};
use rustix::io::Errno;

use crate::fault;

/// An owner and a group, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Owner {
    /// Whom the files belong to that this process makes.
    pub fn of_process() -> Owner {
        Owner { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
    }

    /// Gives something to this owner by `set`. Numbers that the user namespace of this process does not have cannot be
    /// given to: what had them becomes this process's own.
    ///
    /// # Errors
    /// When the system does.
    pub fn give(self, set: impl Fn(Owner) -> crate::error::Result<()>) -> crate::error::Result<()> {
        let own = Owner::of_process();
        let next_best = [Owner { gid: own.gid, ..self }, Owner { uid: own.uid, ..self }, own];
        let mut outcome = set(self);
        for owner in next_best {
            match &outcome {
                // The kernel's word for a number that it cannot translate.
                Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => outcome = set(owner),
                _ => break,
            }
        }
        outcome
    }
}

/// A point in time, seconds and nanoseconds since 1970; the nanoseconds count forward before 1970 too. File systems
/// that hold less get the nearest they can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Whole seconds, rounded down.
    pub seconds: i64,
    /// Nanoseconds, 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// Whether this process may do what only root may: give files away and make devices.
pub fn is_privileged() -> bool {
    rustix::process::geteuid().is_root()
}

/// The bits that new files do not get, if the system says. They are the whole process's and are only read here:
/// the one call that asks for them also sets them, under the eyes of all other threads.
pub fn umask() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(line.trim(), 8).ok()
}

/// Modification time only: access times are the kernel's own business.
pub(super) fn timestamps(mtime: Time) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: mtime.seconds, tv_nsec: i64::from(mtime.nanoseconds) },
    }
}

pub(super) fn ids(owner: Owner) -> (Option<Uid>, Option<Gid>) {
    (Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)))
}

type Result<T> = std::result::Result<T, (&'static str, std::io::Error)>;

fn guarded<T>(
    operation: &'static str,
    path: &Path,
    call: impl FnOnce() -> rustix::io::Result<T>,
) -> Result<T> {
    fault::check(operation, path).map_err(|e| (operation, e))?;
    call().map_err(|e| (operation, e.into()))
}

pub(super) fn set_owner(fd: BorrowedFd<'_>, path: &Path, owner: Owner) -> Result<()> {
    let (uid, gid) = ids(owner);
    guarded("chown", path, || rustix::fs::fchown(fd, uid, gid))
}

pub(super) fn set_mode(fd: BorrowedFd<'_>, path: &Path, mode: u32) -> Result<()> {
    guarded("chmod", path, || rustix::fs::fchmod(fd, Mode::from_raw_mode(mode)))
}

pub(super) fn set_mtime(fd: BorrowedFd<'_>, path: &Path, mtime: Time) -> Result<()> {
    guarded("chtimes", path, || rustix::fs::futimens(fd, &timestamps(mtime)))
}

pub(super) fn set_xattr(fd: BorrowedFd<'_>, path: &Path, name: &[u8], value: &[u8]) -> Result<()> {
    guarded("setxattr", path, || rustix::fs::fsetxattr(fd, name, value, XattrFlags::empty()))
}

/// All attributes that this process may see.
pub(super) fn xattrs(fd: BorrowedFd<'_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    xattrs_by(
        |buffer| rustix::fs::flistxattr(fd, buffer),
        |name, buffer| rustix::fs::fgetxattr(fd, name, buffer),
    )
}

pub(super) fn xattr_names(fd: BorrowedFd<'_>) -> Result<Vec<Vec<u8>>> {
    names_by(|buffer| rustix::fs::flistxattr(fd, buffer))
}

/// All attributes, with the calls that list and read them.
pub(super) fn xattrs_by(
    list: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>,
    mut get: impl FnMut(&[u8], &mut [u8]) -> rustix::io::Result<usize>,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut found = Vec::new();
    for name in names_by(list)? {
        match read_growing(|buffer| get(&name, buffer)) {
            Ok(value) => found.push((name, value)),
            Err(Errno::NODATA) => {}
            Err(error) => return Err(("getxattr", error.into())),
        }
    }
    Ok(found)
}

fn names_by(list: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>) -> Result<Vec<Vec<u8>>> {
    let names = match read_growing(list) {
        Ok(names) => names,
        Err(Errno::OPNOTSUPP) => Vec::new(),
        Err(error) => return Err(("listxattr", error.into())),
    };
    Ok(names.split(|b| *b == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

pub(super) fn remove_xattr(fd: BorrowedFd<'_>, path: &Path, name: &[u8]) -> Result<()> {
    guarded("removexattr", path, || match rustix::fs::fremovexattr(fd, name) {
        Err(Errno::NODATA) => Ok(()),
        result => result,
    })
}

/// Calls with a buffer that grows until the answer fits; the kernel gives 64 KiB at most.
fn read_growing(mut call: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    let mut buffer = vec![0; 1 << 10];
    loop {
        match call(&mut buffer[..]) {
            Ok(len) => {
                buffer.truncate(len);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if buffer.len() < 128 << 10 => buffer.resize(buffer.len() * 4, 0),
            Err(error) => return Err(error),
        }
    }
}

/// The last component as a path, for fault points.
pub(super) fn as_path(name: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(OsStr::from_bytes(name))
}
