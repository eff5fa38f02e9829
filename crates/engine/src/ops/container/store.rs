//! Where containers are kept.

use images::ImageStore;
use runner::RunDir;
use runner::record::{Containers, Found};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

impl Engine {
    /// The folder for what a restart of the machine takes.
    pub(crate) fn run_dir(&self) -> RunDir {
        RunDir::of(&self.settings.run, &self.settings.root.value)
    }

    /// All containers, newest first; none where there is no store.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn containers(&self) -> Result<Vec<Found>> {
        let Some(store) = self.existing_store()? else { return Ok(Vec::new()) };
        containers_of(&store)
    }

    /// The container that a text means: an id, a name, or the beginning of one id.
    ///
    /// # Errors
    /// `No such container: …`, or a record that cannot be read.
    pub fn container(&self, text: &str) -> Result<Found> {
        let not_found = || Error::new(ErrorKind::NotFound, format!("No such container: {text}"));
        let store = self.existing_store()?.ok_or_else(not_found)?;
        let containers = Containers::open_existing(store.content().root())?.ok_or_else(not_found)?;
        Ok(containers.find(text)?)
    }
}

/// The containers of a store whose records can be read, newest first, and what is wrong with others.
pub(crate) fn readable_containers_of(store: &ImageStore) -> Result<(Vec<Found>, Vec<String>)> {
    let Some(containers) = Containers::open_existing(store.content().root())? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let (found, damaged) = containers.list_readable()?;
    Ok((found, damaged.iter().map(ToString::to_string).collect()))
}

/// All containers of a store, newest first.
pub(crate) fn containers_of(store: &ImageStore) -> Result<Vec<Found>> {
    match Containers::open_existing(store.content().root())? {
        Some(containers) => Ok(containers.list()?),
        None => Ok(Vec::new()),
    }
}
