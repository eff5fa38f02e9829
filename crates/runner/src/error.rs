//! The one error of this crate.

use std::path::PathBuf;

/// Why a container could not be worked with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk says no.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// A snapshot cannot be had or mounted.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// Nothing has this name or id.
    #[error("No such container: {0}")]
    NoSuchContainer(String),
    /// Several ids begin like this.
    #[error("multiple IDs found with provided prefix: {0}")]
    Ambiguous(String),
    /// A log option is not one, in Docker's words.
    #[error("{0}")]
    LogOption(String),
    /// A record is not what it has to be.
    #[error("read {path}: {reason}")]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// What every operation returns.
pub type Result<T> = std::result::Result<T, Error>;
