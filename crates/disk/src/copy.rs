//! Copies and links of single entries, with everything that belongs to them.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd};

use rustix::fs::{AtFlags, FileType, Gid, Mode, Stat, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags};
use rustix::io::Errno;

use crate::dir::{Dir, component};
use crate::error::{Error, Result};
use crate::fault;

/// Bytes of the buffer where the kernel cannot copy by itself.
const BUFFER_BYTES: usize = 128 << 10;

/// Bytes of a list of extended attributes: the kernel's own limit (`XATTR_LIST_MAX`).
const XATTR_LIST_BYTES_MAX: usize = 64 << 10;

/// Bytes of an extended attribute's value: the kernel's own limit (`XATTR_SIZE_MAX`).
const XATTR_VALUE_BYTES_MAX: usize = 64 << 10;

impl Dir {
    /// Gives an entry that is no directory one more name.
    ///
    /// # Errors
    /// When the system does: the new name is taken, the file has too many names, or the file systems differ.
    pub fn link_entry(&self, name: impl AsRef<OsStr>, to: &Dir, new_name: impl AsRef<OsStr>) -> Result<()> {
        let (name, new_name) = (component(self, name.as_ref())?, component(to, new_name.as_ref())?);
        to.guard("link", new_name)?;
        rustix::fs::linkat(self.fd(), name, to.fd(), new_name, AtFlags::empty())
            .map_err(|e| to.error("link", new_name, e))
    }

    /// Copies an entry that is no directory to a new name: kind, content, owner, mode, times, and those
    /// extended attributes that describe the file and not its place. File systems that can share content do.
    ///
    /// Without privileges the copy is the user's own, and devices cannot be copied.
    ///
    /// # Errors
    /// When the system does, or the entry is a directory.
    pub fn copy_entry(&self, name: impl AsRef<OsStr>, to: &Dir, new_name: impl AsRef<OsStr>) -> Result<()> {
        let (name, new_name) = (component(self, name.as_ref())?, component(to, new_name.as_ref())?);
        let stat = rustix::fs::statat(self.fd(), name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|e| self.error("stat", name, e))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => return copy_file(self, name, to, new_name, &stat),
            FileType::Symlink => copy_symlink(self, name, to, new_name)?,
            FileType::Directory => return Err(self.error("copy", name, Errno::ISDIR)),
            kind => copy_node(to, new_name, kind, &stat)?,
        }
        copy_attributes_by_name(self, name, to, new_name, &stat)
    }

    /// Gives a directory the owner, mode, times and extended attributes of another.
    ///
    /// # Errors
    /// When the system does.
    pub fn copy_attributes(&self, to: &Dir) -> Result<()> {
        let stat = rustix::fs::fstat(self.fd()).map_err(|e| Error::new("stat", self.path(), e))?;
        fault::check("setattr", to.path()).map_err(|e| Error::new("setattr", to.path(), e))?;
        let error = |e| Error::new("setattr", to.path(), e);
        remove_xattrs(&to.fd()).map_err(error)?;
        copy_attributes(&self.fd(), &to.fd(), &stat).map_err(error)
    }
}

fn copy_file(from: &Dir, name: &OsStr, to: &Dir, new_name: &OsStr, stat: &Stat) -> Result<()> {
    let source = from.file(name)?;
    let copy = to.create(new_name, 0o600)?;
    fault::check("write", copy.path())
        .and_then(|()| Ok(copy_content(source.fd(), copy.fd(), stat)?))
        .and_then(|()| Ok(copy_attributes(&source.fd(), &copy.fd(), stat)?))
        .map_err(|e| Error::new("copy", copy.path(), e))
}

/// Shares the content, or copies it region by region so that holes stay holes.
fn copy_content(source: impl AsFd, copy: impl AsFd, stat: &Stat) -> rustix::io::Result<()> {
    if rustix::fs::ioctl_ficlone(&copy, &source).is_ok() {
        return Ok(());
    }
    let len = u64::try_from(stat.st_size).unwrap_or(0);
    rustix::fs::ftruncate(&copy, len)?;
    let mut at = 0;
    while at < len {
        let start = match rustix::fs::seek(&source, rustix::fs::SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => return Ok(()),
            // A file system without holes.
            Err(Errno::INVAL) => at,
            Err(errno) => return Err(errno),
        };
        let end = rustix::fs::seek(&source, rustix::fs::SeekFrom::Hole(start)).unwrap_or(len);
        copy_region(&source, &copy, start, end.min(len))?;
        at = end;
    }
    Ok(())
}

