//! `system df`: what the store holds, and what of it could go.

use std::collections::HashMap;

use images::{ImageStore, Index};
use spec::{DiffId, ImageId};

use crate::engine::Engine;
use crate::error::Result;
use crate::ops::container::{self, ContainerSummary, ListContainers, readable_containers_of};
use crate::ops::images::{ImageSummary, ListImages, Plan};
use crate::ops::volume::VolumeUsage;

/// The store's use of the disk.
#[derive(Clone, Debug, Default)]
pub struct DiskUsage {
    /// The images, with what they share.
    pub images: Vec<ImageUsage>,
    /// The containers, with what they wrote.
    pub containers: Vec<ContainerSummary>,
    /// The volumes whose files are here.
    pub volumes: Vec<VolumeUsage>,
    /// Files of all layers, unpacked, each layer once: Docker's figure.
    pub layer_bytes: u64,
    /// Blobs as they were received.
    pub blob_bytes: u64,
    /// Unpacked layers, as far as they are there.
    pub unpacked_bytes: u64,
    /// Downloads that broke off and can go on.
    pub partial_bytes: u64,
    /// Blobs that nothing names: left over, gone with the next removal.
    pub unreached_bytes: u64,
}

/// One image's use of the disk.
#[derive(Clone, Debug)]
pub struct ImageUsage {
    /// The image.
    pub summary: ImageSummary,
    /// Bytes of layers that other images have too.
    pub shared: u64,
    /// Bytes of layers that it has alone.
    pub unique: u64,
}

impl DiskUsage {
    /// Images that something uses.
    pub fn active(&self) -> usize {
        self.images.iter().filter(|image| image.summary.used_by > 0).count()
    }

    /// Bytes of layers that would come back if all unused images went, as Docker reckons it.
    pub fn reclaimable(&self) -> u64 {
        let used = self.images.iter().filter(|image| image.summary.used_by > 0);
        self.layer_bytes.saturating_sub(used.map(|image| image.unique).sum())
    }
}

impl Engine {
    /// What the store holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn disk_usage(&self) -> Result<DiskUsage> {
        let Some(store) = self.existing_store()? else { return Ok(DiskUsage::default()) };
        let index = store.index()?;
        let all = ListImages { all: true, ..ListImages::default() };
        let summaries = Plan::new(self, &all)?.list(&store, &index)?;
        let mut layers: HashMap<ImageId, Vec<(DiffId, u64)>> = HashMap::new();
        for summary in &summaries {
            let entry = index.of_image(&summary.id).next();
            let sized = entry.map(|entry| self.sized_layers(&store, entry)).unwrap_or_default();
            layers.insert(summary.id.clone(), sized);
        }
        let mut usage = DiskUsage { partial_bytes: store.content().partial_bytes()?, ..DiskUsage::default() };
        let mut holders: HashMap<&DiffId, (u64, usize)> = HashMap::new();
        for (diff_id, size) in layers.values().flatten() {
            holders.entry(diff_id).or_insert((*size, 0)).1 += 1;
        }
        usage.layer_bytes = holders.values().map(|(size, _)| size).sum();
        for summary in summaries {
            let own = &layers[&summary.id];
            let shared = own.iter().filter(|(diff_id, _)| holders[diff_id].1 > 1).map(|(_, size)| size).sum();
            let unique =
                own.iter().filter(|(diff_id, _)| holders[diff_id].1 == 1).map(|(_, size)| size).sum();
            usage.images.push(ImageUsage { summary, shared, unique });
        }
        measure_files(&store, &index, &mut usage)?;
        let with_size = ListContainers { all: true, size: true, ..ListContainers::default() };
        usage.containers = container::summaries(self, &store, &with_size, readable_containers_of(&store)?.0)?;
        usage.volumes = self.volume_usage()?;
        Ok(usage)
    }

    /// The layers of an image and their sizes; none of one that is damaged, which must not hide the others.
    fn sized_layers(&self, store: &ImageStore, entry: &images::Entry) -> Vec<(DiffId, u64)> {
        let Ok(image) = store.image(entry) else { return Vec::new() };
        let Ok(sizes) = self.layer_sizes(store, &image) else { return Vec::new() };
        let mut layers: Vec<(DiffId, u64)> = image.config.diff_ids().iter().cloned().zip(sizes).collect();
        layers.sort();
        layers.dedup();
        layers
    }
}

fn measure_files(store: &ImageStore, index: &Index, usage: &mut DiskUsage) -> Result<()> {
    let reach = store.reach(index.entries());
    for digest in store.content().blobs().walk()? {
        let bytes = store.content().blobs().size(&digest)?.unwrap_or(0);
        usage.blob_bytes += bytes;
        if !reach.blobs.contains_key(&digest) {
            usage.unreached_bytes += bytes;
        }
    }
    usage.unpacked_bytes = store.driver().walk()?.iter().map(|stored| stored.disk_bytes).sum();
    Ok(())
}
