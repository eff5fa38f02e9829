//! A container's files as it sees them: its root, and what is mounted below.

use std::collections::VecDeque;

use disk::tree::{FileKind, Folder, Follow, Stat, Tree};

use super::path::{below, clean, components, join, split};
use crate::error::Error;

/// Links that are followed on the way to one file; the kernel's number.
const LINKS_MAX: usize = 40;

/// Something mounted: a tree, or one file of it.
pub(super) struct Mount {
    /// Where, a clean path.
    pub(super) at: Vec<u8>,
    /// Where its files are.
    pub(super) tree: Tree,
    /// The one file's name in the tree; empty for the whole tree.
    pub(super) file: Vec<u8>,
    /// Whether it can be written.
    pub(super) writable: bool,
}

/// A root and what is mounted below. Paths in it are clean; nothing that is reached by one is outside.
pub(in crate::ops::container) struct View {
    pub(super) root: Tree,
    pub(super) root_writable: bool,
    pub(super) mounts: Vec<Mount>,
}

/// What a path leads to.
#[derive(Debug)]
pub(super) struct Found {
    /// The same without links.
    pub(super) path: Vec<u8>,
    /// What is there; nothing where only the last name is missing.
    pub(super) stat: Option<Stat>,
}

/// Why a path leads nowhere.
#[derive(Debug)]
pub(super) enum Lost {
    /// Something on the way is not there; the clean path it would have been.
    Missing(Vec<u8>),
    /// Something on the way is no directory.
    NotADirectory,
    /// Too many links.
    Loop,
    /// The system said no.
    Disk(disk::Error),
}

impl From<disk::Error> for Lost {
    fn from(error: disk::Error) -> Lost {
        Lost::Disk(error)
    }
}

impl Lost {
    /// In words, of a path as it was asked for.
    pub(super) fn of(self, path: &str) -> Error {
        let words = match self {
            Lost::Missing(_) => "no such file or directory",
            Lost::NotADirectory => "not a directory",
            Lost::Loop => "too many levels of symbolic links",
            Lost::Disk(error) => return error.into(),
        };
        Error::invalid(format!("lstat {path}: {words}"))
    }
}

impl View {
    /// One tree with nothing mounted in it.
    pub(super) fn plain(root: Tree) -> View {
        View { root, root_writable: true, mounts: Vec::new() }
    }

    /// What a path that was typed leads to; a link at its end is followed if asked to.
    pub(super) fn find(&self, path: &[u8], follow: bool) -> Result<Found, Lost> {
        let mut ahead: VecDeque<Vec<u8>> = components(&clean(path)).map(<[u8]>::to_vec).collect();
        let mut at = Vec::new();
        let mut stat = Some(self.root.folder(b"", Follow::Never)?.own_stat()?);
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == b".." {
                at = split(&at).map(|(folder, _)| folder.to_vec()).unwrap_or_default();
                stat = self.stat(&at)?;
                continue;
            }
            match stat {
                None => {
                    let rest = Vec::from(ahead).join(&b'/');
                    return Err(Lost::Missing(clean(&[&at[..], b"/", &name, b"/", &rest].concat())));
                }
                Some(stat) if stat.kind != FileKind::Dir => return Err(Lost::NotADirectory),
                Some(_) => {}
            }
            let next = join(&at, &name);
            let there = self.stat(&next)?;
            if !there.is_some_and(|stat| stat.kind == FileKind::Symlink) || (ahead.is_empty() && !follow) {
                (at, stat) = (next, there);
                continue;
            }
            links += 1;
            if links > LINKS_MAX {
                return Err(Lost::Loop);
            }
            let target = self.read_link(&next)?;
            if target.starts_with(b"/") {
                at.clear();
                stat = self.stat(b"")?;
            }
            components(&target).rev().for_each(|part| ahead.push_front(part.to_vec()));
        }
        Ok(Found { path: at, stat })
    }

    /// What is at a path without links.
    pub(super) fn stat(&self, path: &[u8]) -> disk::Result<Option<Stat>> {
        let (tree, inner) = self.place(path);
        match split(&inner) {
            None => Ok(Some(tree.folder(b"", Follow::Never)?.own_stat()?)),
            Some((folder, name)) => tree.folder(folder, Follow::Never)?.stat(name),
        }
    }

    fn read_link(&self, path: &[u8]) -> disk::Result<Vec<u8>> {
        let (tree, inner) = self.place(path);
        let (folder, name) = split(&inner).unwrap_or_default();
        tree.folder(folder, Follow::Never)?.read_link(name)
    }

    /// The directory at a path without links.
    pub(super) fn folder(&self, path: &[u8]) -> disk::Result<Folder> {
        let (tree, inner) = self.place(path);
        tree.folder(&inner, Follow::Never)
    }

    /// The tree that a path without links is in, and its path there.
    fn place(&self, path: &[u8]) -> (&Tree, Vec<u8>) {
        match self.mount_of(path) {
            Some(mount) => (&mount.tree, join(&mount.file, below(path, &mount.at).unwrap_or_default())),
            None => (&self.root, path.to_vec()),
        }
    }

    /// The mount that a path is in: the deepest.
    pub(super) fn mount_of(&self, path: &[u8]) -> Option<&Mount> {
        let holding = self.mounts.iter().filter(|mount| below(path, &mount.at).is_some());
        holding.max_by_key(|mount| mount.at.len())
    }

    /// Refuses a path where nothing may be written, in Docker's words.
    pub(super) fn check_writable(&self, path: &[u8]) -> crate::error::Result<()> {
        match self.mount_of(path) {
            Some(mount) if !mount.writable => Err(Error::invalid("mounted volume is marked read-only")),
            None if !self.root_writable => Err(Error::invalid("container rootfs is marked read-only")),
            _ => Ok(()),
        }
    }

    /// Whether something is mounted at exactly this path.
    pub(super) fn is_mount(&self, path: &[u8]) -> bool {
        self.mounts.iter().any(|mount| mount.at == path)
    }
}
