//! What can go wrong between a layer's stream and a mounted root filesystem.

use std::path::PathBuf;

use spec::DiffId;

use crate::key::Key;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// A layer could not be taken in.
    #[error(transparent)]
    Layer(#[from] layer::Error),
    /// A layer that a stack needs is not stored, or is not believed after a restart of the machine.
    #[error("layer {diff_id} is not unpacked in storage driver {driver}")]
    LayerMissing {
        /// The driver asked.
        driver: &'static str,
        /// The layer.
        diff_id: DiffId,
    },
    /// A driver that keeps no trees was asked for one.
    #[error(
        "storage driver {0} keeps layers compressed and has no files to show; run as root, or use \
         `--storage-driver vfs`"
    )]
    NoTrees(&'static str),
    /// A stack has no layers.
    #[error("an image without layers has no root filesystem")]
    EmptyStack,
    /// A stack has more layers than a driver can put on each other.
    #[error("{found} layers are more than the {max} that storage driver {driver} can stack")]
    TooManyLayers {
        /// The driver.
        driver: &'static str,
        /// Layers of the stack.
        found: usize,
        /// Layers it can have.
        max: usize,
    },
    /// A hard link leads to something that neither its layer nor those below have.
    #[error("hard link {name} of layer {diff_id} leads to {target}, which does not exist (TAR-8)")]
    LinkTarget {
        /// The layer with the link.
        diff_id: DiffId,
        /// The link, escaped.
        name: String,
        /// Where it leads, escaped.
        target: String,
    },
    /// There is no snapshot of that name.
    #[error("there is no snapshot {0}")]
    SnapshotMissing(Key),
    /// A snapshot of that name exists and is something else.
    #[error("snapshot {0} exists already and is another one")]
    SnapshotConflict(Key),
    /// A record of ours cannot be what we wrote.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The record's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No driver has that name.
    #[error("there is no storage driver {name:?}; there are {known}")]
    UnknownDriver {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A driver cannot work here.
    #[error("storage driver {driver} cannot be used here: {reason}")]
    Unavailable {
        /// The driver.
        driver: &'static str,
        /// Why.
        reason: String,
    },
    /// The kernel refused a mount.
    #[error("mount {kind} on {}: {step}", target.display())]
    Mount {
        /// The kind of file system.
        kind: &'static str,
        /// Where it was to appear.
        target: PathBuf,
        /// What was being done, and what the kernel said about it in words.
        step: String,
        /// What the kernel said.
        #[source]
        source: std::io::Error,
    },
}

/// What every function here returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Whether the layer or the image itself is at fault: then nothing of it is worth keeping (DISK-6).
    pub fn is_content(&self) -> bool {
        match self {
            Error::Layer(error) => error.is_content(),
            Error::LinkTarget { .. } | Error::TooManyLayers { .. } => true,
            _ => false,
        }
    }

    /// The layer to ingest again, when that is all that is missing.
    pub fn missing_layer(&self) -> Option<&DiffId> {
        match self {
            Error::LayerMissing { diff_id, .. } => Some(diff_id),
            _ => None,
        }
    }
}
