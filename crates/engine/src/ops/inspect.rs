//! `inspect`: everything that is known of an image.

use jiff::Timestamp;
use spec::{Descriptor, ImageConfig, ImageId, Platform, Reference};

use crate::engine::{Engine, entry_of};
use crate::error::Result;
use crate::ops::history::check_platform;

/// An image, in full.
#[derive(Clone, Debug)]
pub struct InspectedImage {
    /// Its ID.
    pub id: ImageId,
    /// Its tags, by canonical text.
    pub tags: Vec<Reference>,
    /// Its digest references, by canonical text.
    pub digests: Vec<Reference>,
    /// The image it was made from here.
    pub parent: Option<ImageId>,
    /// Its config.
    pub config: ImageConfig,
    /// Bytes of its files, unpacked.
    pub size: u64,
    /// When somebody here last gave it a tag.
    pub tagged: Option<Timestamp>,
    /// The storage driver.
    pub driver: &'static str,
    /// Where the driver keeps it: names and values in order, if the driver has any.
    pub driver_data: Option<Vec<(&'static str, String)>>,
    /// What its references stand for: an index or a manifest.
    pub target: Descriptor,
}

impl Engine {
    /// Everything that is known of an image.
    ///
    /// # Errors
    /// When there is no such image, it is of another platform than asked for, or its documents are damaged.
    pub fn inspect_image(&self, text: &str, platform: Option<&Platform>) -> Result<InspectedImage> {
        let (store, index, found) = self.store_and_index(text)?;
        let entry = entry_of(&index, &found)?;
        let image = store.image(entry)?;
        check_platform(text, &image.config.platform(), platform)?;
        let references = index.references(&found.image);
        let (tags, digests) = references.into_iter().partition(|reference| reference.tag().is_some());
        Ok(InspectedImage {
            tags,
            digests,
            parent: entry.parent.clone(),
            size: entry.size,
            tagged: entry.tagged,
            driver: store.driver().about().name,
            driver_data: store.driver().graph_driver_data(image.config.diff_ids()),
            target: entry.target.clone(),
            config: image.config,
            id: found.image,
        })
    }
}
