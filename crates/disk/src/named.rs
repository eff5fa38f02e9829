//! Files outside the store that the user, the configuration or the system named by path: links on the way are
//! theirs. Output files are in [`crate::Output`].

use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};

use crate::error::{Error, Result};
use crate::file::File;

/// Reads a whole file: a configuration, a certificate, something of `/etc` or `/proc`.
///
/// # Errors
/// When it is not there, is no regular file, has more than `bytes_max` bytes, or cannot be read.
pub fn read_named(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    // Without blocking on a FIFO.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| Error::new("open", path, e))?;
    let stat = rustix::fs::fstat(&fd).map_err(|e| Error::new("stat", path, e))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => File::new(fd.into(), path.to_owned()).read_whole(bytes_max),
        FileType::Directory => Err(Error::new("read", path, rustix::io::Errno::ISDIR)),
        _ => {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file");
            Err(Error::new("read", path, error))
        }
    }
}

/// Makes a folder that the user named, with those above it; it may be there.
///
/// # Errors
/// When it cannot be made.
pub fn create_folders(path: &Path) -> Result<()> {
    crate::fault::check("mkdir", path)
        .and_then(|()| std::fs::create_dir_all(path))
        .map_err(|e| Error::new("mkdir", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_their_limit() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("config.json");
        std::fs::write(&path, "12345").unwrap();
        let link = temporary.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read_named(&path, 5).unwrap(), b"12345");
        assert_eq!(read_named(&link, 5).unwrap(), b"12345");
        let error = read_named(&path, 4).unwrap_err().to_string();
        assert!(error.ends_with("config.json: has more than 4 bytes"), "{error}");
        assert!(read_named(&temporary.path().join("none"), 4).unwrap_err().is_not_found());
        assert!(read_named(temporary.path(), 4).unwrap_err().to_string().ends_with(": is a directory"));
    }

    #[test]
    fn a_file_that_says_it_is_empty_is_read() {
        assert!(!read_named(Path::new("/proc/self/status"), 1 << 20).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_file_does_not_block() {
        assert!(
            read_named(Path::new("/dev/zero"), 4).unwrap_err().to_string().contains("not a regular file")
        );
        let temporary = tempfile::tempdir().unwrap();
        let fifo = temporary.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert!(read_named(&fifo, 4).is_err());
    }
}
