//! Why a volume cannot be had, in Docker's words.

use std::io;
use std::path::PathBuf;

/// Why a volume cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// There is no volume of this name.
    #[error("get {0}: no such volume")]
    NoSuchVolume(String),
    /// What was asked for cannot be meant.
    #[error("create {name}: {reason}")]
    Invalid {
        /// The volume's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no such driver.
    #[error("create {name}: error looking up volume plugin {driver}: plugin \"{driver}\" not found")]
    Driver {
        /// The volume's name.
        name: String,
        /// The driver that was asked for.
        driver: String,
    },
    /// Containers use it, running or not.
    #[error("remove {name}: volume is in use - [{}]", containers.join(", "))]
    InUse {
        /// The volume's name.
        name: String,
        /// Their ids.
        containers: Vec<String>,
    },
    /// A file of the image is where a volume is to be mounted.
    #[error("cannot mount volume over existing file, file exists {0}")]
    OverFile(PathBuf),
    /// What the volume stands for cannot be mounted.
    #[error("failed to mount local volume: mount {device}:{target}{}: {source}", data(options))]
    Mount {
        /// What was to be mounted.
        device: String,
        /// Where.
        target: String,
        /// With which options of the file system, without passwords.
        options: String,
        /// Why not.
        source: io::Error,
    },
}

fn data(options: &str) -> String {
    if options.is_empty() { String::new() } else { format!(", data: {options}") }
}
