//! What can go wrong with stored images.

use spec::{ConfigError, Digest, DocumentError, ReferenceError};

/// An error of the image store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The content store said no.
    #[error(transparent)]
    Content(#[from] content::Error),
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// The storage driver said no.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// The text cannot name an image.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Nothing has this name or ID.
    #[error("No such image: {0}")]
    NoSuchImage(String),
    /// `index.json` is damaged.
    #[error("{} is damaged ({reason}); nothing was changed", path.display())]
    Index {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `index.json` would be larger than it may be.
    #[error("the list of images would have {size} bytes, more than INDEX_BYTES_MAX ({limit})")]
    IndexFull {
        /// What it would have.
        size: u64,
        /// What it may have.
        limit: u64,
    },
    /// A stored manifest or index cannot be read as one.
    #[error("stored document {digest}: {source}")]
    Document {
        /// The document.
        digest: Digest,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// A stored config cannot be read as one.
    #[error("stored config {digest}: {source}")]
    Config {
        /// The config.
        digest: Digest,
        /// What is wrong with it.
        source: ConfigError,
    },
    /// A stored manifest is an index or the other way round.
    #[error("stored document {0} is not a manifest")]
    NotAManifest(Digest),
}

/// What every function here returns.
pub type Result<T> = std::result::Result<T, Error>;
