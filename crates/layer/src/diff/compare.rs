//! The list of changes.

use std::io::Read;

use disk::tree::{FileKind, Folder, Follow, Stat, Step, Tree, Walk};

use super::{Change, ChangeKind, Trees};
use crate::error::Error;

/// Marks a directory of an overlay that hides what is below it.
const OPAQUE: [&[u8]; 2] = [b"trusted.overlay.opaque", b"user.overlay.opaque"];

/// A directory that is being looked at.
struct Level {
    /// The same one as it was; nothing when there was none.
    before: Option<Folder>,
    /// How many changes there were before it.
    mark: usize,
    /// What it would be listed as for itself.
    own: Option<ChangeKind>,
    path: Vec<u8>,
}

/// Lists what was changed, by path. What `is_ours` says yes to, given its path and what it is now, is not the user's
/// doing and is left out; with it go directories that hold nothing else.
///
/// # Errors
/// When one of the trees cannot be read.
pub fn compare(trees: Trees<'_>, is_ours: &dyn Fn(&[u8], &Stat) -> bool) -> Result<Vec<Change>, Error> {
    let mut comparing = Comparing { trees, is_ours, levels: Vec::new(), changes: Vec::new() };
    let mut walk = Walk::new(trees.touched.unwrap_or(trees.now))?;
    while let Some(step) = walk.next()? {
        match step {
            Step::Enter { folder, path, stat } => comparing.enter(folder, path, &stat)?,
            Step::Entry { folder, path, name, stat } => comparing.entry(folder, path, name, &stat)?,
            Step::Leave { .. } => comparing.leave(),
        }
    }
    comparing.changes.sort();
    Ok(comparing.changes)
}

struct Comparing<'c> {
    trees: Trees<'c>,
    is_ours: &'c dyn Fn(&[u8], &Stat) -> bool,
    levels: Vec<Level>,
    changes: Vec<Change>,
}

impl Comparing<'_> {
    fn enter(&mut self, folder: &Folder, path: &[u8], stat: &Stat) -> Result<(), Error> {
        let (before, own) = match path {
            b"" => (Some(self.trees.before.folder(b"", Follow::Never)?), None),
            _ => self.directory(folder, path, stat)?,
        };
        let mark = self.changes.len();
        self.levels.push(Level { before, mark, own, path: path.to_owned() });
        self.removed_from(folder, path)
    }

    /// The directory as it was, and what it is listed as.
    fn directory(
        &self,
        folder: &Folder,
        path: &[u8],
        stat: &Stat,
    ) -> Result<(Option<Folder>, Option<ChangeKind>), Error> {
        let name = last(path);
        let Some(parent) = self.levels.last().and_then(|level| level.before.as_ref()) else {
            return Ok((None, Some(ChangeKind::Added)));
        };
        match parent.stat(name)? {
            None => Ok((None, Some(ChangeKind::Added))),
            Some(old) if old.kind != FileKind::Dir => Ok((None, Some(ChangeKind::Modified))),
            Some(old) => {
                let before = parent.folder(name)?;
                let same = old.mode == stat.mode
                    && old.owner == stat.owner
                    && (old.mtime == stat.mtime || (self.is_ours)(path, stat))
                    && kept(before.xattrs()?) == kept(folder.xattrs()?);
                Ok((Some(before), (!same).then_some(ChangeKind::Modified)))
            }
        }
    }

    /// What was in a directory and is not any more. In an overlay's directory whiteouts say that, unless it hides all
    /// that is below it.
    fn removed_from(&mut self, folder: &Folder, path: &[u8]) -> Result<(), Error> {
        let Some(before) = self.levels.last().and_then(|level| level.before.as_ref()) else { return Ok(()) };
        if self.trees.touched.is_some() && !is_opaque(folder)? {
            return Ok(());
        }
        let mut names = folder.names()?;
        names.sort();
        let gone: Vec<Vec<u8>> =
            before.names()?.into_iter().filter(|name| names.binary_search(name).is_err()).collect();
        for name in gone {
            self.changes.push(Change { path: crate::name::join(path, &name), kind: ChangeKind::Deleted });
        }
        Ok(())
    }

    fn entry(&mut self, folder: &Folder, path: &[u8], name: &[u8], stat: &Stat) -> Result<(), Error> {
        let before = self.levels.last().and_then(|level| level.before.as_ref());
        let old = before.map(|before| before.stat(name)).transpose()?.flatten();
        if self.trees.touched.is_some() && is_whiteout(stat) {
            if old.is_some() {
                self.changes.push(Change { path: path.to_owned(), kind: ChangeKind::Deleted });
            }
            return Ok(());
        }
        // What cannot be in a layer is no change of one.
        if stat.kind == FileKind::Socket || (self.is_ours)(path, stat) {
            return Ok(());
        }
        let kind = match (old, before) {
            (Some(old), Some(before)) => match is_same(before, &old, folder, stat, name)? {
                true => return Ok(()),
                false => ChangeKind::Modified,
            },
            _ => ChangeKind::Added,
        };
        self.changes.push(Change { path: path.to_owned(), kind });
        Ok(())
    }

    /// A directory is listed for itself or for what is in it. An added one that holds only what is not the user's
    /// doing, and would not be there without that, is not.
    fn leave(&mut self) {
        let Some(level) = self.levels.pop() else { return };
        let holds_changes = self.changes.len() > level.mark;
        let kind = match level.own {
            Some(ChangeKind::Added) if !holds_changes && self.was_made_for_us(&level.path) => return,
            Some(kind) => kind,
            None if holds_changes => ChangeKind::Modified,
            None => return,
        };
        if !level.path.is_empty() {
            self.changes.push(Change { path: level.path, kind });
        }
    }

    fn was_made_for_us(&self, path: &[u8]) -> bool {
        let (parent, name) = crate::name::split(path);
        let stat = self.trees.now.folder(parent, Follow::Never).and_then(|folder| folder.stat(name));
        matches!(stat, Ok(Some(stat)) if (self.is_ours)(path, &stat))
    }
}