fn copy_region(source: impl AsFd, copy: impl AsFd, start: u64, end: u64) -> rustix::io::Result<()> {
    let (mut read_at, mut write_at) = (start, start);
    while read_at < end {
        let wanted = usize::try_from(end - read_at).unwrap_or(usize::MAX);
        match rustix::fs::copy_file_range(&source, Some(&mut read_at), &copy, Some(&mut write_at), wanted) {
            Ok(0) => return Ok(()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                return copy_by_hand(&source, &copy, read_at, end);
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn copy_by_hand(source: impl AsFd, copy: impl AsFd, start: u64, end: u64) -> rustix::io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut at = start;
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(BUFFER_BYTES).min(BUFFER_BYTES);
        let read = rustix::io::pread(&source, &mut buffer[..wanted], at)?;
        if read == 0 {
            return Ok(());
        }
        let mut written = 0;
        while written < read {
            written += rustix::io::pwrite(&copy, &buffer[written..read], at + written as u64)?;
        }
        at += read as u64;
    }
    Ok(())
}

fn copy_symlink(from: &Dir, name: &OsStr, to: &Dir, new_name: &OsStr) -> Result<()> {
    let target =
        rustix::fs::readlinkat(from.fd(), name, Vec::new()).map_err(|e| from.error("readlink", name, e))?;
    to.guard("symlink", new_name)?;
    rustix::fs::symlinkat(target, to.fd(), new_name).map_err(|e| to.error("symlink", new_name, e))
}

fn copy_node(to: &Dir, new_name: &OsStr, kind: FileType, stat: &Stat) -> Result<()> {
    to.guard("mknod", new_name)?;
    rustix::fs::mknodat(to.fd(), new_name, kind, Mode::from_raw_mode(0o600), stat.st_rdev)
        .map_err(|e| to.error("mknod", new_name, e))
}

fn is_privileged() -> bool {
    rustix::process::geteuid().is_root()
}

fn times(stat: &Stat) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: stat.st_mtime, tv_nsec: stat.st_mtime_nsec as _ },
    }
}

/// The owner comes first, since a change of it takes setuid and capabilities away, and the mode after the
/// extended attributes, since it may forbid writing them.
fn copy_attributes(source: &impl AsFd, copy: &impl AsFd, stat: &Stat) -> rustix::io::Result<()> {
    if is_privileged() {
        let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
        rustix::fs::fchown(copy, Some(uid), Some(gid))?;
    }
    let mut names = vec![0; XATTR_LIST_BYTES_MAX];
    let listed = empty_if_unsupported(rustix::fs::flistxattr(source, &mut names[..]))?;
    let mut value = Vec::new();
    for name in kept_xattrs(&names[..listed]) {
        value.resize(XATTR_VALUE_BYTES_MAX, 0);
        let len = rustix::fs::fgetxattr(source, &name, &mut value[..])?;
        rustix::fs::fsetxattr(copy, &name, &value[..len], XattrFlags::empty())?;
    }
    rustix::fs::fchmod(copy, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    rustix::fs::futimens(copy, &times(stat))
}

fn copy_attributes_by_name(from: &Dir, name: &OsStr, to: &Dir, new_name: &OsStr, stat: &Stat) -> Result<()> {
    let error = |e: Errno| to.error("setattr", new_name, e);
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    if is_privileged() {
        let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
        rustix::fs::chownat(to.fd(), new_name, Some(uid), Some(gid), flags).map_err(error)?;
    }
    copy_xattrs_by_name(from, name, to, new_name).map_err(error)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
        let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
        rustix::fs::chmodat(to.fd(), new_name, mode, AtFlags::empty()).map_err(error)?;
    }
    rustix::fs::utimensat(to.fd(), new_name, &times(stat), flags).map_err(error)
}

/// Links and devices have no descriptor that takes attributes; the path goes through the directory's, and its
/// last component is not followed.
fn copy_xattrs_by_name(from: &Dir, name: &OsStr, to: &Dir, new_name: &OsStr) -> rustix::io::Result<()> {
    let path = |dir: &Dir, name: &OsStr| {
        std::path::Path::new(&format!("/proc/self/fd/{}", dir.fd().as_raw_fd())).join(name)
    };
    let (source, copy) = (path(from, name), path(to, new_name));
    let mut names = vec![0; XATTR_LIST_BYTES_MAX];
    let listed = empty_if_unsupported(rustix::fs::llistxattr(&source, &mut names[..]))?;
    let mut value = Vec::new();
    for name in kept_xattrs(&names[..listed]) {
        value.resize(XATTR_VALUE_BYTES_MAX, 0);
        let len = rustix::fs::lgetxattr(&source, &name, &mut value[..])?;
        rustix::fs::lsetxattr(&copy, &name, &value[..len], XattrFlags::empty())?;
    }
    Ok(())
}

