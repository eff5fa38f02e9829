//! The one error that leaves the engine: a kind to branch on, a text to read, and hints.

use std::fmt;

use runner::network::NetworkError;
use runner::volumes::VolumeError;

/// What sort of failure it is: the only thing code branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was named does not exist.
    NotFound,
    /// It is in use, or in the way.
    Conflict,
    /// The request cannot be meant.
    InvalidArgument,
    /// Who is asking is not known.
    Unauthorized,
    /// Who is asking may not, or a rule of ours forbids it.
    Denied,
    /// A server is dead, slow or lying.
    Unavailable,
    /// A form that is not spoken here.
    Unsupported,
    /// The user stopped it.
    Cancelled,
    /// Bytes are not what they have to be.
    Corrupt,
    /// The machine failed: disk full, no permission.
    Internal,
}

/// A failure.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hints: Vec<String>,
}

/// What every operation returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of a kind, in words that can be shown.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), hints: Vec::new() }
    }

    /// The same with a way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Error {
        self.hints.push(hint.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Ways out, for the front end to show after the message.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// A request that cannot be meant.
    pub(crate) fn invalid(message: impl fmt::Display) -> Error {
        Error::new(ErrorKind::InvalidArgument, message.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<disk::Error> for Error {
    fn from(error: disk::Error) -> Error {
        let failed = Error::new(ErrorKind::Internal, error.to_string());
        if error.is_full() {
            failed.with_hint("the disk is full: `strata system df` shows what the store holds, `strata image prune` frees some of it, --root chooses another place")
        } else if error.is_read_only() {
            failed.with_hint(
                "nothing can be written there: --root or STRATA_ROOT chooses another place for the store",
            )
        } else {
            failed
        }
    }
}

impl From<content::Error> for Error {
    fn from(error: content::Error) -> Error {
        let kind = match error {
            content::Error::Disk(error) => return error.into(),
            content::Error::Unusable { .. } => ErrorKind::Unsupported,
            content::Error::Absent(_) => ErrorKind::NotFound,
            content::Error::Missing(_) | content::Error::Corrupt { .. } => {
                return Error::new(ErrorKind::Corrupt, error.to_string()).with_hint(
                    "`strata fsck --repair` fetches damaged and missing blobs again from where they came",
                );
            }
            content::Error::Mismatch { .. } | content::Error::TooLarge { .. } => ErrorKind::Corrupt,
        };
        Error::new(kind, error.to_string())
    }
}

impl From<images::Error> for Error {
    fn from(error: images::Error) -> Error {
        let kind = match error {
            images::Error::Content(error) => return error.into(),
            images::Error::Disk(error) => return error.into(),
            images::Error::Snapshot(error) => return error.into(),
            images::Error::Reference(_) => ErrorKind::InvalidArgument,
            images::Error::NoSuchImage(_) => ErrorKind::NotFound,
            images::Error::Index { .. } => {
                return Error::new(ErrorKind::Corrupt, error.to_string()).with_hint(
                    "move that file away and pull or load the images again: the blobs that are here are used",
                );
            }
            images::Error::IndexFull { .. } => {
                return Error::new(ErrorKind::Denied, error.to_string())
                    .with_hint("`strata image prune -a --dry-run` says what could go");
            }
            images::Error::Document { .. }
            | images::Error::Config { .. }
            | images::Error::NotAManifest(_) => ErrorKind::Corrupt,
        };
        Error::new(kind, error.to_string())
    }
}

impl From<snapshot::Error> for Error {
    fn from(error: snapshot::Error) -> Error {
        let kind = match error {
            snapshot::Error::Disk(error) => return error.into(),
            ref error if error.is_content() => ErrorKind::Corrupt,
            _ => ErrorKind::Internal,
        };
        Error::new(kind, chain(&error))
    }
}

impl From<runner::Error> for Error {
    fn from(error: runner::Error) -> Error {
        let kind = match error {
            runner::Error::Disk(error) => return error.into(),
            runner::Error::Snapshot(error) => return error.into(),
            runner::Error::NoSuchContainer(_) => ErrorKind::NotFound,
            runner::Error::Ambiguous(_) | runner::Error::LogOption(_) => ErrorKind::InvalidArgument,
            runner::Error::Record { .. } => ErrorKind::Corrupt,
            runner::Error::Volume(ref error) => volume_kind(error),
            runner::Error::Network(ref error) => network_kind(error),
            _ => ErrorKind::Internal,
        };
        Error::new(kind, chain(&error))
    }
}

fn volume_kind(error: &VolumeError) -> ErrorKind {
    match error {
        VolumeError::NoSuchVolume(_) | VolumeError::Driver { .. } => ErrorKind::NotFound,
        VolumeError::Invalid { .. } => ErrorKind::InvalidArgument,
        VolumeError::InUse { .. } => ErrorKind::Conflict,
        VolumeError::OverFile(_) | VolumeError::Mount { .. } => ErrorKind::Internal,
    }
}

fn network_kind(error: &NetworkError) -> ErrorKind {
    match error {
        NetworkError::NoSuchNetwork(_) => ErrorKind::NotFound,
        NetworkError::NotRunning { .. } => ErrorKind::Conflict,
        NetworkError::Own | NetworkError::Invalid(_) => ErrorKind::InvalidArgument,
        NetworkError::NotPrivileged => ErrorKind::Denied,
        _ => ErrorKind::Internal,
    }
}

impl From<layer::Error> for Error {
    fn from(error: layer::Error) -> Error {
        snapshot::Error::Layer(error).into()
    }
}

impl From<transfer::Error> for Error {
    fn from(error: transfer::Error) -> Error {
        let kind = match error {
            transfer::Error::Content(error) => return error.into(),
            transfer::Error::Snapshot(error) => return error.into(),
            transfer::Error::Layer { .. }
            | transfer::Error::Digest { .. }
            | transfer::Error::DiffId { .. } => ErrorKind::Corrupt,
            transfer::Error::Source(_) => ErrorKind::Unavailable,
        };
        Error::new(kind, chain(&error))
    }
}

impl From<spec::ReferenceError> for Error {
    fn from(error: spec::ReferenceError) -> Error {
        Error::invalid(error)
    }
}

impl From<archive::Error> for Error {
    fn from(error: archive::Error) -> Error {
        let kind = match error {
            archive::Error::Disk(error) => return error.into(),
            archive::Error::Store(error) => return error.into(),
            ref error if error.is_content() => ErrorKind::Corrupt,
            _ => ErrorKind::Internal,
        };
        Error::new(kind, chain(&error))
    }
}

/// An error with its causes, each once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
