//! `fsck`: is the store what it has to be?

use images::Checked;

use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// Reads and hashes everything that the images need. Nothing is changed, and nothing is made where there is
    /// no store.
    ///
    /// # Errors
    /// When the list of images cannot be read.
    pub fn fsck(&self) -> Result<Checked> {
        match self.existing_store()? {
            Some(store) => Ok(store.check(|_| ())?),
            None => Ok(Checked::default()),
        }
    }
}
