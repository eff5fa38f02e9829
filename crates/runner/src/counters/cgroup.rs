//! A container's cgroup in whatever hierarchies the machine has.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use disk::EntryKind;

use super::{ROOT, text};

/// Cgroups below a container's own are made by what runs in it, as many as it likes; nobody needs more.
const CGROUPS_MAX: usize = 10_000;

/// A container's cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    root: PathBuf,
    path: PathBuf,
}

impl Cgroup {
    /// That of a path below each hierarchy's root, such as `/strata/<id>`.
    pub fn of(path: &str) -> Cgroup {
        Cgroup::below(Path::new(ROOT), path)
    }

    pub(super) fn below(root: &Path, path: &str) -> Cgroup {
        Cgroup { root: root.to_owned(), path: PathBuf::from(path.trim_matches('/')) }
    }

    /// Whether a controller of version 1 is version 2's here.
    pub(super) fn is_unified(&self, controller: &str) -> bool {
        !self.root.join(controller).join(&self.path).is_dir()
    }

    /// A controller's file.
    pub(super) fn file(&self, controller: &str, name: &str) -> PathBuf {
        self.folder(controller).join(name)
    }

    fn folder(&self, controller: &str) -> PathBuf {
        let of_version_1 = self.root.join(controller).join(&self.path);
        if of_version_1.is_dir() {
            return of_version_1;
        }
        let of_both = self.root.join("unified").join(&self.path);
        if of_both.is_dir() { of_both } else { self.root.join(&self.path) }
    }

    /// The processes in it and in those that were made below it, in no order.
    pub fn pids(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        let mut waiting = VecDeque::from([self.folder("pids")]);
        let mut seen = 0;
        while let Some(folder) = waiting.pop_front().filter(|_| seen < CGROUPS_MAX) {
            seen += 1;
            pids.extend(
                text(&folder.join("cgroup.procs")).lines().filter_map(|line| line.parse::<i32>().ok()),
            );
            let Ok(entries) = disk::Dir::open(&folder).and_then(|dir| dir.entries()) else { continue };
            let below = entries.into_iter().filter(|entry| entry.kind == EntryKind::Dir);
            waiting.extend(below.map(|entry| folder.join(entry.name)));
        }
        pids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_of_cgroups_below_belong_to_it() {
        let machine = tempfile::tempdir().unwrap();
        for (folder, pids) in
            [("pids/a", "1\n2\n"), ("pids/a/b", "3\n"), ("pids/a/b/c", ""), ("pids/other", "9\n")]
        {
            std::fs::create_dir_all(machine.path().join(folder)).unwrap();
            std::fs::write(machine.path().join(folder).join("cgroup.procs"), pids).unwrap();
        }
        assert_eq!(Cgroup::below(machine.path(), "/a").pids(), [1, 2, 3]);
        assert!(Cgroup::below(machine.path(), "/none").pids().is_empty());
    }
}
