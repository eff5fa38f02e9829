//! The directories that are held open while a layer is applied: the one that is being filled and those around
//! it, so that a small file costs no path lookup.
//!
//! Filling a directory changes its time. So each one held knows the time it is to have, and gets it when the
//! archive moves on to another one, deepest first (TAR-17); a directory that is come back to is looked at before
//! it is touched. That way the times of any number of directories are right in the end in bounded memory.

use disk::tree::{Folder, Follow, Time, Tree};

use crate::xattr::ACL_DEFAULT;

/// Directories held at a time: as deep as ordinary trees are.
const HELD_MAX: usize = 24;

/// A directory that is held open.
#[derive(Debug)]
pub(super) struct Held {
    path: Vec<u8>,
    pub(super) folder: Folder,
    /// The time that it is to have.
    pub(super) mtime: Time,
    is_touched: bool,
    /// New files get the directory's group, not the process's.
    pub(super) is_setgid: bool,
    /// New files get an access list that nobody asked for.
    pub(super) has_default_acl: bool,
}

#[derive(Debug)]
pub(super) struct Open<'t> {
    tree: &'t Tree,
    held: Vec<Held>,
    /// Whether directories may be there that this layer has not made.
    may_inherit: bool,
}

impl<'t> Open<'t> {
    pub(super) fn new(tree: &'t Tree, may_inherit: bool) -> Open<'t> {
        Open { tree, held: Vec::new(), may_inherit }
    }

    /// The directory at a path, to be looked at.
    pub(super) fn folder(&mut self, path: &[u8]) -> disk::Result<&mut Held> {
        self.let_go(|held| is_within(path, &held.path))?;
        if self.held.last().is_none_or(|held| held.path != path) {
            let folder = self.tree.folder(path, Follow::Never)?;
            let stat = folder.own_stat()?;
            let has_default_acl =
                self.may_inherit && folder.xattr_names()?.iter().any(|name| name == ACL_DEFAULT);
            self.hold(path, folder, stat.mtime, stat.mode, false)?;
            self.last().has_default_acl = has_default_acl;
        }
        Ok(self.last())
    }

    /// The directory at a path, about to be changed.
    pub(super) fn touch(&mut self, path: &[u8]) -> disk::Result<&mut Held> {
        let held = self.folder(path)?;
        held.is_touched = true;
        Ok(held)
    }

    /// Holds a directory that was just made or given its metadata. Its time is set when it is let go.
    pub(super) fn hold_new(
        &mut self,
        path: &[u8],
        folder: Folder,
        mtime: Time,
        mode: u32,
    ) -> disk::Result<()> {
        self.hold(path, folder, mtime, mode, true)
    }

    fn hold(
        &mut self,
        path: &[u8],
        folder: Folder,
        mtime: Time,
        mode: u32,
        is_touched: bool,
    ) -> disk::Result<()> {
        // Only the directories around it stay: each held one is in the one before.
        self.let_go(|held| held.path != path && is_within(path, &held.path))?;
        if self.held.len() == HELD_MAX {
            release(self.held.remove(0))?;
        }
        let is_setgid = mode & 0o2000 != 0;
        let path = path.to_vec();
        self.held.push(Held { path, folder, mtime, is_touched, is_setgid, has_default_acl: false });
        Ok(())
    }

    /// Forgets directories that are about to be removed, with all that is in them.
    pub(super) fn forget(&mut self, path: &[u8]) {
        self.held.retain(|held| !is_within(&held.path, path));
    }

    /// Lets all go.
    pub(super) fn finish(&mut self) -> disk::Result<()> {
        self.let_go(|_| false)
    }

    fn let_go(&mut self, keep: impl Fn(&Held) -> bool) -> disk::Result<()> {
        while let Some(held) = self.held.pop_if(|held| !keep(held)) {
            release(held)?;
        }
        Ok(())
    }

    fn last(&mut self) -> &mut Held {
        let last = self.held.len() - 1;
        &mut self.held[last]
    }
}

fn release(held: Held) -> disk::Result<()> {
    if held.is_touched { held.folder.set_mtime(held.mtime) } else { Ok(()) }
}

/// Whether a path is this directory or below it.
fn is_within(path: &[u8], dir: &[u8]) -> bool {
    match path.strip_prefix(dir) {
        Some(rest) => dir.is_empty() || rest.is_empty() || rest[0] == b'/',
        None => false,
    }
}
