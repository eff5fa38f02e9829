//! What the files of a container take.

use std::collections::HashSet;

use disk::tree::{FileKind, Follow, Stat, file_bytes, is_privileged};
use images::ImageStore;
use layer::diff::ChangeKind;
use runner::oci::SCAFFOLD;
use runner::record::{Container, Found};
use snapshot::Changes;

use super::create::key_of;
use crate::engine::Engine;
use crate::error::Result;

/// Bytes of a container's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerSize {
    /// Those it wrote itself.
    pub written: u64,
    /// Those it sees: its own and its image's.
    pub whole: u64,
}

impl Engine {
    /// Measures a container; one without a snapshot wrote nothing.
    pub(crate) fn container_size(&self, store: &ImageStore, found: &Found) -> Result<ContainerSize> {
        let container = &found.container;
        let image = image_bytes(store, container)?;
        let written = match self.written_bytes(store, found, image) {
            // It goes just now.
            Err(_) if is_missing(store, container) => 0,
            written => written?,
        };
        Ok(ContainerSize { written, whole: image + written })
    }

    fn written_bytes(&self, store: &ImageStore, found: &Found, image: u64) -> Result<u64> {
        match store.driver().changes(&key_of(&found.container.id))? {
            Changes::Upper(upper) => Ok(file_bytes(&upper, &is_own)?),
            Changes::Compare { now, .. } => match self.changed_bytes(store, found) {
                Some(bytes) => Ok(bytes),
                // What grew: a file that was rewritten in place does not count.
                None => Ok(file_bytes(&now, &is_own)?.saturating_sub(image)),
            },
        }
    }

    /// Bytes of the files that differ from the image's, where these can be shown for it without copies of them.
    fn changed_bytes(&self, store: &ImageStore, found: &Found) -> Option<u64> {
        if !is_privileged() {
            return None;
        }
        let lease = store.content().lease().ok()?;
        let compared = self.compare(store, &lease, found).ok()?;
        let now = compared.now().ok()?;
        let (mut linked, mut bytes) = (HashSet::new(), 0);
        for change in compared.changes().ok()?.into_iter().filter(|change| change.kind != ChangeKind::Deleted)
        {
            let at = change.path.iter().rposition(|byte| *byte == b'/');
            let (folder, name) =
                at.map_or((&b""[..], &change.path[..]), |at| (&change.path[..at], &change.path[at + 1..]));
            // What goes meanwhile takes nothing.
            let stat = now.folder(folder, Follow::Never).and_then(|folder| folder.stat(name)).ok().flatten();
            let counts =
                |stat: &Stat| stat.kind != FileKind::Dir && (stat.links < 2 || linked.insert(stat.id));
            bytes += stat.filter(counts).map_or(0, |stat| stat.size);
        }
        Some(bytes)
    }
}

/// Bytes of the files of the layers below a container.
fn image_bytes(store: &ImageStore, container: &Container) -> Result<u64> {
    let mut bytes = 0;
    for top in 1..=container.stack.len() {
        bytes += store.driver().facts(&container.stack[..top])?.map_or(0, |facts| facts.size);
    }
    Ok(bytes)
}

/// Whether a container has no files.
fn is_missing(store: &ImageStore, container: &Container) -> bool {
    matches!(store.driver().changes(&key_of(&container.id)), Err(snapshot::Error::SnapshotMissing(_)))
}

/// Whether not every container has this: what all have counts for none.
fn is_own(path: &[u8]) -> bool {
    SCAFFOLD.iter().all(|known| known.as_bytes().strip_prefix(b"/") != Some(path))
}
