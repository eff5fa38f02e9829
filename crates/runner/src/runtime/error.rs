//! Why a runtime did not do it.

use std::path::PathBuf;

use crate::control::FailureKind;

/// Why a runtime cannot be used, or did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// There is none.
    #[error(
        "no OCI runtime was found, which starts containers: install the package crun or runc, or name one with --runtime"
    )]
    None,
    /// There is none of this name.
    #[error("unknown or invalid runtime name: {0}")]
    Unknown(String),
    /// It is too old.
    #[error(
        "{name} {version} at {} is older than {minimum}: holes through which programs got out of containers were mended \
         since; upgrade the package {name}, or choose another runtime with --runtime", path.display()
    )]
    TooOld {
        /// Its name.
        name: String,
        /// What it says.
        version: String,
        /// Where it is.
        path: PathBuf,
        /// What it must be at least.
        minimum: &'static str,
    },
    /// It could not be run.
    #[error("run {}", path.display())]
    Run {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It refused.
    #[error("{message}")]
    Refused {
        /// What sort of refusal it is.
        failure: Failure,
        /// In Docker's words.
        message: String,
    },
}

/// What sort of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such program in the container.
    NotFound,
    /// It cannot be executed.
    NotExecutable,
    /// Anything else.
    Other,
}

impl RuntimeError {
    /// What the failure counts as, and the exit code that Docker gives it.
    pub(crate) fn kind_and_exit_code(&self) -> (FailureKind, i32) {
        match self {
            RuntimeError::Refused { failure: Failure::NotFound, .. } => (FailureKind::ProgramNotFound, 127),
            RuntimeError::Refused { failure: Failure::NotExecutable, .. } => {
                (FailureKind::ProgramNotExecutable, 126)
            }
            _ => (FailureKind::Other, 128),
        }
    }
}
