//! Network namespaces that stay without a process in them: each is a mount on a file.

#![expect(clippy::disallowed_methods, reason = "a namespace is kept by a mount")]

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use disk::Dir;
use rustix::fs::{FsWord, fstatfs};
use rustix::mount::{UnmountFlags, mount_bind, unmount};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::NetworkError;
use crate::error::Result;

/// The file's name in a container's run folder.
pub(super) const FILE: &str = "netns";
/// What the kernel calls the file system of namespaces.
const NSFS_MAGIC: FsWord = 0x6e73_6673;

/// Makes a new namespace on the file; one that is there is given up.
pub(super) fn make(folder: &Dir) -> Result<()> {
    remove(folder)?;
    drop(folder.create(FILE, 0o600)?);
    let path = folder.join(FILE);
    // A thread of its own, since it cannot go back.
    let made = std::thread::scope(|scope| scope.spawn(|| unshare_onto(&path)).join());
    let made = made.unwrap_or(Err(rustix::io::Errno::IO));
    made.map_err(|errno| NetworkError::Namespace { path, source: errno.into() }.into())
}

#[expect(unsafe_code, reason = "a thread leaves the namespace of its process")]
fn unshare_onto(path: &Path) -> rustix::io::Result<()> {
    // SAFETY: the thread shares no file descriptors or file system state that others rely on being shared, and ends
    // after the next call.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET)? };
    mount_bind("/proc/thread-self/ns/net", path)
}

/// Whether there is a namespace on the file.
pub(super) fn is_there(folder: &Dir) -> bool {
    let found = File::open(folder.join(FILE)).ok().and_then(|file| fstatfs(file.as_fd()).ok());
    found.is_some_and(|stat| stat.f_type == NSFS_MAGIC)
}

/// Undoes the mount and removes the file; what is not there is fine. The namespace itself goes with its last process.
pub(super) fn remove(folder: &Dir) -> Result<()> {
    let path = folder.join(FILE);
    while is_there(folder) {
        unmount(&path, UnmountFlags::NOFOLLOW | UnmountFlags::DETACH)
            .map_err(|errno| disk::Error::new("unmount", &path, errno))?;
    }
    folder.remove_file(FILE)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::network::with_mounts_of_its_own;

    #[test]
    fn a_namespace_outlives_its_thread() {
        with_mounts_of_its_own(|| {
            let tmp = tempfile::tempdir().unwrap();
            let folder = Dir::open(tmp.path()).unwrap();
            remove(&folder).unwrap();
            make(&folder).unwrap();
            assert!(is_there(&folder));
            let own = std::fs::metadata("/proc/thread-self/ns/net").unwrap();
            let made = std::fs::metadata(folder.join(FILE)).unwrap();
            assert_ne!(own.ino(), made.ino(), "who makes it stays where it is");
            remove(&folder).unwrap();
            assert!(!folder.join(FILE).exists());
            remove(&folder).unwrap();
        });
    }
}
