//! Making the settling layer that was planned.

use std::collections::HashMap;

use disk::tree::{Folder, Follow, Tree, copy_entry, copy_metadata};

use crate::error::Result;
use crate::settle::{LayerTree, Op, Origin, Plan};

impl Plan {
    /// Makes the layer in an empty directory, and says how many bytes it has on disk.
    pub(crate) fn make(&self, layers: &[LayerTree], into: &Tree) -> Result<u64> {
        let mut copies: HashMap<&Origin, &[u8]> = HashMap::new();
        let mut disk_bytes = 0;
        for (path, op) in &self.ops {
            match op {
                Op::Directory(_) if path.is_empty() => {}
                Op::Directory(_) => {
                    let (parent, name) = parent_of(into, path)?;
                    parent.make_dir(name, 0o700)?;
                }
                Op::Copy { origin, link } => match copies.get(link) {
                    Some(first) => link_again(into, first, path)?,
                    None => {
                        disk_bytes += copy(&layers[origin.layer].files, &origin.path, into, path)?;
                        copies.insert(link, path);
                    }
                },
            }
        }
        self.finish_directories(layers, into)?;
        Ok(disk_bytes)
    }

    /// Deepest first: filling a directory changes its time, and its mode may forbid filling it.
    fn finish_directories(&self, layers: &[LayerTree], into: &Tree) -> Result<()> {
        for (path, op) in self.ops.iter().rev() {
            if let Op::Directory(origin) = op {
                let source = layers[origin.layer].files.folder(&origin.path, Follow::Never)?;
                copy_plain_metadata(&source, &into.folder(path, Follow::Never)?)?;
            }
        }
        Ok(())
    }
}

/// Gives a directory the metadata of a layer's, but for what the layer's says to the kernel alone.
pub(crate) fn copy_plain_metadata(from: &Folder, to: &Folder) -> Result<()> {
    copy_metadata(from, to)?;
    for name in to.xattr_names()?.iter().filter(|name| name.starts_with(b"trusted.overlay.")) {
        to.remove_xattr(name)?;
    }
    Ok(())
}

fn copy(from: &Tree, path: &[u8], into: &Tree, new_path: &[u8]) -> Result<u64> {
    let (from, name) = parent_of(from, path)?;
    let (to, new_name) = parent_of(into, new_path)?;
    copy_entry(&from, name, &to, new_name)?;
    Ok(to.stat(new_name)?.map_or(0, |stat| stat.disk_bytes))
}

fn link_again(into: &Tree, first: &[u8], path: &[u8]) -> Result<()> {
    let (from, name) = parent_of(into, first)?;
    let (to, new_name) = parent_of(into, path)?;
    Ok(to.link(&from, name, new_name)?)
}

/// The directory that a path is in, reached without following links, and the path's last component.
pub(crate) fn parent_of<'a>(tree: &Tree, path: &'a [u8]) -> Result<(Folder, &'a [u8])> {
    let (parent, name) = split(path);
    Ok((tree.folder(parent, Follow::Never)?, name))
}

/// The directory that a path is in, and its last component.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}