fn remove_xattrs(file: &impl AsFd) -> rustix::io::Result<()> {
    let mut names = vec![0; XATTR_LIST_BYTES_MAX];
    let listed = empty_if_unsupported(rustix::fs::flistxattr(file, &mut names[..]))?;
    for name in kept_xattrs(&names[..listed]) {
        rustix::fs::fremovexattr(file, &name)?;
    }
    Ok(())
}

fn empty_if_unsupported(listed: rustix::io::Result<usize>) -> rustix::io::Result<usize> {
    match listed {
        Err(Errno::NOTSUP) => Ok(0),
        result => result,
    }
}

/// The names in a list as the kernel gives it that belong to the file: what the user set, access lists, file
/// capabilities. The rest is a label of the place or a file system's own business.
fn kept_xattrs(list: &[u8]) -> impl Iterator<Item = CString> {
    let kept = |name: &&[u8]| {
        name.starts_with(b"user.")
            || name.starts_with(b"system.posix_acl_")
            || (*name == b"security.capability" && is_privileged())
    };
    list.split(|b| *b == 0).filter(kept).filter_map(|name| CString::new(name).ok())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn scratch() -> (tempfile::TempDir, Dir) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        (temporary, dir)
    }

    #[test]
    fn a_copy_has_everything_and_is_independent() {
        let (temporary, dir) = scratch();
        let path = |name: &str| temporary.path().join(name);
        std::fs::write(path("a"), b"content").unwrap();
        let file = std::fs::File::options().write(true).open(path("a")).unwrap();
        file.set_len(10 << 20).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::new(7, 9)).unwrap();
        std::fs::set_permissions(path("a"), std::fs::Permissions::from_mode(0o4551)).unwrap();
        let name = c"user.note";
        rustix::fs::lsetxattr(path("a"), name, b"x", XattrFlags::empty()).unwrap();
        dir.copy_entry("a", &dir, "b").unwrap();
        let (a, b) = (std::fs::metadata(path("a")).unwrap(), std::fs::metadata(path("b")).unwrap());
        assert_ne!(a.ino(), b.ino());
        assert_eq!((a.mode(), a.len(), a.mtime(), a.mtime_nsec()), (b.mode(), b.len(), 7, 9));
        assert_eq!((b.mtime(), b.mtime_nsec()), (7, 9));
        assert!(b.blocks() < 1024, "the hole was filled");
        assert_eq!(std::fs::read(path("a")).unwrap(), std::fs::read(path("b")).unwrap());
        let mut value = [0; 4];
        assert_eq!(rustix::fs::lgetxattr(path("b"), name, &mut value[..]), Ok(1));
        assert!(dir.copy_entry("a", &dir, "b").is_err(), "a copy replaces nothing");
    }

    #[test]
    fn links_are_copied_as_they_are() {
        let (temporary, dir) = scratch();
        symlink("/etc/passwd", temporary.path().join("l")).unwrap();
        dir.copy_entry("l", &dir, "m").unwrap();
        assert_eq!(std::fs::read_link(temporary.path().join("m")).unwrap().to_str(), Some("/etc/passwd"));
        dir.link_entry("l", &dir, "n").unwrap();
        assert_eq!(dir.file_id("l").unwrap(), dir.file_id("n").unwrap());
        assert_ne!(dir.file_id("l").unwrap(), dir.file_id("m").unwrap());
    }

    #[test]
    fn a_directory_takes_the_attributes_of_another() {
        let (temporary, dir) = scratch();
        let (a, b) = (dir.make_dir("a").unwrap(), dir.make_dir("b").unwrap());
        let path = |name: &str| temporary.path().join(name);
        rustix::fs::lsetxattr(path("b"), c"user.old", b"x", XattrFlags::empty()).unwrap();
        rustix::fs::lsetxattr(path("a"), c"user.new", b"y", XattrFlags::empty()).unwrap();
        std::fs::set_permissions(path("a"), std::fs::Permissions::from_mode(0o1777)).unwrap();
        std::fs::File::open(path("a")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        a.copy_attributes(&b).unwrap();
        let metadata = std::fs::metadata(path("b")).unwrap();
        assert_eq!((metadata.mode() & 0o7777, metadata.mtime()), (0o1777, 0));
        let mut value = [0; 4];
        assert_eq!(rustix::fs::lgetxattr(path("b"), c"user.old", &mut value[..]), Err(Errno::NODATA));
        assert_eq!(rustix::fs::lgetxattr(path("b"), c"user.new", &mut value[..]), Ok(1));
    }
}
