//! Whether what is mounted later, on this machine or in a container, shows on the other side.

use std::path::{Path, PathBuf};

use super::OciError;
use crate::mounts::unescape;

/// A line has some hundred bytes, and a machine some thousand mounts.
const TABLE_BYTES_MAX: u64 = 64 << 20;

/// What the mounts of a container need of its root.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Propagation {
    is_shared: bool,
    is_slave: bool,
}

impl Propagation {
    /// Takes in a mount; the file system that its source is on must allow what is asked for.
    pub(super) fn see(&mut self, source: &str, asked: &str) -> Result<(), OciError> {
        let (wanted, enough): (_, fn(Shown) -> bool) = match asked {
            "shared" | "rshared" => ("shared", |shown| shown.is_shared),
            "slave" | "rslave" => ("shared or slave", |shown| shown.is_shared || shown.is_slave),
            _ => return Ok(()),
        };
        let real = std::fs::canonicalize(source).unwrap_or_else(|_| PathBuf::from(source));
        let (mount, shown) = shown(&real);
        if !enough(shown) {
            let mount = mount.display().to_string();
            return Err(OciError::Propagation { path: source.to_owned(), mount, wanted });
        }
        self.is_shared |= wanted == "shared";
        self.is_slave = true;
        Ok(())
    }

    /// What the root must be, where it matters.
    pub(super) fn of_root(self) -> Option<&'static str> {
        match (self.is_shared, self.is_slave) {
            (true, _) => Some("shared"),
            (false, true) => Some("rslave"),
            (false, false) => None,
        }
    }
}

/// How a file system shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shown {
    is_shared: bool,
    is_slave: bool,
}

/// Where the file system that a path is on is mounted, and how it shows.
fn shown(path: &Path) -> (PathBuf, Shown) {
    let table = disk::read_named(Path::new("/proc/self/mountinfo"), TABLE_BYTES_MAX).unwrap_or_default();
    shown_in(&table, path)
}

fn shown_in(table: &[u8], path: &Path) -> (PathBuf, Shown) {
    let mut found = (PathBuf::from("/"), Shown::default());
    for line in table.split(|&byte| byte == b'\n') {
        let mut fields = line.split(|&byte| byte == b' ');
        let Some(point) = fields.nth(4).map(unescape) else { continue };
        // Of two at the same place the later one is seen.
        if path.starts_with(&point) && point.components().count() >= found.0.components().count() {
            let tags: Vec<&[u8]> = fields.skip(1).take_while(|field| *field != b"-").collect();
            let has = |name: &[u8]| tags.iter().any(|tag| tag.starts_with(name));
            found = (point, Shown { is_shared: has(b"shared:"), is_slave: has(b"master:") });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_mounts_ask_for_nothing() {
        let mut propagation = Propagation::default();
        for asked in ["", "rprivate", "private"] {
            propagation.see("/proc/none", asked).unwrap();
        }
        assert_eq!(propagation.of_root(), None);
        assert_eq!(Propagation { is_shared: false, is_slave: true }.of_root(), Some("rslave"));
        assert_eq!(Propagation { is_shared: true, is_slave: true }.of_root(), Some("shared"));
    }

    #[test]
    fn what_is_not_shared_cannot_be() {
        let table = b"22 1 0:20 / / rw shared:1 - ext4 x rw\n23 1 0:21 / /a rw - tmpfs x rw\n\
                      24 1 0:22 / /a/b\\040c rw master:3 shared:4 - tmpfs x rw\n25 1 0:23 / /ab rw master:5 - ext4 x rw\n\
                      26 1 0:24 / /a/b\\040c rw - ext4 x rw\nshort\n";
        let check = |path: &str, point: &str, is_shared: bool, is_slave: bool| {
            let expect = (PathBuf::from(point), Shown { is_shared, is_slave });
            assert_eq!(shown_in(table, Path::new(path)), expect, "{path}");
        };
        check("/x/y", "/", true, false);
        check("/a/x", "/a", false, false);
        check("/ab/x", "/ab", false, true);
        check("/a/b c/d", "/a/b c", false, false);
        let error = Propagation::default().see("/proc/self", "rshared");
        let (mount, how) = shown(&std::fs::canonicalize("/proc/self").unwrap());
        match error {
            Ok(()) => assert!(how.is_shared),
            Err(error) => {
                let mount = mount.display();
                let expect = format!("path /proc/self is mounted on {mount} but it is not a shared mount");
                assert_eq!(error.to_string(), expect);
            }
        }
    }
}
