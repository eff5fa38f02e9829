//! What can go wrong on the server's side. What is wrong with a request is a [`crate::refusal::Refusal`].

use std::net::SocketAddr;
use std::path::PathBuf;

/// An error of the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// The metadata could not be read or changed.
    #[error("{doing}: {source}")]
    Metadata {
        /// What was being done.
        doing: &'static str,
        /// Whether the disk is full.
        full: bool,
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The root is not what this program can use.
    #[error("{} cannot be used as a registry: {reason}", path.display())]
    Unusable {
        /// The root, or a file in it.
        path: PathBuf,
        /// Why, and the way out.
        reason: String,
    },
    /// The configuration makes no sense.
    #[error("the configuration does not fit: {0}")]
    Config(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The threads that serve could not be started.
    #[error("cannot start the server's threads: {0}")]
    Threads(#[source] std::io::Error),
    /// Certificate or key of TLS do not fit.
    #[error("cannot use {} for TLS: {reason}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// Too much is waiting.
    #[error("more changes wait than CHANGES_WAITING_MAX ({})", crate::limits::CHANGES_WAITING_MAX)]
    Overloaded,
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Randomness,
    /// A blob ended before its size, while it was being sent.
    #[error("a blob has become shorter while it was being sent")]
    Shortened,
    /// A thread that worked for a request panicked.
    #[error("the work of a request ended without a result")]
    Panicked,
}

/// What every function here returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Whether the disk or a quota is full.
    pub fn is_full(&self) -> bool {
        match self {
            Error::Disk(error) => error.is_full(),
            Error::Metadata { full, .. } => *full,
            _ => false,
        }
    }
}
