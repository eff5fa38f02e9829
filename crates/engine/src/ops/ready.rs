//! Making an image's layers usable: what a restart took, or what was never unpacked, is unpacked from the blobs.

use content::{Lease, Pin};
use images::{Image, ImageStore};
use layer::Limits;
use transfer::{Unpack, unpack};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

impl Engine {
    /// Unpacks every layer of an image whose files are not there, from the blobs, offline.
    pub(crate) fn make_layers_ready(&self, store: &ImageStore, lease: &Lease, image: &Image) -> Result<()> {
        let diff_ids = image.config.diff_ids();
        if diff_ids.len() != image.manifest.layers.len() {
            let text = "layers from manifest don't match image configuration";
            return Err(Error::new(ErrorKind::Corrupt, text));
        }
        lease.pin(diff_ids.iter().cloned().map(Pin::Layer))?;
        lease.pin(image.manifest.layers.iter().map(|layer| Pin::Blob(layer.digest.clone())))?;
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
            unpack(store.content().blobs().file(&descriptor.digest)?, &job)?;
        }
        Ok(())
    }
}