/// Whether a file is as it was. Where all that is known of both is the same, their bytes decide.
fn is_same(before: &Folder, old: &Stat, now: &Folder, new: &Stat, name: &[u8]) -> Result<bool, Error> {
    let looks_same = old.kind == new.kind
        && old.mode == new.mode
        && old.owner == new.owner
        && old.mtime == new.mtime
        && old.device == new.device
        && old.size == new.size;
    if !looks_same {
        return Ok(false);
    }
    match new.kind {
        // The very same file: a tree that was not copied.
        _ if old.id == new.id => Ok(true),
        FileKind::Symlink => Ok(before.read_link(name)? == now.read_link(name)?),
        FileKind::File => {
            let same_xattrs = kept(before.xattrs_of(name)?) == kept(now.xattrs_of(name)?);
            Ok(same_xattrs && same_bytes(before.open_file(name)?, now.open_file(name)?)?)
        }
        _ => Ok(true),
    }
}

fn same_bytes(mut a: std::fs::File, mut b: std::fs::File) -> Result<bool, Error> {
    let (mut of_a, mut of_b) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let n = a.read(&mut of_a)?;
        if n == 0 {
            return Ok(b.read(&mut of_b)? == 0);
        }
        if b.read_exact(&mut of_b[..n]).is_err() || of_a[..n] != of_b[..n] {
            return Ok(false);
        }
    }
}

/// The attributes that a layer carries, by name.
pub(super) fn kept(xattrs: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let is_kept = |name: &[u8]| {
        name == b"security.capability" || name.starts_with(b"user.") && !name.starts_with(b"user.overlay.")
    };
    let mut kept: Vec<_> = xattrs.into_iter().filter(|(name, _)| is_kept(name)).collect();
    kept.sort();
    kept
}

fn is_whiteout(stat: &Stat) -> bool {
    stat.kind == FileKind::CharDevice && stat.device == (0, 0)
}

fn is_opaque(folder: &Folder) -> Result<bool, Error> {
    let marks = folder.xattrs()?;
    Ok(marks.iter().any(|(name, value)| OPAQUE.contains(&name.as_slice()) && value == b"y"))
}

fn last(path: &[u8]) -> &[u8] {
    crate::name::split(path).1
}

/// The folder that a path is in.
pub(super) fn parent_of(tree: &Tree, path: &[u8]) -> Result<Folder, Error> {
    Ok(tree.folder(crate::name::split(path).0, Follow::Never)?)
}
