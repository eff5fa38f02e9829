//! Making an image's layers usable: what a restart took, or what was never unpacked, is unpacked from the blobs.

use content::{Lease, Pin};
use images::{Image, ImageStore};
use layer::Limits;
use spec::{ImageConfig, Manifest};
use transfer::{Unpack, unpack};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

impl Engine {
    /// Unpacks every layer of an image whose files are not there, from the blobs, offline; says whether there were such.
    pub(crate) fn make_layers_ready(&self, store: &ImageStore, lease: &Lease, image: &Image) -> Result<bool> {
        check_layers(&image.manifest, &image.config)?;
        let diff_ids = image.config.diff_ids();
        lease.pin(diff_ids.iter().cloned().map(Pin::Layer))?;
        lease.pin(image.manifest.layers.iter().map(|layer| Pin::Blob(layer.digest.clone())))?;
        let mut is_first_use = false;
        for (at, descriptor) in image.manifest.layers.iter().enumerate() {
            if store.driver().facts(&diff_ids[..=at])?.is_some_and(|facts| facts.ready) {
                continue;
            }
            let job = Unpack {
                layer: descriptor,
                diff_id: &diff_ids[at],
                parents: &diff_ids[..at],
                driver: store.driver(),
                lease,
                limits: Limits::default(),
            };
            unpack_stored(store, &job)?;
            is_first_use = true;
        }
        Ok(is_first_use)
    }
}

/// Makes the files of a layer whose blob is here. A blob that is not what its name says is damage of the store.
pub(crate) fn unpack_stored(store: &ImageStore, job: &Unpack<'_>) -> Result<()> {
    let blobs = store.content().blobs();
    match unpack(blobs.file(&job.layer.digest)?, job) {
        Ok(_) => Ok(()),
        Err(transfer::Error::Digest { digest, reason }) => {
            let expected = format!("{digest} of {} bytes", job.layer.size);
            let path = blobs.path(&digest);
            Err(content::Error::Corrupt { path, expected, found: reason }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses an image whose manifest and config do not list the same number of layers.
pub(crate) fn check_layers(manifest: &Manifest, config: &ImageConfig) -> Result<()> {
    let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids().len());
    if layers == diff_ids {
        return Ok(());
    }
    let text =
        format!("layers from manifest don't match image configuration: {layers} layers, {diff_ids} diff IDs");
    Err(Error::new(ErrorKind::Corrupt, text))
}
