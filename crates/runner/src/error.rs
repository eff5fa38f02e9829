//! The one error of this crate.

use std::path::PathBuf;

use crate::control::FailureKind;

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
    /// A command works on a container's files for longer than a start waits.
    #[error("another command works on the files of container {0}: start it when that is through")]
    Busy(String),
    /// Several ids begin like this.
    #[error("multiple IDs found with provided prefix: {0}")]
    Ambiguous(String),
    /// A log option is not one, in Docker's words.
    #[error("{0}")]
    LogOption(String),
    /// The runtime cannot be used, or refused.
    #[error(transparent)]
    Runtime(#[from] crate::runtime::RuntimeError),
    /// It cannot be described to a runtime.
    #[error(transparent)]
    Oci(#[from] crate::oci::OciError),
    /// A process could not be made or spoken to.
    #[error("cannot {doing}")]
    Process {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be connected.
    #[error(transparent)]
    Network(#[from] crate::network::NetworkError),
    /// A volume cannot be had.
    #[error(transparent)]
    Volume(#[from] crate::volumes::VolumeError),
    /// Another container whose names are to be shared does not run.
    #[error("cannot join {what} of a non running container: {id}")]
    NotShared {
        /// What was to be shared.
        what: &'static str,
        /// The other container.
        id: String,
    },
    /// There is no program for `--init`.
    #[error("no program for --init was found: install the package `tini` or `catatonit`")]
    NoInit,
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

impl Error {
    /// What it counts as for whoever asked a monitor.
    pub(crate) fn failure_kind(&self) -> FailureKind {
        match self {
            Error::Runtime(error) => error.kind_and_exit_code().0,
            Error::Oci(error) => crate::runtime::kind_by_words(&error.to_string()),
            _ => FailureKind::Other,
        }
    }
}
