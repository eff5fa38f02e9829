//! A mount of a container, with everything about it decided.

use serde::{Deserialize, Serialize};

use super::MountKind;

/// `MountPoint` of Docker's API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MountPoint {
    /// What is mounted.
    #[serde(rename = "Type")]
    pub kind: MountKind,
    /// The volume's name; empty for other kinds.
    pub name: String,
    /// Whether the volume was made for this container and has no name of its own.
    pub anonymous: bool,
    /// The path here; empty for memory.
    pub source: String,
    /// The path there, absolute and clean.
    pub destination: String,
    /// The volume's driver.
    pub driver: String,
    /// Options as given: `ro`, `z`, or a tmpfs's own options.
    pub mode: String,
    /// Whether it can be written.
    #[serde(rename = "RW")]
    pub rw: bool,
    /// `rprivate` and so on for binds.
    pub propagation: String,
    /// Whether what is mounted below the source stays out.
    pub non_recursive: bool,
}
