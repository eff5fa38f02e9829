//! What can go wrong with stored content.

use std::path::PathBuf;

use spec::Digest;

/// An error of the content store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// The store is not what this program can use.
    #[error("{} cannot be used as a store: {reason}", path.display())]
    Unusable {
        /// The store's root.
        path: PathBuf,
        /// Why, and the way out.
        reason: String,
    },
    /// There is no store and none may be made.
    #[error("there is no store at {}", .0.display())]
    Absent(PathBuf),
    /// A blob is not in the store.
    #[error("blob {0} is not in the store")]
    Missing(Digest),
    /// A blob's bytes are not those its name stands for.
    #[error("{} is damaged: expected {expected}, found {found}", path.display())]
    Corrupt {
        /// The blob's file.
        path: PathBuf,
        /// The digest or size that the name or descriptor says.
        expected: String,
        /// What the bytes have.
        found: String,
    },
    /// Bytes that arrived are not those that were announced.
    #[error("{digest}: expected {expected}, found {found}")]
    Mismatch {
        /// The digest asked for.
        digest: Digest,
        /// What was announced.
        expected: String,
        /// What arrived.
        found: String,
    },
    /// A document is larger than its kind may be.
    #[error("blob {digest} has {size} bytes, more than the {limit} that are allowed")]
    TooLarge {
        /// The blob.
        digest: Digest,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
}

/// What every function here returns.
pub type Result<T> = std::result::Result<T, Error>;
