//! What is known of stored layers without looking at their files.

use std::ffi::OsString;

use disk::{Dir, Trash};
use spec::{ChainId, DiffId};

use crate::error::Result;

/// Facts of one stored layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFacts {
    /// Digest of the whole uncompressed stream.
    pub diff_id: DiffId,
    /// Bytes of all regular files, holes included: what Docker adds up as SIZE.
    pub size: u64,
    /// Bytes of the uncompressed stream.
    pub tar_bytes: u64,
    /// Bytes the files of the stored layer occupy on disk, as counted when it was stored.
    pub disk_bytes: u64,
    /// Entries of the archive.
    pub entries: u64,
    /// Whether the stored layer can be used; if not, it has to be ingested again.
    pub ready: bool,
}

impl LayerFacts {
    /// What reading the layer found out.
    pub(crate) fn of(facts: layer::Facts) -> LayerFacts {
        LayerFacts {
            diff_id: facts.diff_id,
            size: facts.bytes,
            tar_bytes: facts.stream_bytes,
            disk_bytes: facts.disk_bytes,
            entries: facts.entries,
            ready: true,
        }
    }
}

/// One thing that a driver keeps below its folder.
#[derive(Debug)]
pub struct Stored {
    /// What it belongs to.
    pub kind: StoredKind,
    /// Whether it can be used; if not (unsynced before another boot, or damaged) it may always go.
    pub ready: bool,
    /// Bytes on disk as far as they were recorded.
    pub disk_bytes: u64,
    /// The folder that holds it.
    pub folder: Dir,
    /// Its name in the folder.
    pub name: OsString,
}

/// What a stored thing belongs to, and so what keeps it alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StoredKind {
    /// A layer, shared by all stacks that have it.
    Layer(DiffId),
    /// What one stack needs besides its layers; or a layer on its parents, where a driver keeps them so.
    Stack(ChainId),
}

impl Stored {
    /// Takes it away; false when somebody else already has.
    ///
    /// # Errors
    /// When the rename fails.
    pub fn discard(&self, trash: &Trash) -> Result<bool> {
        Ok(trash.take(&self.folder, &self.name)?)
    }
}
