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

impl Failure {
    /// Docker goes by the words, whatever they are about.
    pub(super) fn by_words(text: &str) -> Failure {
        let lower = text.to_ascii_lowercase();
        let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
        if says(&["executable file not found", "no such file or directory"]) {
            Failure::NotFound
        } else if says(&["permission denied", "is a directory"]) {
            Failure::NotExecutable
        } else {
            Failure::Other
        }
    }

    fn kind(self) -> FailureKind {
        match self {
            Failure::NotFound => FailureKind::ProgramNotFound,
            Failure::NotExecutable => FailureKind::ProgramNotExecutable,
            Failure::Other => FailureKind::Other,
        }
    }
}

/// What a refusal of our own counts as.
pub(crate) fn kind_by_words(text: &str) -> FailureKind {
    Failure::by_words(text).kind()
}

impl RuntimeError {
    /// What the failure counts as, and the exit code that Docker gives it.
    pub(crate) fn kind_and_exit_code(&self) -> (FailureKind, i32) {
        match self {
            RuntimeError::Refused { failure, .. } => match failure {
                Failure::NotFound => (failure.kind(), 127),
                Failure::NotExecutable => (failure.kind(), 126),
                Failure::Other => (failure.kind(), 128),
            },
            _ => (FailureKind::Other, 128),
        }
    }
}
