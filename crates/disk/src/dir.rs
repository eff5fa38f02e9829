//! A directory held by descriptor; what is below is named by single components and never reached through links.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};

use crate::error::{Error, Result};
use crate::fault;
use crate::file::File;
use crate::lock::{Lock, LockMode};
use crate::random::random_bytes;

/// An open directory.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

/// What a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// Anything else: links, devices, sockets.
    Other,
}

/// One entry of a directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: OsString,
    /// What it is.
    pub kind: EntryKind,
}

const DIR_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);
/// Without blocking on a FIFO that stands where a file should be (TAR-11).
const FILE_FLAGS: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK);

impl Dir {
    /// Opens the directory of a path that the user or the configuration named; links on the way are theirs.
    ///
    /// # Errors
    /// When it is not there or is no directory.
    pub fn open(path: &Path) -> Result<Dir> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| Error::new("open", path, e))?;
        Ok(Dir { fd, path: path.to_owned() })
    }

    /// The path, for messages and for mounts.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of an entry.
    pub fn join(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.path.join(name.as_ref())
    }

    /// The descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// A second handle on the same directory.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn try_clone(&self) -> Result<Dir> {
        let fd = self.fd.try_clone().map_err(|e| Error::new("dup", &self.path, e))?;
        Ok(Dir { fd, path: self.path.clone() })
    }

    /// Opens a directory below.
    ///
    /// # Errors
    /// When it is not there, is no directory, or is a link.
    pub fn dir(&self, name: impl AsRef<OsStr>) -> Result<Dir> {
        let name = component(self, name.as_ref())?;
        let fd = rustix::fs::openat(&self.fd, name, DIR_FLAGS, Mode::empty())
            .map_err(|e| self.error("open", name, e))?;
        Ok(Dir { fd, path: self.join(name) })
    }

    /// Opens a directory below, if it is there.
    ///
    /// # Errors
    /// As [`Dir::dir`], but for its absence.
    pub fn dir_if_exists(&self, name: impl AsRef<OsStr>) -> Result<Option<Dir>> {
        absent_is_none(self.dir(name))
    }

    /// Makes a directory below (mode 0700) that must not be there yet.
    ///
    /// # Errors
    /// When it is, or cannot be made.
    pub fn make_dir(&self, name: impl AsRef<OsStr>) -> Result<Dir> {
        let name = component(self, name.as_ref())?;
        self.guard("mkdir", name)?;
        rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o700))
            .map_err(|e| self.error("mkdir", name, e))?;
        self.dir(name)
    }

    /// Opens a directory below, making it (mode 0700) when it is missing.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub fn ensure_dir(&self, name: impl AsRef<OsStr>) -> Result<Dir> {
        let name = name.as_ref();
        if let Some(dir) = self.dir_if_exists(name)? {
            return Ok(dir);
        }
        match self.make_dir(name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.dir(name),
            result => result,
        }
    }

    /// Opens a regular file below for reading.
    ///
    /// # Errors
    /// When it is not there or is something else.
    pub fn file(&self, name: impl AsRef<OsStr>) -> Result<File> {
        self.open_file(name.as_ref(), OFlags::RDONLY, 0)
    }

    /// Opens a regular file below for reading, if it is there.
    ///
    /// # Errors
    /// As [`Dir::file`], but for its absence.
    pub fn file_if_exists(&self, name: impl AsRef<OsStr>) -> Result<Option<File>> {
        absent_is_none(self.file(name))
    }

    /// Opens a regular file below for reading and writing, making it when it is missing.
    ///
    /// # Errors
    /// When it is something else or cannot be made.
    pub fn file_mut(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<File> {
        let name = name.as_ref();
        self.guard("open", name)?;
        self.open_file(name, OFlags::RDWR | OFlags::CREATE, mode)
    }

    /// Opens a regular file below for appending, making it when it is missing.
    ///
    /// # Errors
    /// When it is something else or cannot be made.
    pub fn append(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<File> {
        let name = name.as_ref();
        self.guard("open", name)?;
        self.open_file(name, OFlags::RDWR | OFlags::CREATE | OFlags::APPEND, mode)
    }

    /// Makes a file below that must not be there yet; its mode is exact, whatever the umask.
    ///
    /// # Errors
    /// When it is there or cannot be made.
    pub fn create(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<File> {
        let name = name.as_ref();
        self.guard("create", name)?;
        let file = self.open_file(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, mode)?;
        file.set_mode(mode)?;
        Ok(file)
    }

    fn open_file(&self, name: &OsStr, flags: OFlags, mode: u32) -> Result<File> {
        let name = component(self, name)?;
        let fd = rustix::fs::openat(&self.fd, name, flags | FILE_FLAGS, Mode::from_raw_mode(mode))
            .map_err(|e| self.error("open", name, e))?;
        let stat = rustix::fs::fstat(&fd).map_err(|e| self.error("stat", name, e))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            return Err(self.error("open", name, error));
        }
        Ok(File::new(fd.into(), self.join(name)))
    }

    /// Reads a whole file below, if it is there.
    ///
    /// # Errors
    /// When it has more than `bytes_max` bytes or cannot be read.
    pub fn read(&self, name: impl AsRef<OsStr>, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        let file = self.file_if_exists(name.as_ref())?;
        file.map(|file| file.read_whole(bytes_max)).transpose()
    }

    /// Puts `bytes` under a name, durably and at once: who reads sees the old file or the new one.
    ///
    /// # Errors
    /// When any step fails; the old file then stands.
    pub fn replace(&self, name: impl AsRef<OsStr>, bytes: &[u8], mode: u32) -> Result<()> {
        self.replace_by(random_name(), name.as_ref(), bytes, mode)
    }

    /// As [`Dir::replace`], for a file that only the holder of some lock replaces: what an earlier holder left
    /// half written when it died is written over, so that such leftovers do not pile up.
    ///
    /// # Errors
    /// As [`Dir::replace`].
    pub fn replace_alone(&self, name: impl AsRef<OsStr>, bytes: &[u8], mode: u32) -> Result<()> {
        let (name, temporary) = (name.as_ref(), temporary_of(name.as_ref()));
        self.remove_file(&temporary)?;
        self.replace_by(&temporary, name, bytes, mode)
    }

    /// As [`Dir::replace_alone`], for what a restart of the machine voids: at once, but not durably. After a loss of
    /// power the old file is there, or the new one, or one that ends early or in zeros.
    ///
    /// # Errors
    /// As [`Dir::replace`].
    pub fn replace_for_now(&self, name: impl AsRef<OsStr>, bytes: &[u8], mode: u32) -> Result<()> {
        let (name, temporary) = (name.as_ref(), temporary_of(name.as_ref()));
        self.remove_file(&temporary)?;
        let written = self.create(&temporary, mode).and_then(|file| file.write_all_at(bytes, 0));
        let result = written.and_then(|()| self.rename(&temporary, self, name));
        if result.is_err() {
            let _ = self.remove_file(&temporary);
        }
        result
    }

    /// Writes over a file where it is, and fills what is left of it with `fill`: on a full disk, where there is no room
    /// for a second file, this one keeps its blocks. A loss of power may leave a part of each.
    ///
    /// # Errors
    /// When there is no such file, or it needs more room than it has and there is none.
    pub fn overwrite(&self, name: impl AsRef<OsStr>, bytes: &[u8], fill: u8) -> Result<()> {
        let name = name.as_ref();
        self.guard("open", name)?;
        let file = self.open_file(name, OFlags::RDWR, 0)?;
        let mut bytes = bytes.to_vec();
        let length = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        bytes.resize(length.max(bytes.len()), fill);
        file.write_all_at(&bytes, 0)?;
        file.sync()
    }

    fn replace_by(&self, temporary: impl AsRef<OsStr>, name: &OsStr, bytes: &[u8], mode: u32) -> Result<()> {
        let temporary = temporary.as_ref();
        let result = self.write_new(temporary, bytes, mode).and_then(|()| self.rename(temporary, self, name));
        if result.is_err() {
            let _ = self.remove_file(temporary);
        }
        result?;
        self.sync()
    }

    fn write_new(&self, name: &OsStr, bytes: &[u8], mode: u32) -> Result<()> {
        let file = self.create(name, mode)?;
        file.write_all_at(bytes, 0)?;
        file.sync()
    }

    /// Renames an entry to another directory and name, replacing what is there.
    ///
    /// # Errors
    /// When the system does; an entry that is not there included.
    pub fn rename(&self, name: impl AsRef<OsStr>, to: &Dir, new_name: impl AsRef<OsStr>) -> Result<()> {
        self.rename_with(name.as_ref(), to, new_name.as_ref(), RenameFlags::empty())
    }

    /// Renames an entry unless the new name is taken; says whether it was renamed.
    ///
    /// # Errors
    /// When the system does; an entry that is not there included.
    pub fn rename_new(&self, name: impl AsRef<OsStr>, to: &Dir, new_name: impl AsRef<OsStr>) -> Result<bool> {
        match self.rename_with(name.as_ref(), to, new_name.as_ref(), RenameFlags::NOREPLACE) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn rename_with(&self, name: &OsStr, to: &Dir, new_name: &OsStr, flags: RenameFlags) -> Result<()> {
        let name = component(self, name)?;
        let new_name = component(to, new_name)?;
        self.guard("rename", name)?;
        rustix::fs::renameat_with(&self.fd, name, &to.fd, new_name, flags)
            .map_err(|e| self.error("rename", name, e))
    }

    /// Removes a file or link below; false when it is not there.
    ///
    /// # Errors
    /// When the system does.
    pub fn remove_file(&self, name: impl AsRef<OsStr>) -> Result<bool> {
        let name = component(self, name.as_ref())?;
        self.guard("unlink", name)?;
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::NOENT) => Ok(false),
            Err(error) => Err(self.error("unlink", name, error)),
        }
    }

    /// Removes an entry below with all that is in it; what is not there is fine.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn remove_all(&self, name: impl AsRef<OsStr>) -> Result<()> {
        let name = component(self, name.as_ref())?;
        crate::tree::remove(self.fd(), name, &self.join(name))
    }

    /// Makes the directory's entries durable.
    ///
    /// # Errors
    /// When the system does.
    pub fn sync(&self) -> Result<()> {
        fault::check("fsync", &self.path)
            .and_then(|()| Ok(rustix::fs::fsync(&self.fd)?))
            .map_err(|e| Error::new("fsync", &self.path, e))
    }

    /// The entries, in no particular order.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let error = |e: rustix::io::Errno| Error::new("readdir", &self.path, e);
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(error)? {
            let entry = entry.map_err(error)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                entries.push(Entry { name: name.to_owned(), kind: self.kind_of(name, entry.file_type())? });
            }
        }
        Ok(entries)
    }

    fn kind_of(&self, name: &OsStr, hint: FileType) -> Result<EntryKind> {
        let file_type = match hint {
            FileType::Unknown => match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                Err(rustix::io::Errno::NOENT) => FileType::Unknown,
                Err(error) => return Err(self.error("stat", name, error)),
            },
            known => known,
        };
        Ok(match file_type {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Dir,
            _ => EntryKind::Other,
        })
    }

    /// Whether it has no entries.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn is_empty(&self) -> Result<bool> {
        self.entries().map(|entries| entries.is_empty())
    }

    /// The length of a regular file below, if it is there.
    ///
    /// # Errors
    /// When it is something else, or the system cannot say.
    pub fn file_len(&self, name: impl AsRef<OsStr>) -> Result<Option<u64>> {
        let name = name.as_ref();
        let Some(stat) = self.stat(name)? else { return Ok(None) };
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            return Err(self.error("stat", name, error));
        }
        Ok(Some(u64::try_from(stat.st_size).unwrap_or(0)))
    }

    /// Device and inode number of a file below, if it is there: what tells whether it is the same file.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn file_id(&self, name: impl AsRef<OsStr>) -> Result<Option<(u64, u64)>> {
        Ok(self.stat(name.as_ref())?.map(|stat| (stat.st_dev, stat.st_ino)))
    }

    /// Bytes that an entry below occupies on disk, if it is there; holes do not count.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn file_blocks(&self, name: impl AsRef<OsStr>) -> Result<Option<u64>> {
        Ok(self.stat(name.as_ref())?.map(|stat| u64::try_from(stat.st_blocks).unwrap_or(0) * 512))
    }

    /// When an entry below was last changed, if it is there.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn modified(&self, name: impl AsRef<OsStr>) -> Result<Option<SystemTime>> {
        let seconds = |stat: rustix::fs::Stat| u64::try_from(stat.st_mtime).unwrap_or(0);
        let stat = self.stat(name.as_ref())?;
        Ok(stat.map(|stat| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds(stat))))
    }

    /// What an entry below is, if it is there; a link is a link.
    pub(crate) fn file_type(&self, name: impl AsRef<OsStr>) -> Result<Option<FileType>> {
        Ok(self.stat(name.as_ref())?.map(|stat| FileType::from_raw_mode(stat.st_mode)))
    }

    fn stat(&self, name: &OsStr) -> Result<Option<rustix::fs::Stat>> {
        let name = component(self, name)?;
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(self.error("stat", name, error)),
        }
    }

    /// Bytes that an ordinary user can still write on this file system.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn free_bytes(&self) -> Result<u64> {
        let stat = rustix::fs::fstatvfs(&self.fd).map_err(|e| Error::new("statfs", &self.path, e))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Takes the lock of a file below, making it when it is missing and waiting at most `patience`.
    ///
    /// # Errors
    /// When it cannot be had in time.
    pub fn lock(&self, name: impl AsRef<OsStr>, mode: LockMode, patience: Duration) -> Result<Lock> {
        Lock::acquire(self.lock_file(name.as_ref())?, mode, patience)
    }

    /// Takes the lock of a file below if it is free now.
    ///
    /// # Errors
    /// When the file cannot be made or the system cannot lock.
    pub fn try_lock(&self, name: impl AsRef<OsStr>, mode: LockMode) -> Result<Option<Lock>> {
        Lock::try_acquire(self.lock_file(name.as_ref())?, mode)
    }

    /// Most often the file is there: opening it changes nothing, so it is no fault point.
    fn lock_file(&self, name: &OsStr) -> Result<File> {
        match self.open_file(name, OFlags::RDWR, 0) {
            Err(error) if error.is_not_found() => self.file_mut(name, 0o600),
            result => result,
        }
    }

    fn guard(&self, operation: &'static str, name: &OsStr) -> Result<()> {
        fault::check(operation, &self.path).map_err(|e| self.error(operation, name, e))
    }

    fn error(&self, operation: &'static str, name: &OsStr, source: impl Into<io::Error>) -> Error {
        Error::new(operation, self.join(name), source)
    }
}

fn absent_is_none<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses what is not one ordinary component.
fn component<'a>(dir: &Dir, name: &'a OsStr) -> Result<&'a OsStr> {
    let bytes = name.as_bytes();
    let ordinary =
        !bytes.is_empty() && bytes != b"." && bytes != b".." && !bytes.contains(&b'/') && !bytes.contains(&0);
    if ordinary {
        return Ok(name);
    }
    let error = io::Error::new(io::ErrorKind::InvalidFilename, format!("{name:?} is not a plain file name"));
    Err(Error::new("open", &dir.path, error))
}

/// What a file is called while its only writer writes it.
fn temporary_of(name: &OsStr) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".new");
    temporary
}

/// A name that nobody else has: 128 random bits (DISK-3).
pub(crate) fn random_name() -> String {
    let mut name = String::from(".tmp-");
    for byte in random_bytes::<16>() {
        name.push_str(&format!("{byte:02x}"));
    }
    name
}

#[cfg(test)]
mod tests;
