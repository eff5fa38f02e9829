//! Merging stored layers into one tree on disk, for drivers that have no kernel to do it.
//!
//! The rule is the one of the crate; here it is carried out layer by layer, bottom first. Hidden things go
//! before a layer's own come, copies of link targets are taken before anything changes, and a directory that a
//! layer touches without naming it gets its time back.

use std::collections::HashMap;
use std::io;

use disk::tree::{FileKind, Folder, Follow, Stat, Step, Time, Tree, Walk, copy_entry};
use layer::Whiteout;

use crate::effects::{TreePath, escape};
use crate::error::{Error, Result};
use crate::settle::{LayerTree, copy_plain_metadata, parent_of, split};

/// Where the content of files comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The layers' own files get one more name. Nobody may write to them.
    Shared,
    /// Copies; file systems that can share their data do.
    Copied,
}

/// A tree that layers are merged into.
#[derive(Debug)]
pub(crate) struct Merge<'a> {
    into: &'a Tree,
    /// A directory beside the tree, for copies that wait for their place.
    waiting: &'a Folder,
    content: Content,
    /// Modes to be set when nothing has to be read any more.
    modes: HashMap<TreePath, u32>,
    /// Where files of the current layer that have several names were put first.
    first_names: HashMap<(u64, u64), TreePath>,
}

/// A directory of the tree that is being filled.
struct Filling {
    /// Its time before, to be restored when the layer does not bring one.
    mtime: Time,
    is_new: bool,
}

