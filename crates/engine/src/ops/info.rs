//! `info`: the machine, the store, and what is in force.

use crate::engine::Engine;
use crate::error::Result;

/// What `info` tells beside the settings and the machine, which the engine shows openly.
#[derive(Clone, Debug)]
pub struct Info {
    /// Images in the store, those without a name included.
    pub images: usize,
    /// The storage driver in use; nothing while there is no store and none was named.
    pub driver: Option<String>,
    /// What it says about itself.
    pub driver_status: Vec<(String, String)>,
}

impl Engine {
    /// Looks at the store without making one.
    ///
    /// # Errors
    /// When there is one and it cannot be used.
    pub fn info(&self) -> Result<Info> {
        let store = self.existing_store()?;
        let images = match &store {
            Some(store) => store.index()?.by_image().len(),
            None => 0,
        };
        let about = store.map(|store| store.driver().about().clone());
        let chosen = self.settings.storage_driver.value.clone();
        let driver = about.as_ref().map(|about| about.name.to_owned()).or(chosen);
        let status = about.map(|about| about.status).unwrap_or_default();
        Ok(Info {
            images,
            driver,
            driver_status: status.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }
}
