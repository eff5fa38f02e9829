//! What can go wrong with an archive.

use std::fmt;
use std::io;

use layer::{EntryFault, EntryName, InflateFault};
use spec::json::JsonError;
use spec::{ConfigError, Digest, DocumentError, ReferenceError};

/// Why an archive could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] content::Error),
    /// The stream that the archive comes from failed.
    #[error("read archive")]
    Read(#[source] io::Error),
    /// The stream that the archive goes to failed.
    #[error("write archive")]
    Write(#[source] io::Error),
    /// Writing a scratch file would fill the disk.
    #[error(
        "no space left for the archive: less than DISK_RESERVE_BYTES ({}) would remain free",
        crate::limits::DISK_RESERVE_BYTES
    )]
    Space,
    /// The archive ends too early; Docker's words.
    #[error("unexpected EOF")]
    Truncated,
    /// The compressed archive is damaged or over a limit.
    #[error("inflate archive")]
    Inflate(#[source] InflateFault),
    /// An entry of the tar was refused.
    #[error("archive entry {number} {name}")]
    Entry {
        /// Its place, counted from 1.
        number: u64,
        /// Its name as far as it was known.
        name: EntryName,
        /// What is wrong with it.
        #[source]
        source: EntryFault,
    },
    /// A file of the archive, or what it says, was refused.
    #[error("invalid archive: {name}: {what}")]
    File {
        /// The file's name.
        name: EntryName,
        /// What is wrong, with the rule's or limit's name.
        what: String,
    },
    /// There is nothing that says which images there are, or something else that every archive has is missing.
    #[error("invalid archive: does not contain {0}")]
    Lacks(&'static str),
    /// A list of the archive is no JSON, or not of the right shape.
    #[error("invalid archive")]
    Json(#[from] JsonError),
    /// The layout is of a version that is not known here.
    #[error("unsupported OCI layout version {0}")]
    LayoutVersion(EntryName),
    /// A manifest or index is none.
    #[error("manifest {digest}")]
    Document {
        /// Its digest.
        digest: Digest,
        /// What is wrong with it.
        #[source]
        source: DocumentError,
    },
    /// A config is none.
    #[error("image config {digest}")]
    Config {
        /// Its digest.
        digest: Digest,
        /// What is wrong with it.
        #[source]
        source: ConfigError,
    },
    /// A manifest and its config do not fit; Docker's words.
    #[error("invalid manifest, layers length mismatch: expected {layers}, got {diff_ids}")]
    Layers {
        /// Layers that the manifest lists.
        layers: usize,
        /// Diff IDs that the config lists.
        diff_ids: usize,
    },
    /// An image name is none.
    #[error("image name {name}")]
    Name {
        /// The name.
        name: EntryName,
        /// What is wrong with it.
        #[source]
        source: ReferenceError,
    },
    /// One name for two images: readers in use disagree on which one it means.
    #[error("image name {name} stands for {first} and for {second}")]
    TwoImages {
        /// The name.
        name: String,
        /// A manifest or index that has it.
        first: Digest,
        /// Another one.
        second: Digest,
    },
    /// Content that an image cannot do without is not there.
    #[error("blob {digest} of image {root} is missing")]
    Missing {
        /// The content.
        digest: Digest,
        /// The manifest or index of the image.
        root: Digest,
    },
    /// Content is not what its descriptor says.
    #[error("blob {digest}: expected {expected}, found {found}")]
    Mismatch {
        /// The content.
        digest: Digest,
        /// Digest or size that was announced.
        expected: String,
        /// What it has.
        found: String,
    },
    /// More than is allowed.
    #[error("{what}: {found} is over the limit {limit} = {max}")]
    Limit {
        /// What has too much of it.
        what: String,
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: u64,
        /// What was found; for counted things the first number over the limit.
        found: u64,
    },
    /// Nothing that could be run: the graph of an image has no manifest with all its content.
    #[error("index {0} has no platform with all its content")]
    Incomplete(Digest),
}

/// What every function here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A refusal of a file of the archive.
    pub(crate) fn file(name: impl AsRef<[u8]>, what: impl fmt::Display) -> Error {
        Error::File { name: EntryName::new(name.as_ref()), what: what.to_string() }
    }

    /// Sorts what a decoder or the stream below it said.
    pub(crate) fn from_stream(error: io::Error) -> Error {
        match error.downcast::<InflateFault>() {
            Ok(InflateFault::Truncated(_)) => Error::Truncated,
            Ok(fault) => Error::Inflate(fault),
            Err(error) => match error.downcast::<disk::Error>() {
                Ok(error) => Error::Disk(error),
                Err(error) => Error::Read(error),
            },
        }
    }

    /// Whether the archive itself is at fault, not the way here nor the disk.
    pub fn is_content(&self) -> bool {
        !matches!(self, Error::Disk(_) | Error::Store(_) | Error::Read(_) | Error::Write(_) | Error::Space)
    }
}

impl From<layer::Error> for Error {
    fn from(error: layer::Error) -> Error {
        match error {
            layer::Error::Read(source) => Error::from_stream(source),
            layer::Error::Inflate(InflateFault::Truncated(_)) => Error::Truncated,
            layer::Error::Inflate(fault) => Error::Inflate(fault),
            layer::Error::Entry { source: EntryFault::Truncated, .. } => Error::Truncated,
            layer::Error::Entry { number, name, source } => Error::Entry { number, name, source },
            layer::Error::Apply { source, .. }
            | layer::Error::Directory(source)
            | layer::Error::Tree(source) => Error::Disk(source),
            layer::Error::Write(source) => Error::Write(source),
        }
    }
}
