//! Undoing mounts by where they are.

#![expect(clippy::disallowed_methods, reason = "what starts have mounted is unmounted here")]

use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::mount::{UnmountFlags, unmount};

use crate::error::Result;

/// A line has some hundred bytes, and a machine some thousand mounts.
const TABLE_BYTES_MAX: u64 = 64 << 20;

/// Undoes everything that is mounted at or below a path, the deepest first. What somebody still works in is taken
/// out of sight now and goes when they leave.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn unmount_below(path: &Path) -> Result<()> {
    let table = disk::read_named(Path::new("/proc/self/mountinfo"), TABLE_BYTES_MAX)?;
    let mut targets = targets_below(&table, path);
    // The last one mounted is the first to go.
    targets.reverse();
    for target in targets {
        let flags = UnmountFlags::NOFOLLOW;
        let result = unmount(&target, flags).or_else(|_| unmount(&target, flags | UnmountFlags::DETACH));
        match result {
            Ok(()) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOENT) => {}
            Err(errno) => return Err(disk::Error::new("unmount", target, errno).into()),
        }
    }
    Ok(())
}

/// Mount points at or below a path, in the order they were mounted in.
fn targets_below(table: &[u8], path: &Path) -> Vec<PathBuf> {
    let lines = table.split(|&byte| byte == b'\n');
    let points = lines.filter_map(|line| line.split(|&byte| byte == b' ').nth(4)).map(unescape);
    points.filter(|point| point.starts_with(path)).collect()
}

/// Blanks and backslashes stand as three octal digits.
pub(crate) fn unescape(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_found_by_whole_components() {
        let table = b"22 1 0:20 / /run/a rw - tmpfs x rw\n23 1 0:21 / /run/ab rw - tmpfs x rw\n\
                      24 1 0:22 / /run/a/b\\040c\\134 rw - tmpfs x rw\n25 1 0:23 / / rw - ext4 x rw\nshort\n";
        let expect = [Path::new("/run/a"), Path::new("/run/a/b c\\")];
        assert_eq!(targets_below(table, Path::new("/run/a")), expect);
    }
}
