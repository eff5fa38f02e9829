//! Removing what no entry and no lease reaches.

use std::collections::HashSet;

use content::Pin;
use snapshot::{Driver, StoredKind};
use spec::{ChainId, DiffId};

use crate::error::Result;
use crate::reach::Reach;
use crate::store::ImageStore;

/// What a sweep removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Blobs.
    pub blobs: usize,
    /// Bytes of their files.
    pub blob_bytes: u64,
    /// Unpacked layers.
    pub layers: usize,
    /// Bytes of their files, as listings count them.
    pub layer_bytes: u64,
    /// Bytes that they took on disk.
    pub unpacked_bytes: u64,
    /// Why nothing was removed, if so: a document that names may reach cannot be read.
    pub held_back: Option<String>,
    /// The stacks of layers that images and snapshots have, every prefix of each.
    pub stacks_left: HashSet<ChainId>,
}

impl ImageStore {
    /// Removes every blob, stored layer and derived stack that neither an entry nor a live lease reaches.
    ///
    /// When a reachable document cannot be read, nothing is removed but the leases of dead processes: what
    /// lies behind it is not known.
    ///
    /// # Errors
    /// When the disk says no; what was removed by then was reached by nothing.
    pub fn sweep(&self) -> Result<Swept> {
        let sweep = self.content().sweep()?;
        // Leases were read when the sweep began; roots only now.
        let index = self.index()?;
        let mut reach = self.reach(index.entries());
        reach.hold_snapshots(&self.driver().snapshots()?);
        let others = snapshot::besides(self.content().root(), self.driver())?;
        for other in &others {
            reach.hold_snapshots(&other.snapshots()?);
        }
        let mut swept = Swept { held_back: reach.held_back(&index), ..Swept::default() };
        if swept.held_back.is_none() {
            self.discard_blobs(&sweep, &reach, &mut swept)?;
            let mut counted = HashSet::new();
            for driver in std::iter::once(self.driver()).chain(others.iter().map(|other| &**other)) {
                discard_layers(driver, &sweep, &reach, &mut counted, &mut swept)?;
            }
        }
        sweep.finish()?;
        swept.stacks_left = reach.stacks;
        Ok(swept)
    }

    fn discard_blobs(&self, sweep: &content::Sweep<'_>, reach: &Reach, swept: &mut Swept) -> Result<()> {
        for digest in self.content().blobs().walk()? {
            if !reach.blobs.contains_key(&digest) && !sweep.is_pinned(&Pin::Blob(digest.clone())) {
                swept.blob_bytes += sweep.discard_blob(&digest)?;
                swept.blobs += 1;
            }
        }
        Ok(())
    }
}

/// Stored layers live through images, leases and snapshots; what belongs to a stack lives through images and snapshots
/// alone, since it is made anew in a moment. A layer that several drivers have is `counted` once.
fn discard_layers(
    driver: &dyn Driver,
    sweep: &content::Sweep<'_>,
    reach: &Reach,
    counted: &mut HashSet<DiffId>,
    swept: &mut Swept,
) -> Result<()> {
    for stored in driver.walk()? {
        let keep = match &stored.kind {
            StoredKind::Layer(diff_id) => {
                reach.layers.contains(diff_id) || sweep.is_pinned(&Pin::Layer(diff_id.clone()))
            }
            StoredKind::Stack(chain_id) => reach.stacks.contains(chain_id),
        };
        if keep {
            continue;
        }
        let size = match &stored.kind {
            StoredKind::Layer(diff_id) => {
                driver.facts(std::slice::from_ref(diff_id))?.map_or(0, |facts| facts.size)
            }
            StoredKind::Stack(_) => 0,
        };
        if !stored.discard(sweep.trash())? {
            continue;
        }
        swept.unpacked_bytes += stored.disk_bytes;
        if let StoredKind::Layer(diff_id) = stored.kind
            && counted.insert(diff_id)
        {
            swept.layers += 1;
            swept.layer_bytes += size;
        }
    }
    Ok(())
}
