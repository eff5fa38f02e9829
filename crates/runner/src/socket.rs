//! Sockets with names of any length: the kernel takes 107 bytes for the path of one, and a container's id has 64.
//! They are reached through the folder that they are in.

#![expect(clippy::disallowed_methods, reason = "monitors listen, and commands talk to them")]

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use disk::Dir;

/// Listens at a path; a socket that is there already is in the way.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    through_folder(path, |path| UnixListener::bind(path))
}

/// Connects to who listens at a path.
pub(crate) fn connect(path: &Path) -> io::Result<UnixStream> {
    through_folder(path, |path| UnixStream::connect(path))
}

/// A short path to a name in an open folder, for any process of this user for as long as this one has it open.
pub(crate) fn short_path(folder: &Dir, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/{}/{name}", std::process::id(), folder.fd().as_raw_fd()))
}

fn through_folder<T>(path: &Path, call: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let named = path.parent().zip(path.file_name().and_then(|name| name.to_str()));
    let (folder, name) = named.ok_or(io::ErrorKind::InvalidInput)?;
    let folder = Dir::open(folder).map_err(|error| io::Error::new(error.kind(), error))?;
    call(&short_path(&folder, name))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn paths_of_sockets_may_be_long() {
        let tmp = tempfile::tempdir().unwrap();
        let folder = tmp.path().join("x".repeat(200));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("socket");
        assert!(UnixListener::bind(&path).is_err(), "it is too long for the kernel");
        let listener = bind(&path).unwrap();
        let mut stream = connect(&path).unwrap();
        stream.write_all(b"x").unwrap();
        drop(stream);
        let mut heard = String::new();
        listener.accept().unwrap().0.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "x");
        assert_eq!(connect(&folder.join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(connect(&folder.join("none/x")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(bind(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
