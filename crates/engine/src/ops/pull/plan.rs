//! What has to be done for each layer of an image, and whether it fits on the disk.

use std::collections::HashSet;

use archive::limits::DISK_RESERVE_BYTES;
use content::Pin;
use spec::{Descriptor, DiffId, ImageConfig, Manifest};

use super::Pulling;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::ready::check_layers;

/// The work of a pull.
pub(super) struct Plan<'i> {
    pub(super) config: &'i ImageConfig,
    /// Bottom first; a layer that an image has twice is here once.
    pub(super) layers: Vec<LayerPlan<'i>>,
}

/// The work for one layer.
pub(super) struct LayerPlan<'i> {
    pub(super) descriptor: &'i Descriptor,
    pub(super) diff_id: &'i DiffId,
    pub(super) parents: &'i [DiffId],
    pub(super) todo: Todo,
}

/// What is missing of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Todo {
    /// Nothing.
    Nothing,
    /// Its blob is here, its files are not.
    Unpack,
    /// All of it.
    Download,
}

impl<'i> Plan<'i> {
    pub(super) fn new(
        pulling: &Pulling<'_>,
        manifest: &'i Manifest,
        config: &'i ImageConfig,
    ) -> Result<Plan<'i>> {
        let diff_ids = config.diff_ids();
        check_layers(manifest, config)?;
        pulling.lease.pin(diff_ids.iter().cloned().map(Pin::Layer))?;
        let mut layers: Vec<LayerPlan<'i>> = Vec::new();
        for (at, descriptor) in manifest.layers.iter().enumerate() {
            if layers
                .iter()
                .any(|layer| layer.descriptor.digest == descriptor.digest && *layer.diff_id == diff_ids[at])
            {
                continue;
            }
            let todo = todo(pulling, descriptor, &diff_ids[..=at])?;
            layers.push(LayerPlan { descriptor, diff_id: &diff_ids[at], parents: &diff_ids[..at], todo });
        }
        Ok(Plan { config, layers })
    }
}

/// Refuses layers that cannot be unpacked and images that cannot fit: the blobs to come, and at least as much
/// again for their files.
pub(super) fn check(pulling: &Pulling<'_>, manifest: &Manifest) -> Result<()> {
    pulling.lease.pin(manifest.layers.iter().map(|layer| Pin::Blob(layer.digest.clone())))?;
    let shares = 1 + u64::from(pulling.store.driver().about().has_trees);
    let mut counted = HashSet::new();
    let mut needed: u64 = 0;
    for layer in manifest.layers.iter().filter(|layer| counted.insert(&layer.digest)) {
        check_kind(layer)?;
        if pulling.store.content().blobs().size(&layer.digest)?.is_none() {
            let bytes = layer.size.checked_mul(shares).and_then(|bytes| needed.checked_add(bytes));
            needed = bytes.ok_or_else(|| {
                Error::new(
                    ErrorKind::Corrupt,
                    "the sizes of the image's layers add up to more than 2^64 bytes",
                )
            })?;
        }
    }
    check_space(pulling, needed)
}

fn check_space(pulling: &Pulling<'_>, needed: u64) -> Result<()> {
    let root = pulling.store.content().root();
    let free = root.free_bytes()?;
    if needed == 0 || needed.saturating_add(DISK_RESERVE_BYTES) <= free {
        return Ok(());
    }
    let lacking = needed.saturating_add(DISK_RESERVE_BYTES) - free;
    let text = format!(
        "not enough space at {}: the image needs at least {needed} bytes and {DISK_RESERVE_BYTES} are kept free (DISK_RESERVE_BYTES), {free} are free; {lacking} bytes are missing",
        root.path().display()
    );
    Err(Error::new(ErrorKind::Internal, text)
        .with_hint("`strata image prune -a --dry-run` says what could go; --root chooses another place"))
}

fn todo(pulling: &Pulling<'_>, descriptor: &Descriptor, stack: &[DiffId]) -> Result<Todo> {
    let present = match pulling.store.content().blobs().size(&descriptor.digest)? {
        Some(size) if size == descriptor.size => true,
        Some(size) => {
            let text = format!(
                "{} has {size} bytes here and {} by the manifest",
                descriptor.digest, descriptor.size
            );
            return Err(Error::new(ErrorKind::Corrupt, text));
        }
        None => false,
    };
    let ready = pulling.store.driver().facts(stack)?.is_some_and(|facts| facts.ready);
    Ok(match (present, ready) {
        (true, true) => Todo::Nothing,
        (true, false) => Todo::Unpack,
        (false, _) => Todo::Download,
    })
}

/// A layer that cannot be unpacked is refused before anything is asked for.
fn check_kind(descriptor: &Descriptor) -> Result<()> {
    if descriptor.media_type.layer_compression().is_some() {
        return Ok(());
    }
    let text = format!("layer {}: unsupported media type {}", descriptor.digest, descriptor.media_type);
    Err(Error::new(ErrorKind::Unsupported, text))
}
