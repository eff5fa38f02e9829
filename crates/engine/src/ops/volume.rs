//! Volumes: make, list, look at and remove them.

mod list;
mod prune;

use std::collections::BTreeMap;
use std::path::PathBuf;

use images::ImageStore;
use jiff::Timestamp;
use runner::record::Containers;
use runner::volumes::{LOCAL, Volume, VolumeAsked, VolumeError, Volumes};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

pub(crate) use list::Names;
pub use list::{ListVolumes, VolumeUsage};
pub use prune::{PruneVolumes, PrunedVolumes};

/// A request for a volume; it is made when it is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateVolume {
    /// Its name; one is made up when it is empty.
    pub name: String,
    /// Its driver; empty for `local`, the only one.
    pub driver: String,
    /// `--opt`.
    pub options: BTreeMap<String, String>,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
}

/// What is known of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSummary {
    /// Its name.
    pub name: String,
    /// Its driver.
    pub driver: &'static str,
    /// `local`: it is of this machine alone.
    pub scope: &'static str,
    /// Where its files are on this machine.
    pub mountpoint: PathBuf,
    /// When it was made.
    pub created: Timestamp,
    /// Its labels; nothing where none were given.
    pub labels: Option<BTreeMap<String, String>>,
    /// Options of the driver; nothing where none were given.
    pub options: Option<BTreeMap<String, String>>,
}

impl VolumeSummary {
    fn of(volumes: &Volumes, volume: Volume) -> VolumeSummary {
        VolumeSummary {
            mountpoint: volumes.data_path(&volume.name),
            driver: LOCAL,
            scope: LOCAL,
            name: volume.name,
            created: volume.created,
            labels: volume.labels,
            options: volume.options,
        }
    }
}

impl Engine {
    /// Makes a volume, or finds the one that has this name.
    ///
    /// # Errors
    /// `create …: …` when it cannot be meant, in Docker's words, or when the store cannot be written.
    pub fn create_volume(&self, request: &CreateVolume) -> Result<VolumeSummary> {
        let store = self.store()?;
        let volumes = Volumes::open(store.content().root())?;
        let CreateVolume { name, driver, options, labels } = request.clone();
        let volume = volumes.create(&VolumeAsked { name, driver, labels, options }, self.now())?;
        Ok(VolumeSummary::of(&volumes, volume))
    }

    /// The volume of this name.
    ///
    /// # Errors
    /// `get …: no such volume`, or a record that cannot be read.
    pub fn volume(&self, name: &str) -> Result<VolumeSummary> {
        let Some(store) = self.existing_store()? else { return Err(no_such_volume(name)) };
        let volumes = volumes_of(&store)?.ok_or_else(|| no_such_volume(name))?;
        let volume = volumes.get(name)?;
        Ok(VolumeSummary::of(&volumes, volume))
    }

    /// Removes a volume. One that is not there is fine when `force` is set; one that containers refer to stays.
    ///
    /// # Errors
    /// `get …: no such volume`, `remove …: volume is in use - […]`, or when the store cannot be written.
    pub fn remove_volume(&self, name: &str, force: bool) -> Result<()> {
        match self.remove_volume_of(name) {
            Err(error) if force && error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn remove_volume_of(&self, name: &str) -> Result<()> {
        let Some(store) = self.existing_store()? else { return Err(no_such_volume(name)) };
        let volumes = volumes_of(&store)?.ok_or_else(|| no_such_volume(name))?;
        let containers = Containers::open_existing(store.content().root())?;
        let trash = store.content().trash()?;
        volumes.remove(name, containers.as_ref(), &trash)?;
        Ok(trash.empty()?)
    }
}

/// The volumes of a store, if it ever had any.
fn volumes_of(store: &ImageStore) -> Result<Option<Volumes>> {
    Ok(Volumes::open_existing(store.content().root())?)
}

fn no_such_volume(name: &str) -> Error {
    runner::Error::from(VolumeError::NoSuchVolume(name.to_owned())).into()
}
