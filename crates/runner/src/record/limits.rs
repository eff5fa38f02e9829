//! What a container may take of devices of this machine, and devices that drivers bring.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much of a block device's time a container gets, against others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct WeightDevice {
    /// Its path here.
    pub path: String,
    /// 10 to 1000, or 0 for none of its own.
    pub weight: u16,
}

/// How fast a container may read a block device, or write to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ThrottleDevice {
    /// Its path here.
    pub path: String,
    /// Bytes, or operations, a second.
    pub rate: u64,
}

/// Devices that a driver chooses: `--gpus`, and devices by the names of the Container Device Interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeviceRequest {
    /// Which driver; empty for one that can do what is wanted.
    pub driver: String,
    /// How many; -1 for all.
    pub count: i64,
    /// Which, where they are chosen.
    #[serde(rename = "DeviceIDs")]
    pub device_ids: Vec<String>,
    /// What they must be able to do: all of one of these lists.
    pub capabilities: Vec<Vec<String>>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
}
