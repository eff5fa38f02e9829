//! A file being read or written, with its path at hand for errors.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::dir::EntryKind;
use crate::error::{Error, Result};
use crate::fault;

/// An open regular file.
///
/// As [`Read`], [`Write`] and [`Seek`] its errors carry an [`Error`] with the path inside.
#[derive(Debug)]
pub struct File {
    inner: std::fs::File,
    path: PathBuf,
}

impl File {
    pub(crate) fn new(inner: std::fs::File, path: PathBuf) -> File {
        File { inner, path }
    }

    /// Opens a file that the user named, for reading; links on the way are theirs, and so is a FIFO that keeps
    /// them waiting.
    ///
    /// # Errors
    /// When it is not there or may not be read.
    pub fn open(path: &Path) -> Result<File> {
        let inner = std::fs::File::open(path).map_err(|e| Error::new("open", path, e))?;
        Ok(File::new(inner, path.to_owned()))
    }

    /// What it is: a file opened by [`File::open`] can be anything.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn kind(&self) -> Result<EntryKind> {
        let file_type = self.inner.metadata().map_err(|e| self.error("stat", e))?.file_type();
        Ok(match () {
            () if file_type.is_file() => EntryKind::File,
            () if file_type.is_dir() => EntryKind::Dir,
            () => EntryKind::Other,
        })
    }

    /// The path it was opened by, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn len(&self) -> Result<u64> {
        self.inner.metadata().map(|m| m.len()).map_err(|e| self.error("stat", e))
    }

    /// Whether it has no bytes.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn is_empty(&self) -> Result<bool> {
        self.len().map(|len| len == 0)
    }

    /// Reads everything from its position on.
    ///
    /// # Errors
    /// When that is more than `bytes_max` bytes, or cannot be read.
    pub fn read_whole(&self, bytes_max: u64) -> Result<Vec<u8>> {
        let expected = self.len()?.min(bytes_max);
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        let read = (&self.inner).take(bytes_max.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|e| self.error("read", e))?;
        if bytes.len() as u64 > bytes_max {
            let text = format!("has more than {bytes_max} bytes");
            return Err(self.error("read", io::Error::new(io::ErrorKind::FileTooLarge, text)));
        }
        Ok(bytes)
    }

    /// Reads some bytes at an offset, leaving the file's own position alone; 0 at the end.
    ///
    /// # Errors
    /// When the system does.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.inner.read_at(buffer, offset).map_err(|e| self.error("read", e))
    }

    /// Reads what is in memory already, without waiting for the disk: how many bytes of the buffer's front.
    ///
    /// # Errors
    /// When the system does; a file system that cannot say has nothing in memory.
    pub fn read_at_cached(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut buffers = [io::IoSliceMut::new(buffer)];
        let flags = rustix::io::ReadWriteFlags::NOWAIT;
        match rustix::io::preadv2(&self.inner, &mut buffers, offset, flags) {
            Ok(n) => Ok(n),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(0),
            Err(error) => Err(self.error("read", error.into())),
        }
    }

    /// Writes all bytes at an offset.
    ///
    /// # Errors
    /// When the system does, a full disk included.
    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        fault::check("write", &self.path)
            .and_then(|()| self.inner.write_all_at(bytes, offset))
            .map_err(|e| self.error("write", e))
    }

    /// Makes the bytes durable.
    ///
    /// # Errors
    /// When the system does.
    pub fn sync(&self) -> Result<()> {
        fault::check("fsync", &self.path)
            .and_then(|()| self.inner.sync_data())
            .map_err(|e| self.error("fsync", e))
    }

    /// Starts writing out a range, without waiting: the sync at the end is then short.
    pub fn start_writeback(&self, offset: u64, length: u64) {
        // Only advice: where the call does not exist nothing is lost.
        let _ = sys::sync_file_range(self.inner.as_fd(), offset, length);
    }

    /// Cuts or extends the file.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_len(&self, len: u64) -> Result<()> {
        fault::check("truncate", &self.path)
            .and_then(|()| self.inner.set_len(len))
            .map_err(|e| self.error("truncate", e))
    }

    /// Sets the permission bits.
    ///
    /// # Errors
    /// When the system does.
    pub fn set_mode(&self, mode: u32) -> Result<()> {
        fault::check("chmod", &self.path)
            .and_then(|()| self.inner.set_permissions(std::fs::Permissions::from_mode(mode)))
            .map_err(|e| self.error("chmod", e))
    }

    /// Device and inode number: what tells whether two handles are on the same file.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn id(&self) -> Result<(u64, u64)> {
        let metadata = self.inner.metadata().map_err(|e| self.error("stat", e))?;
        Ok((metadata.dev(), metadata.ino()))
    }

    /// The descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }

    /// A second handle on the same open file.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn try_clone(&self) -> Result<File> {
        let inner = self.inner.try_clone().map_err(|e| self.error("dup", e))?;
        Ok(File { inner, path: self.path.clone() })
    }

    pub(crate) fn std(&self) -> &std::fs::File {
        &self.inner
    }

    pub(crate) fn error(&self, operation: &'static str, source: io::Error) -> Error {
        Error::new(operation, &self.path, source)
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|e| self.error("read", e).into())
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        fault::check("write", &self.path)
            .and_then(|()| self.inner.write(bytes))
            .map_err(|e| self.error("write", e).into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to).map_err(|e| self.error("seek", e).into())
    }
}

mod sys {
    //! The one call that the system-call crate does not have.

    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd};

    /// Start write-out of dirty pages in the range that are not being written already.
    const SYNC_FILE_RANGE_WRITE: u32 = 2;

    // SAFETY: this is the C library's declaration. The call takes plain numbers and touches no memory of ours, so
    // that no argument can make it unsound; a number that is no descriptor is an error.
    #[expect(unsafe_code, reason = "the system-call crate has no sync_file_range")]
    unsafe extern "C" {
        #[link_name = "sync_file_range"]
        safe fn raw(fd: i32, offset: i64, length: i64, flags: u32) -> i32;
    }

    pub(super) fn sync_file_range(fd: BorrowedFd<'_>, offset: u64, length: u64) -> io::Result<()> {
        let (Ok(offset), Ok(length)) = (i64::try_from(offset), i64::try_from(length)) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if raw(fd.as_raw_fd(), offset, length, SYNC_FILE_RANGE_WRITE) == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}
