//! What entries reach: blobs, stored layers, and what drivers derive from stacks of them.

use std::collections::{HashMap, HashSet};

use snapshot::SnapshotFacts;
use spec::limits::INDEX_DEPTH_MAX;
use spec::{ChainId, Descriptor, DiffId, Digest, Manifest};

use crate::entry::Entry;
use crate::error::Result;
use crate::index::Index;
use crate::store::ImageStore;

/// Everything that some entries reach.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Blobs and the sizes that descriptors give them.
    pub blobs: HashMap<Digest, u64>,
    /// Layers, unpacked.
    pub layers: HashSet<DiffId>,
    /// Stacks of layers, every prefix of each.
    pub stacks: HashSet<ChainId>,
    /// Documents that could not be read, with the reason: what lies behind them is not known.
    pub unknown: Vec<(Digest, String)>,
}

impl ImageStore {
    /// Computes what entries reach.
    pub fn reach<'e>(&self, entries: impl IntoIterator<Item = &'e Entry>) -> Reach {
        let mut reach = Reach::default();
        let mut seen = HashSet::new();
        for entry in entries {
            reach.blobs.insert(entry.target.digest.clone(), entry.target.size);
            if seen.insert(entry.target.digest.clone()) && entry.target.media_type.is_index() {
                self.reach_index(&entry.target, &mut reach);
            }
            for digest in &entry.manifests {
                if seen.insert(digest.clone()) || *digest == entry.target.digest {
                    self.reach_manifest(digest, &mut reach);
                }
            }
        }
        reach
    }

    /// Follows the indexes inside an index; its manifests are reached through the entries that hold them.
    fn reach_index(&self, target: &Descriptor, reach: &mut Reach) {
        let mut open = vec![(target.digest.clone(), 0)];
        let mut seen = HashSet::new();
        while let Some((digest, depth)) = open.pop() {
            let document = match self.document(&digest) {
                Ok(document) => document,
                Err(error) => {
                    reach.unknown.push((digest, error.to_string()));
                    continue;
                }
            };
            let nested = document.children().into_iter().filter(|child| child.media_type.is_index());
            for child in nested.filter(|_| depth < INDEX_DEPTH_MAX) {
                let present = self.content().blobs().size(&child.digest).is_ok_and(|size| size.is_some());
                if present && seen.insert(child.digest.clone()) {
                    reach.blobs.insert(child.digest.clone(), child.size);
                    open.push((child.digest.clone(), depth + 1));
                }
            }
        }
    }

    fn reach_manifest(&self, digest: &Digest, reach: &mut Reach) {
        let manifest = match self.manifest(digest) {
            Ok(manifest) => manifest,
            Err(error) => return reach.unknown.push((digest.clone(), error.to_string())),
        };
        reach.blobs.insert(digest.clone(), manifest.bytes().len() as u64);
        for child in std::iter::once(&manifest.config).chain(&manifest.layers) {
            reach.blobs.insert(child.digest.clone(), child.size);
        }
        if let Err(error) = self.reach_layers(&manifest, reach) {
            reach.unknown.push((manifest.config.digest.clone(), error.to_string()));
        }
    }

    fn reach_layers(&self, manifest: &Manifest, reach: &mut Reach) -> Result<()> {
        if !manifest.is_image() {
            return Ok(());
        }
        let config = self.config(&manifest.config.digest)?;
        reach.layers.extend(config.diff_ids().iter().cloned());
        // A driver may keep layers by their parents: every prefix counts.
        reach.stacks.extend(ChainId::of_stack(config.diff_ids()));
        Ok(())
    }
}

impl Reach {
    /// Adds the layers that snapshots stand on: those of a container stay when its image is removed.
    pub fn hold_snapshots(&mut self, snapshots: &[SnapshotFacts]) {
        for snapshot in snapshots {
            self.layers.extend(snapshot.stack.iter().cloned());
            self.stacks.extend(ChainId::of_stack(&snapshot.stack));
        }
    }

    /// Why what this, the reach of all of `index`, leaves out may still be needed, if so.
    pub fn held_back(&self, index: &Index) -> Option<String> {
        let unread = self.unknown.first().map(|(digest, reason)| format!("{digest}: {reason}"));
        let foreign =
            || index.foreign().next().map(|_| "index.json has entries of another program".to_owned());
        unread.or_else(foreign)
    }

    /// What this reaches and `other` does not.
    #[must_use]
    pub fn without(&self, other: &Reach) -> Reach {
        let blobs = self.blobs.iter().filter(|(digest, _)| !other.blobs.contains_key(*digest));
        Reach {
            blobs: blobs.map(|(digest, size)| (digest.clone(), *size)).collect(),
            layers: self.layers.difference(&other.layers).cloned().collect(),
            stacks: self.stacks.difference(&other.stacks).cloned().collect(),
            unknown: self.unknown.clone(),
        }
    }
}
