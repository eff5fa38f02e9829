//! The engine: settings, the machine, and the store when an operation needs it.

use std::ffi::OsString;

use content::Access;
use images::{Entry, Found, ImageStore, Index};
use jiff::Timestamp;
use registry_client::Cancel;

use crate::error::{Error, ErrorKind, Result};
use crate::host::{Clock, HostInfo};
use crate::settings::Settings;

/// Performs operations.
pub struct Engine {
    /// What is in force.
    pub settings: Settings,
    /// Where this runs.
    pub host: HostInfo,
    /// Ends whatever is under way when it is set.
    pub cancel: Cancel,
    /// The program that is a container's monitor, with its arguments but for the container's id; empty where there
    /// is none.
    pub monitor_command: Vec<OsString>,
    clock: Clock,
}

impl Engine {
    /// An engine; nothing is opened or read yet.
    pub fn new(settings: Settings, host: HostInfo, clock: Clock, cancel: Cancel) -> Engine {
        Engine { settings, host, cancel, monitor_command: Vec::new(), clock }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The store, made when it is missing.
    pub(crate) fn store(&self) -> Result<ImageStore> {
        self.open(Access::Create)
    }

    /// The store, if there is one: who only reads does not make one.
    pub(crate) fn existing_store(&self) -> Result<Option<ImageStore>> {
        match self.open(Access::Existing) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            result => result.map(Some),
        }
    }

    /// The store and its list of images, for operations on an image that has to be there.
    pub(crate) fn store_and_index(&self, text: &str) -> Result<(ImageStore, Index, Found)> {
        let store = self.store_of(text)?;
        let index = store.index()?;
        let found = index.resolve(text)?;
        Ok((store, index, found))
    }

    /// The store that an image is looked for in; where there is none, there is no such image.
    pub(crate) fn store_of(&self, text: &str) -> Result<ImageStore> {
        match self.existing_store()? {
            Some(store) => Ok(store),
            None => {
                Index::default().resolve(text)?;
                Err(Error::new(ErrorKind::NotFound, format!("No such image: {text}")))
            }
        }
    }

    fn open(&self, access: Access) -> Result<ImageStore> {
        let driver = self.settings.storage_driver.value.as_deref();
        Ok(ImageStore::open(&self.settings.root.value, access, driver)?)
    }

    /// Fails when the user stopped the operation.
    pub(crate) fn check_cancelled(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "context canceled"));
        }
        Ok(())
    }
}

/// The entry that stands for what was found: that of its reference, else any of the image's.
pub(crate) fn entry_of<'i>(index: &'i Index, found: &Found) -> Result<&'i Entry> {
    let named = found.reference.as_ref().and_then(|reference| index.get(reference));
    let entry = named.or_else(|| index.entries().iter().find(|entry| entry.image == found.image));
    entry.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("No such image: {}", found.image)))
}