impl<'a> Merge<'a> {
    pub(crate) fn new(into: &'a Tree, waiting: &'a Folder, content: Content) -> Merge<'a> {
        Merge { into, waiting, content, modes: HashMap::new(), first_names: HashMap::new() }
    }

    /// Puts a layer on top.
    pub(crate) fn add(&mut self, layer: &LayerTree) -> Result<()> {
        let copies = self.copy_targets(layer)?;
        for hidden in &layer.effects.hidden {
            self.hide(hidden)?;
        }
        self.place(layer)?;
        self.place_links(layer, &copies)
    }

    /// Sets the modes that had to wait, children before their parents.
    pub(crate) fn finish(self) -> Result<()> {
        let mut modes: Vec<(TreePath, u32)> = self.modes.into_iter().collect();
        modes.sort_unstable_by(|a, b| b.cmp(a));
        for (path, mode) in modes {
            let (parent, name) = split(&path);
            let Some(folder) = find_folder(self.into, parent)? else { continue };
            if path.is_empty() {
                folder.set_mode(mode)?;
            } else if folder.stat(name)?.is_some() {
                folder.set_mode_of(name, mode)?;
            }
        }
        Ok(())
    }

    /// Copies the lower files that the layer has links to; by target, the name of the copy.
    fn copy_targets<'l>(&self, layer: &'l LayerTree) -> Result<HashMap<&'l [u8], Vec<u8>>> {
        let mut copies: HashMap<&[u8], Vec<u8>> = HashMap::new();
        for link in &layer.effects.links {
            if copies.contains_key(&link.target[..]) {
                continue;
            }
            let (parent, name) = split(&link.target);
            let folder = find_folder(self.into, parent)?.filter(|_| !name.is_empty());
            let Some(folder) = folder.filter(|folder| is_file(folder, name)) else {
                return Err(Error::LinkTarget {
                    diff_id: layer.diff_id.clone(),
                    name: escape(&link.path),
                    target: escape(&link.target),
                });
            };
            let copy = copies.len().to_string().into_bytes();
            copy_entry(&folder, name, self.waiting, &copy)?;
            copies.insert(&link.target, copy);
        }
        Ok(copies)
    }

    fn hide(&self, hidden: &Whiteout) -> Result<()> {
        let (path, only) = match hidden {
            Whiteout::Path(path) => split(path),
            Whiteout::Opaque(path) => (&path[..], &b""[..]),
        };
        let Some(folder) = find_folder(self.into, path)? else { return Ok(()) };
        let mtime = folder.own_stat()?.mtime;
        match hidden {
            Whiteout::Path(_) => folder.remove(only)?,
            Whiteout::Opaque(_) => {
                for name in folder.names()? {
                    folder.remove(&name)?;
                }
            }
        }
        Ok(folder.set_mtime(mtime)?)
    }

    /// Brings the layer's own files and directories.
    fn place(&mut self, layer: &LayerTree) -> Result<()> {
        let modes: HashMap<&[u8], u32> = layer.effects.modes.iter().map(|(p, m)| (&p[..], *m)).collect();
        self.first_names.clear();
        let mut filling: Vec<Filling> = Vec::new();
        let mut target = self.into.folder(b"", Follow::Never)?;
        let mut walk = Walk::new(&layer.files)?;
        while let Some(step) = walk.next()? {
            match step {
                Step::Enter { path, .. } => {
                    let is_new = !path.is_empty() && enter(&mut target, split(path).1)?;
                    filling.push(Filling { mtime: target.own_stat()?.mtime, is_new });
                }
                Step::Entry { folder, path, name, stat } => {
                    self.keep_mode(path, &modes);
                    target.remove(name)?;
                    self.bring(folder, path, &stat, &target)?;
                }
                Step::Leave { folder, path, .. } => {
                    let Some(filled) = filling.pop() else { continue };
                    if filled.is_new || !layer.effects.implied.contains(path) {
                        copy_plain_metadata(folder, &target)?;
                        self.keep_mode(path, &modes);
                    } else {
                        target.set_mtime(filled.mtime)?;
                    }
                    target = self.into.folder(split(path).0, Follow::Never)?;
                }
            }
        }
        Ok(())
    }

    /// Remembers the mode that something is to have in the end, where it is not the one on disk.
    fn keep_mode(&mut self, path: &[u8], modes: &HashMap<&[u8], u32>) {
        match modes.get(path) {
            Some(mode) => drop(self.modes.insert(path.to_vec(), *mode)),
            None if self.modes.is_empty() => {}
            None => drop(self.modes.remove(path)),
        }
    }

    fn bring(&mut self, folder: &Folder, path: &[u8], stat: &Stat, target: &Folder) -> Result<()> {
        let name = split(path).1;
        if self.content == Content::Shared {
            match target.link(folder, name, name) {
                // The file has as many names as its file system allows: then this is a copy.
                Err(error) if error.kind() == io::ErrorKind::TooManyLinks => {}
                result => return Ok(result?),
            }
        }
        if stat.links > 1 {
            if let Some(first) = self.first_names.get(&stat.id) {
                let (first_folder, first_name) = parent_of(self.into, first)?;
                return Ok(target.link(&first_folder, first_name, name)?);
            }
            self.first_names.insert(stat.id, path.to_vec());
        }
        Ok(copy_entry(folder, name, target, name)?)
    }

    /// Gives the waiting copies their names.
    fn place_links(&mut self, layer: &LayerTree, copies: &HashMap<&[u8], Vec<u8>>) -> Result<()> {
        for link in &layer.effects.links {
            let (folder, name) = parent_of(self.into, &link.path)?;
            let mtime = folder.own_stat()?.mtime;
            folder.remove(name)?;
            if let Some(copy) = copies.get(&link.target[..]) {
                folder.link(self.waiting, copy, name)?;
            }
            folder.set_mtime(mtime)?;
            match self.modes.get(&link.target).copied() {
                Some(mode) => drop(self.modes.insert(link.path.clone(), mode)),
                None => drop(self.modes.remove(&link.path)),
            }
        }
        for copy in copies.values() {
            self.waiting.remove(copy)?;
        }
        Ok(())
    }
}

fn is_file(folder: &Folder, name: &[u8]) -> bool {
    matches!(folder.stat(name), Ok(Some(stat)) if stat.kind != FileKind::Dir)
}

/// Goes into a directory, which is made when something else or nothing is there; says whether it was.
fn enter(target: &mut Folder, name: &[u8]) -> Result<bool> {
    let is_there = matches!(target.stat(name)?, Some(stat) if stat.kind == FileKind::Dir);
    if !is_there {
        target.remove(name)?;
        target.make_dir(name, 0o700)?;
    }
    *target = target.folder(name)?;
    Ok(!is_there)
}

/// The directory at a path, when all on the way are directories.
fn find_folder(tree: &Tree, path: &[u8]) -> Result<Option<Folder>> {
    let mut at = tree.folder(b"", Follow::Never)?;
    for name in path.split(|b| *b == b'/').filter(|name| !name.is_empty()) {
        match at.stat(name)? {
            Some(stat) if stat.kind == FileKind::Dir => at = at.folder(name)?,
            _ => return Ok(None),
        }
    }
    Ok(Some(at))
}
