//! What is known of a volume, and what can be asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The label of volumes that were made without a name.
pub const ANONYMOUS: &str = "com.docker.volume.anonymous";
/// The one driver.
pub const LOCAL: &str = "local";

/// A volume: `volume.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Labels; nothing is something else than none in Docker's documents, and so it stays here.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Options of the driver, likewise.
    #[serde(default)]
    pub options: Option<BTreeMap<String, String>>,
}

impl Volume {
    /// Whether it was made without a name.
    pub fn is_anonymous(&self) -> bool {
        self.labels().any(|(key, _)| key == ANONYMOUS)
    }

    /// Its labels.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.labels.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// An option of the driver; empty when not given.
    pub(super) fn option(&self, name: &str) -> &str {
        self.options.as_ref().and_then(|options| options.get(name)).map_or("", String::as_str)
    }

    /// Whether its files are somewhere else and have to be mounted.
    pub(super) fn is_mounted_from_elsewhere(&self) -> bool {
        !self.option("type").is_empty() || !self.option("device").is_empty()
    }
}

/// A volume that is wanted; it is made when it is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeAsked {
    /// Its name; empty for a new one that is named after nothing.
    pub name: String,
    /// Its driver; empty for the usual one.
    pub driver: String,
    /// Labels for a new one.
    pub labels: BTreeMap<String, String>,
    /// Options of the driver for a new one.
    pub options: BTreeMap<String, String>,
}
