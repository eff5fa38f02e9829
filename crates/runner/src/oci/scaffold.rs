//! What every container has besides its image's files, as in Docker: it belongs to no layer, is no change and is not
//! committed.

use std::path::Path;

use super::place::Places;
use crate::error::Result;

/// Paths of it, folders before what is in them.
pub const SCAFFOLD: [&str; 11] = [
    "/.dockerenv",
    "/dev",
    "/dev/console",
    "/dev/pts",
    "/dev/shm",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/proc",
    "/sys",
];

/// Makes it in the files of a container that was never started.
///
/// # Errors
/// When the disk is full or read-only, or a file stands where a folder has to be.
pub fn make_scaffold(rootfs: &Path) -> Result<()> {
    make(&Places::open(rootfs)?)
}

/// Makes what the image does not have.
pub(super) fn make(places: &Places) -> Result<()> {
    for folder in ["proc", "sys", "dev"] {
        places.make_kernel_dir(folder)?;
    }
    places.make_dir("/dev/pts")?;
    places.make_dir("/dev/shm")?;
    for file in ["/dev/console", "/.dockerenv", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"] {
        places.make_file(file)?;
    }
    places.make_link("/etc", "mtab", "/proc/mounts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_made_is_listed() {
        let tmp = tempfile::tempdir().unwrap();
        std::fs::create_dir(tmp.path().join("etc")).unwrap();
        std::fs::write(tmp.path().join("etc/hosts"), "kept").unwrap();
        make(&Places::open(tmp.path()).unwrap()).unwrap();
        make(&Places::open(tmp.path()).unwrap()).unwrap();
        let mut found = Vec::new();
        let mut folders = vec![tmp.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path.clone());
                }
                found.push(format!("/{}", path.strip_prefix(tmp.path()).unwrap().display()));
            }
        }
        found.retain(|path| path != "/etc");
        found.sort();
        assert_eq!(found, SCAFFOLD);
        assert_eq!(std::fs::read(tmp.path().join("etc/hosts")).unwrap(), b"kept");
        assert_eq!(std::fs::read_link(tmp.path().join("etc/mtab")).unwrap().to_str(), Some("/proc/mounts"));
    }
}
