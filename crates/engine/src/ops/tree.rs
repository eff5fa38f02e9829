//! `images --tree`: the listed images with the platforms that their references offer.

use images::{Entry, ImageStore};
use spec::{Descriptor, Digest, Document, Manifest, Platform};

use crate::engine::Engine;
use crate::error::Result;
use crate::ops::images::{ImageSummary, ListImages, Plan};

/// A listed image and its platforms.
#[derive(Clone, Debug)]
pub struct ImageTree {
    /// The image.
    pub summary: ImageSummary,
    /// The platforms, in the order of the index that offers them; attestations are none.
    pub platforms: Vec<TreePlatform>,
}

/// One platform of an image.
#[derive(Clone, Debug)]
pub struct TreePlatform {
    /// The platform.
    pub platform: Platform,
    /// The image's ID where it is here, the manifest's digest where it is not.
    pub id: Digest,
    /// Whether it is here.
    pub available: bool,
    /// Whether containers or mounts use it.
    pub in_use: bool,
    /// Bytes of its manifest, config and layers, as received.
    pub content_bytes: u64,
    /// Those, and what its unpacked layers take.
    pub disk_bytes: u64,
}

impl ImageTree {
    /// Bytes of the blobs of all platforms.
    pub fn content_bytes(&self) -> u64 {
        self.platforms.iter().fold(0, |sum, platform| sum.saturating_add(platform.content_bytes))
    }

    /// Bytes on the disk of all platforms.
    pub fn disk_bytes(&self) -> u64 {
        self.platforms.iter().fold(0, |sum, platform| sum.saturating_add(platform.disk_bytes))
    }
}

impl Engine {
    /// Lists images as [`Engine::images`] does, each with its platforms.
    ///
    /// # Errors
    /// As [`Engine::images`].
    pub fn image_trees(&self, request: &ListImages) -> Result<Vec<ImageTree>> {
        let plan = Plan::new(self, request)?;
        let Some(store) = self.existing_store()? else {
            return plan.needs_no_image().map(|()| Vec::new());
        };
        let index = store.index()?;
        let summaries = plan.list(&store, &index)?;
        let mut trees = Vec::with_capacity(summaries.len());
        for summary in summaries {
            let Some(entry) = index.of_image(&summary.id).next() else { continue };
            let platforms = platforms(&store, entry, summary.used_by > 0);
            trees.push(ImageTree { summary, platforms });
        }
        Ok(trees)
    }
}

/// What cannot be read is shown as what is not here: a damaged image must not hide the others.
fn platforms(store: &ImageStore, entry: &Entry, in_use: bool) -> Vec<TreePlatform> {
    let own = |digest: &Digest| {
        let manifest = store.manifest(digest).ok()?;
        here(store, &manifest, in_use && digest == entry.manifest()).ok()
    };
    let Ok(Document::Index(index)) = store.document(&entry.target.digest) else {
        let only = own(entry.manifest());
        return vec![only.unwrap_or_else(|| not_here(entry.platform.clone(), &entry.image.0))];
    };
    let offered = index.manifests.iter().filter(|offered| !offered.is_attestation());
    let platform = |offered: &Descriptor| {
        let stored = Some(&offered.digest).filter(|digest| entry.manifests.contains(digest)).and_then(own);
        stored.unwrap_or_else(|| not_here(offered.platform.clone().unwrap_or_default(), &offered.digest))
    };
    offered.map(platform).collect()
}

fn not_here(platform: Platform, id: &Digest) -> TreePlatform {
    let id = id.clone();
    TreePlatform { platform, id, available: false, in_use: false, content_bytes: 0, disk_bytes: 0 }
}

fn here(store: &ImageStore, manifest: &Manifest, in_use: bool) -> Result<TreePlatform> {
    let config = store.config(&manifest.config.digest)?;
    let blobs = manifest.layers.iter().chain([&manifest.config]).map(|blob| blob.size);
    // The sizes are a stranger's words.
    let content_bytes = blobs.fold(manifest.bytes().len() as u64, u64::saturating_add);
    let mut disk_bytes = content_bytes;
    for at in 1..=config.diff_ids().len() {
        let facts = store.driver().facts(&config.diff_ids()[..at])?;
        let unpacked = facts.filter(|facts| facts.ready).map_or(0, |facts| facts.disk_bytes);
        disk_bytes = disk_bytes.saturating_add(unpacked);
    }
    Ok(TreePlatform {
        platform: config.platform(),
        id: config.id().0.clone(),
        available: true,
        in_use,
        content_bytes,
        disk_bytes,
    })
}
