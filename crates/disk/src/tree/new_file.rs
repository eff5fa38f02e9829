//! A file that was just made, while it is being filled.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use super::metadata::{self, Owner, Time};
use crate::error::{Error, Result};
use crate::fault;

/// A new file, open for writing. Owner, mode, time and attributes are set on its descriptor (TAR-7).
#[derive(Debug)]
pub struct NewFile {
    fd: OwnedFd,
    path: PathBuf,
}

impl NewFile {
    pub(super) fn new(fd: OwnedFd, path: PathBuf) -> NewFile {
        NewFile { fd, path }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// When the system does.
    pub fn write_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.check("write")?;
        while !bytes.is_empty() {
            match rustix::io::write(&self.fd, bytes) {
                Ok(0) => return Err(self.error("write", std::io::ErrorKind::WriteZero.into())),
                Ok(n) => bytes = &bytes[n..],
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(self.error("write", error.into())),
            }
        }
        Ok(())
    }

    /// Writes bytes at an offset; what is passed over becomes a hole.
    ///
    /// # Errors
    /// When the system does.
    pub fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        rustix::fs::seek(&self.fd, rustix::fs::SeekFrom::Start(offset))
            .map_err(|e| self.error("seek", e.into()))?;
        self.write_all(bytes)
    }

    /// Sets the length; what is added is a hole.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_len(&self, bytes: u64) -> Result<()> {
        self.check("truncate")?;
        rustix::fs::ftruncate(&self.fd, bytes).map_err(|e| self.error("truncate", e.into()))
    }

    /// Gives the file away.
    ///
    /// # Errors
    /// For want of the privilege, or when the system does.
    pub fn set_owner(&self, owner: Owner) -> Result<()> {
        self.own(metadata::set_owner(self.fd.as_fd(), &self.path, owner))
    }

    /// Sets the mode, whatever the umask made of it; after the owner, whose change clears setuid.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_mode(&self, mode: u32) -> Result<()> {
        self.own(metadata::set_mode(self.fd.as_fd(), &self.path, mode))
    }

    /// Sets the time; after the last write.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_mtime(&self, mtime: Time) -> Result<()> {
        self.own(metadata::set_mtime(self.fd.as_fd(), &self.path, mtime))
    }

    /// Sets an extended attribute; after the owner, whose change clears capabilities.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_xattr(&self, name: &[u8], value: &[u8]) -> Result<()> {
        self.own(metadata::set_xattr(self.fd.as_fd(), &self.path, name, value))
    }

    /// Takes an extended attribute away, if it is there.
    ///
    /// # Errors
    /// When the system does.
    pub fn remove_xattr(&self, name: &[u8]) -> Result<()> {
        self.own(metadata::remove_xattr(self.fd.as_fd(), &self.path, name))
    }

    fn check(&self, operation: &'static str) -> Result<()> {
        fault::check(operation, &self.path).map_err(|e| self.error(operation, e))
    }

    fn own<T>(&self, result: std::result::Result<T, (&'static str, std::io::Error)>) -> Result<T> {
        result.map_err(|(operation, error)| self.error(operation, error))
    }

    fn error(&self, operation: &'static str, error: std::io::Error) -> Error {
        Error::new(operation, &self.path, error)
    }
}

impl AsFd for NewFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
