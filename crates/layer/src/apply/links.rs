//! Hard links (TAR-8).

use disk::tree::{FileKind, Follow};

use super::onto::{Onto, applying};
use crate::changeset::{Below, Node};
use crate::error::{EntryFault, EntryName, Error};
use crate::name::split;
use crate::tar::Entry;

impl Onto<'_> {
    /// Gives a file of this layer one more name (TAR-8).
    pub(super) fn put_link(&mut self, path: &[u8], target: &[u8], before: Option<Node>) -> disk::Result<()> {
        let (target_parent, target_name) = split(target);
        let other = (target_parent != split(path).0).then(|| self.tree.folder(target_parent, Follow::Never));
        let other = other.transpose()?;
        self.make(path, before, |folder, name| {
            folder.link(other.as_ref().unwrap_or(folder), target_name, name)
        })
    }

    /// Copies a file of the layers below, which this directory holds.
    pub(super) fn copy_below(
        &mut self,
        entry: &Entry,
        below: Below<'_>,
        before: Option<Node>,
    ) -> Result<(), Error> {
        let failed = |source| applying(entry, source);
        if let Some(sibling) = below.sibling {
            return self.put_link(&entry.name, sibling, before).map_err(failed);
        }
        let (target_parent, target_name) = split(below.target);
        let missing = || Error::Entry {
            number: entry.number,
            name: EntryName::new(&entry.name),
            source: EntryFault::LinkTarget(EntryName::new(below.target)),
        };
        let Ok(from) = self.tree.folder(target_parent, Follow::Never) else { return Err(missing()) };
        match from.stat(target_name).map_err(failed)? {
            Some(stat) if stat.kind != FileKind::Dir => {}
            _ => return Err(missing()),
        }
        self.make(&entry.name, before, |folder, name| {
            disk::tree::copy_entry(&from, target_name, folder, name)
        })
        .map_err(failed)
    }
}
