//! What can go wrong with a layer on its way in.

use spec::{DiffId, Digest};

/// An error of a transfer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The content store said no.
    #[error(transparent)]
    Content(#[from] content::Error),
    /// The storage driver said no.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// The layer cannot be read.
    #[error("layer {digest}: {source}")]
    Layer {
        /// The blob.
        digest: Digest,
        /// What is wrong with it.
        source: layer::Error,
    },
    /// The bytes are not the blob that was asked for.
    #[error("filesystem layer verification failed for digest {digest}")]
    Digest {
        /// The digest asked for.
        digest: Digest,
        /// What was found.
        reason: String,
    },
    /// The layer is not the one that the config lists.
    #[error(
        "layers from manifest don't match image configuration: {digest} unpacks to {found}, the config lists {expected}"
    )]
    DiffId {
        /// The blob.
        digest: Digest,
        /// What the config says.
        expected: DiffId,
        /// What it unpacks to.
        found: DiffId,
    },
    /// The bytes ended early because their source did.
    #[error("{0}")]
    Source(String),
}

/// What every function here returns.
pub type Result<T> = std::result::Result<T, Error>;
