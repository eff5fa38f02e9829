//! `cold`: keeps nothing of a layer but its facts (decision 18).
//!
//! It needs no privilege and no disk space: listing, inspecting, tagging, saving, pushing and looking inside
//! work from the compressed blobs. There are no files, so there are no snapshots.
//!
//! ```text
//! layers/cold/<diff hex>/meta.json
//! ```

use disk::{Dir, Trash};
use spec::DiffId;

use crate::driver::{About, Changes, Driver, Incoming, Scratch, SnapshotFacts};
use crate::error::{Error, Result};
use crate::facts::{LayerFacts, Stored};
use crate::key::Key;
use crate::layers::{Layers, Trust};
use crate::mount::Mount;
use crate::staged::{Place, Staged};

pub(crate) const NAME: &str = "cold";

/// The driver.
#[derive(Debug)]
pub(crate) struct Cold {
    about: About,
    layers: Layers,
}

impl Cold {
    pub(crate) fn open(root: &Dir) -> Result<Cold> {
        let about = About { name: NAME, needs_parents: false, has_trees: false, status: Vec::new() };
        Ok(Cold { about, layers: Layers::new(root, NAME, Trust::Record)? })
    }
}

impl Driver for Cold {
    fn about(&self) -> &About {
        &self.about
    }

    fn ingest(&self, incoming: Incoming<'_>) -> Result<Staged> {
        let facts = LayerFacts::of(layer::scan(incoming.tar, &incoming.limits)?);
        let (place, folder) = Place::make(&incoming.scratch)?;
        // The layer would take that much elsewhere; here it has no files.
        self.layers.seal(&folder, LayerFacts { disk_bytes: 0, ..facts }, place)
    }

    fn publish(&self, staged: Staged) -> Result<()> {
        self.layers.publish(&staged)
    }

    fn facts(&self, stack: &[DiffId]) -> Result<Option<LayerFacts>> {
        self.layers.facts_of_top(stack)
    }

    fn view(&self, _: &Key, _: &[DiffId], _: &Scratch<'_>) -> Result<Vec<Mount>> {
        Err(Error::NoTrees(NAME))
    }

    fn prepare(&self, _: &Key, _: &[DiffId], _: &Scratch<'_>) -> Result<Vec<Mount>> {
        Err(Error::NoTrees(NAME))
    }

    fn mounts(&self, key: &Key, _: &Scratch<'_>) -> Result<Vec<Mount>> {
        Err(Error::SnapshotMissing(key.clone()))
    }

    fn changes(&self, key: &Key) -> Result<Changes> {
        Err(Error::SnapshotMissing(key.clone()))
    }

    fn remove(&self, _: &Key, _: &Trash) -> Result<bool> {
        Ok(false)
    }

    fn walk(&self) -> Result<Vec<Stored>> {
        self.layers.walk()
    }

    fn snapshots(&self) -> Result<Vec<SnapshotFacts>> {
        Ok(Vec::new())
    }

    fn graph_driver_data(&self, _: &[DiffId]) -> Option<Vec<(&'static str, String)>> {
        None
    }
}
