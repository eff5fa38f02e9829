//! `history`: the steps an image was made in.

use jiff::Timestamp;
use spec::{ImageId, Platform, PlatformMatcher};

use crate::engine::{Engine, entry_of};
use crate::error::{Error, ErrorKind, Result};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// The image that the step made, where that is known.
    pub image: Option<ImageId>,
    /// When.
    pub created: Option<Timestamp>,
    /// By what.
    pub created_by: String,
    /// Bytes of the files it brought; 0 for a step without a layer.
    pub size: u64,
    /// A remark.
    pub comment: String,
}

impl Engine {
    /// The history of an image, newest step first.
    ///
    /// # Errors
    /// When there is no such image, it is of another platform than asked for, or its config contradicts
    /// itself.
    pub fn history(&self, text: &str, platform: Option<&Platform>) -> Result<Vec<HistoryRow>> {
        let (store, index, found) = self.store_and_index(text)?;
        let entry = entry_of(&index, &found)?;
        let image = store.image(entry)?;
        check_platform(text, &image.config.platform(), platform)?;
        let mut sizes = self.layer_sizes(&store, &image)?.into_iter();
        let mut rows = Vec::new();
        for step in image.config.history() {
            let size = if step.empty_layer { Some(0) } else { sizes.next() };
            let size = size.ok_or_else(|| {
                Error::new(ErrorKind::Corrupt, "too many non-empty layers in History section")
            })?;
            rows.push(HistoryRow {
                image: None,
                created: step.created,
                created_by: step.created_by,
                size,
                comment: step.comment,
            });
        }
        rows.reverse();
        let mut ancestor = Some(found.image.clone());
        for row in &mut rows {
            let Some(id) = ancestor.take() else { break };
            ancestor = index.of_image(&id).find_map(|entry| entry.parent.clone());
            row.image = Some(id);
        }
        Ok(rows)
    }

    /// Bytes of the files of each layer, bottom first; from the driver's records, else the layers are read.
    pub(crate) fn layer_sizes(&self, store: &images::ImageStore, image: &images::Image) -> Result<Vec<u64>> {
        let diff_ids = image.config.diff_ids();
        let mut sizes = Vec::with_capacity(diff_ids.len());
        for (at, descriptor) in image.manifest.layers.iter().enumerate().take(diff_ids.len()) {
            let size = match store.driver().facts(&diff_ids[..=at])? {
                Some(facts) => facts.size,
                None => transfer::measure(store.content().blobs(), descriptor)?.bytes,
            };
            sizes.push(size);
        }
        Ok(sizes)
    }
}

/// Refuses an image of another platform than asked for, in Docker's words.
pub(crate) fn check_platform(text: &str, found: &Platform, wanted: Option<&Platform>) -> Result<()> {
    match wanted {
        Some(wanted) if PlatformMatcher::exactly(wanted).rank(found).is_none() => Err(Error::new(
            ErrorKind::NotFound,
            format!(
                "image with reference {text} was found but its platform ({found}) does not match the specified platform ({wanted})"
            ),
        )),
        _ => Ok(()),
    }
}
