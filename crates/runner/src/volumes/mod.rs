//! Volumes: folders that outlive containers.
//!
//! ```text
//! <root>/volumes/<name>/volume.json    what was asked for
//! <root>/volumes/<name>/_data          the files, or where they are mounted
//! <root>/volumes/<name>/copying        there while an image's files are copied into it for the first time
//! ```

mod copy_up;
mod error;
mod folder;
mod mount;
mod name;
mod options;
mod volume;

pub use error::VolumeError;
pub use folder::{DATA, Volumes};
pub use volume::{ANONYMOUS, LOCAL, Volume, VolumeAsked};
