//! What the files of a container take.

use std::collections::HashSet;

use disk::Dir;
use disk::tree::{Step, Tree, Walk};
use images::ImageStore;
use runner::oci::SCAFFOLD;
use runner::record::Container;
use snapshot::{Changes, Key};

use crate::error::Result;

/// Bytes of a container's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerSize {
    /// Those it wrote itself.
    pub written: u64,
    /// Those it sees: its own and its image's.
    pub whole: u64,
}

/// Measures a container; one without a snapshot wrote nothing.
pub(crate) fn size_of(store: &ImageStore, container: &Container) -> Result<ContainerSize> {
    let image = image_bytes(store, container)?;
    let written = match Key::parse(container.id.as_str()).map(|key| store.driver().changes(&key)) {
        Some(Ok(Changes::Upper(upper))) => file_bytes(&upper)?,
        // What grew: a file that was rewritten in place does not count.
        Some(Ok(Changes::Compare { now, .. })) => file_bytes(&now)?.saturating_sub(image),
        Some(Err(snapshot::Error::SnapshotMissing(_))) | None => 0,
        Some(Err(error)) => return Err(error.into()),
    };
    Ok(ContainerSize { written, whole: image + written })
}

/// Bytes of the files of the layers below a container.
fn image_bytes(store: &ImageStore, container: &Container) -> Result<u64> {
    let mut bytes = 0;
    for top in 1..=container.stack.len() {
        bytes += store.driver().facts(&container.stack[..top])?.map_or(0, |facts| facts.size);
    }
    Ok(bytes)
}

/// Whether every container has this, so that it counts for none.
fn is_scaffold(path: &[u8]) -> bool {
    SCAFFOLD.iter().any(|known| known.as_bytes().strip_prefix(b"/") == Some(path))
}

/// Bytes of everything below a folder that is no directory, a file with several names once.
fn file_bytes(folder: &Dir) -> Result<u64> {
    let mut walk = Walk::new(&Tree::at(folder)?)?;
    let mut linked = HashSet::new();
    let mut bytes = 0;
    while let Some(step) = walk.next()? {
        if let Step::Entry { stat, path, .. } = step
            && !is_scaffold(path)
            && (stat.links < 2 || linked.insert(stat.id))
        {
            bytes += stat.size;
        }
    }
    Ok(bytes)
}
