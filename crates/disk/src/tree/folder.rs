//! An open directory of a tree, and what is done to the names in it.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, XattrFlags};
use rustix::io::Errno;

use super::metadata::{self, Owner, Time, as_path, ids, timestamps};
use super::new_file::NewFile;
use super::resolve;
use super::root::Tree;
use super::stat::Stat;
use crate::error::{Error, Result};
use crate::fault;

/// An open directory of a tree.
///
/// Names are single components; they are never followed. Everything that is made must not be there yet: what
/// stands in the way is removed first, never opened (TAR-7).
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// What a node is that is neither file, directory nor link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A FIFO.
    Fifo,
    /// A character device with its number.
    CharDevice(u32, u32),
    /// A block device with its number.
    BlockDevice(u32, u32),
}

const FILE_FLAGS: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Folder {
    pub(super) fn new(fd: OwnedFd, path: PathBuf) -> Folder {
        Folder { fd, path }
    }

    /// Where it is, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Makes a file. Its mode is `mode` less the umask.
    ///
    /// # Errors
    /// When the name is taken, or the system does.
    pub fn create(&self, name: &[u8], mode: u32) -> Result<NewFile> {
        let fd = self.guarded("create", name, || {
            rustix::fs::openat(&self.fd, name, FILE_FLAGS, Mode::from_raw_mode(mode))
        })?;
        Ok(NewFile::new(fd, self.path.join(OsStr::from_bytes(name))))
    }

    /// Makes a directory. Its mode is `mode` less the umask.
    ///
    /// # Errors
    /// When the name is taken, or the system does.
    pub fn make_dir(&self, name: &[u8], mode: u32) -> Result<()> {
        self.guarded("mkdir", name, || rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(mode)))
    }

    /// Makes a symbolic link; its target is stored as it is given (TAR-9).
    ///
    /// # Errors
    /// When the name is taken, or the system does.
    pub fn symlink(&self, target: &[u8], name: &[u8]) -> Result<()> {
        self.guarded("symlink", name, || rustix::fs::symlinkat(target, &self.fd, name))
    }

    /// Gives a file one more name; a link among the targets is not followed.
    ///
    /// # Errors
    /// When the name is taken, the target is not there or is a directory, or the system does.
    pub fn link(&self, target_folder: &Folder, target: &[u8], name: &[u8]) -> Result<()> {
        self.guarded("link", name, || {
            rustix::fs::linkat(&target_folder.fd, target, &self.fd, name, AtFlags::empty())
        })
    }

    /// Makes a FIFO or device. Its mode is `mode` less the umask.
    ///
    /// # Errors
    /// When the name is taken, for want of the privilege, or the system does.
    pub fn make_node(&self, name: &[u8], kind: NodeKind, mode: u32) -> Result<()> {
        let (file_type, device) = match kind {
            NodeKind::Fifo => (FileType::Fifo, 0),
            NodeKind::CharDevice(major, minor) => {
                (FileType::CharacterDevice, rustix::fs::makedev(major, minor))
            }
            NodeKind::BlockDevice(major, minor) => (FileType::BlockDevice, rustix::fs::makedev(major, minor)),
        };
        self.guarded("mknod", name, || {
            rustix::fs::mknodat(&self.fd, name, file_type, Mode::from_raw_mode(mode), device)
        })
    }

    /// Renames an entry to a name in another folder, replacing what is there if the system can.
    ///
    /// # Errors
    /// When the system does.
    pub fn rename(&self, name: &[u8], to: &Folder, new_name: &[u8]) -> Result<()> {
        self.guarded("rename", name, || rustix::fs::renameat(&self.fd, name, &to.fd, new_name))
    }

    /// Removes an entry with all that is in it (DISK-8); what is not there is fine.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn remove(&self, name: &[u8]) -> Result<()> {
        super::remove::remove(
            self.fd.as_fd(),
            OsStr::from_bytes(name),
            &self.path.join(OsStr::from_bytes(name)),
        )
    }

    /// What is under a name; nothing when there is nothing.
    ///
    /// # Errors
    /// When the system does.
    pub fn stat(&self, name: &[u8]) -> Result<Option<Stat>> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Stat::of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.error("stat", name, error)),
        }
    }

    /// The status of the directory itself.
    ///
    /// # Errors
    /// When the system does.
    pub fn own_stat(&self) -> Result<Stat> {
        let stat = rustix::fs::fstat(&self.fd).map_err(|e| Error::new("stat", &self.path, e))?;
        Ok(Stat::of(&stat))
    }

    /// The tree below it, for which it is the root.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn tree(&self) -> Result<Tree> {
        let fd = self.fd.try_clone().map_err(|e| Error::new("dup", &self.path, e))?;
        Ok(Tree::new(fd, self.path.clone()))
    }

    /// Opens a directory in this one, neither through a link nor onto another mount.
    ///
    /// # Errors
    /// When it is not there, is no directory, or is another mount's.
    pub fn folder(&self, name: &[u8]) -> Result<Folder> {
        let fd = resolve::open_child(self.fd.as_fd(), name).map_err(|e| self.error("open", name, e))?;
        Ok(Folder { fd, path: self.path.join(OsStr::from_bytes(name)) })
    }

    /// Opens a regular file for reading; what is no regular file is never waited for (TAR-11).
    ///
    /// # Errors
    /// When it is not there or is something else.
    pub fn open_file(&self, name: &[u8]) -> Result<std::fs::File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())
            .map_err(|e| self.error("open", name, e))?;
        let stat = rustix::fs::fstat(&fd).map_err(|e| self.error("stat", name, e))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file");
            return Err(self.error("open", name, error));
        }
        Ok(fd.into())
    }

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// When it is no link.
    pub fn read_link(&self, name: &[u8]) -> Result<Vec<u8>> {
        let target = rustix::fs::readlinkat(&self.fd, name, Vec::new());
        target.map(std::ffi::CString::into_bytes).map_err(|e| self.error("readlink", name, e))
    }

    /// The names in it, sorted.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn names(&self) -> Result<Vec<Vec<u8>>> {
        let error = |e: Errno| Error::new("readdir", &self.path, e);
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(error)? {
            let entry = entry.map_err(error)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(name.to_vec());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Gives an entry away; a link itself, not what it points at.
    ///
    /// # Errors
    /// For want of the privilege, or when the system does.
    pub fn set_owner_of(&self, name: &[u8], owner: Owner) -> Result<()> {
        let (uid, gid) = ids(owner);
        self.guarded("chown", name, || {
            rustix::fs::chownat(&self.fd, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
        })
    }

    /// Sets the time of an entry; of a link itself.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_mtime_of(&self, name: &[u8], mtime: Time) -> Result<()> {
        self.guarded("chtimes", name, || {
            rustix::fs::utimensat(&self.fd, name, &timestamps(mtime), AtFlags::SYMLINK_NOFOLLOW)
        })
    }

    /// Sets the mode of an entry that cannot be opened without side effects: a FIFO or device.
    ///
    /// The descriptor of the thing itself is found again under `/proc`, the only way that takes no path on
    /// kernels before 6.6.
    ///
    /// # Errors
    /// When it is a link (which has no mode), or the system does.
    pub fn set_mode_of(&self, name: &[u8], mode: u32) -> Result<()> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.guarded("chmod", name, || {
            let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
            if FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) == FileType::Symlink {
                return Err(Errno::LOOP);
            }
            rustix::fs::chmod(descriptor_path(fd.as_fd()), Mode::from_raw_mode(mode))
        })
    }

    /// Sets an extended attribute of an entry that cannot be opened without side effects; of a link itself.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_xattr_of(&self, name: &[u8], xattr: &[u8], value: &[u8]) -> Result<()> {
        let path = self.entry_path(name);
        self.guarded("setxattr", name, || rustix::fs::lsetxattr(&path, xattr, value, XattrFlags::empty()))
    }

    /// Takes an extended attribute of such an entry away, if it is there.
    ///
    /// # Errors
    /// When the system does.
    pub fn remove_xattr_of(&self, name: &[u8], xattr: &[u8]) -> Result<()> {
        let path = self.entry_path(name);
        self.guarded("removexattr", name, || match rustix::fs::lremovexattr(&path, xattr) {
            Err(Errno::NODATA) => Ok(()),
            result => result,
        })
    }

    /// The extended attributes of an entry that cannot be opened without side effects; of a link itself.
    ///
    /// # Errors
    /// When the system does.
    pub fn xattrs_of(&self, name: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let path = self.entry_path(name);
        let found = metadata::xattrs_by(
            |buffer| rustix::fs::llistxattr(&path, buffer),
            |xattr, buffer| rustix::fs::lgetxattr(&path, xattr, buffer),
        );
        found.map_err(|(operation, error)| self.error(operation, name, error))
    }

    /// An entry's name behind the directory's descriptor, for calls that take nothing but a path. Only the
    /// last component is looked up, and these calls do not follow it.
    fn entry_path(&self, name: &[u8]) -> PathBuf {
        descriptor_path(self.fd.as_fd()).join(OsStr::from_bytes(name))
    }

    /// Gives the directory away.
    ///
    /// # Errors
    /// For want of the privilege, or when the system does.
    pub fn set_owner(&self, owner: Owner) -> Result<()> {
        self.own(metadata::set_owner(self.fd(), &self.path, owner))
    }

    /// Sets the mode of the directory.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_mode(&self, mode: u32) -> Result<()> {
        self.own(metadata::set_mode(self.fd(), &self.path, mode))
    }

    /// Sets the time of the directory.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_mtime(&self, mtime: Time) -> Result<()> {
        self.own(metadata::set_mtime(self.fd(), &self.path, mtime))
    }

    /// Sets an extended attribute of the directory.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_xattr(&self, name: &[u8], value: &[u8]) -> Result<()> {
        self.own(metadata::set_xattr(self.fd(), &self.path, name, value))
    }

    /// Takes an extended attribute of the directory away, if it is there.
    ///
    /// # Errors
    /// When the system does.
    pub fn remove_xattr(&self, name: &[u8]) -> Result<()> {
        self.own(metadata::remove_xattr(self.fd(), &self.path, name))
    }

    /// The names of the directory's extended attributes.
    ///
    /// # Errors
    /// When the system does.
    pub fn xattr_names(&self) -> Result<Vec<Vec<u8>>> {
        self.own(metadata::xattr_names(self.fd()))
    }

    /// The directory's extended attributes.
    ///
    /// # Errors
    /// When the system does.
    pub fn xattrs(&self) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.own(metadata::xattrs(self.fd()))
    }

    fn own<T>(&self, result: std::result::Result<T, (&'static str, std::io::Error)>) -> Result<T> {
        result.map_err(|(operation, error)| Error::new(operation, &self.path, error))
    }

    fn guarded<T>(
        &self,
        operation: &'static str,
        name: &[u8],
        call: impl FnOnce() -> rustix::io::Result<T>,
    ) -> Result<T> {
        fault::check(operation, as_path(name)).map_err(|e| self.error(operation, name, e))?;
        call().map_err(|e| self.error(operation, name, e))
    }

    pub(super) fn error(
        &self,
        operation: &'static str,
        name: &[u8],
        error: impl Into<std::io::Error>,
    ) -> Error {
        Error::new(operation, self.path.join(OsStr::from_bytes(name)), error)
    }
}

fn descriptor_path(fd: BorrowedFd<'_>) -> PathBuf {
    use std::os::fd::AsRawFd;
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()))
}
