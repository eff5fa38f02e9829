//! Who uses images, so that they cannot be removed: today those who have mounted them.

use std::collections::HashMap;

use images::ImageStore;
use spec::ImageId;

use crate::error::Result;
use crate::ops::mount;

/// Everything that uses an image.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    by_image: HashMap<ImageId, Vec<Use>>,
}

/// One user of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is mounted at this path.
    Mount(String),
}

impl std::fmt::Display for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Use::Mount(path) => write!(f, "mount {path}"),
        }
    }
}

impl Uses {
    pub(crate) fn read(store: &ImageStore) -> Result<Uses> {
        let mut uses = Uses::default();
        for mounted in mount::records(store)? {
            let path = mounted.target.display().to_string();
            uses.by_image.entry(mounted.image).or_default().push(Use::Mount(path));
        }
        Ok(uses)
    }

    pub(crate) fn count(&self, image: &ImageId) -> usize {
        self.of(image).len()
    }

    pub(crate) fn of(&self, image: &ImageId) -> &[Use] {
        self.by_image.get(image).map_or(&[], Vec::as_slice)
    }
}
