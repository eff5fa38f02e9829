//! Copies between a container and this machine.
//!
//! Nobody vouches for a container's files: they are reached below their root alone, links are followed inside
//! (RUN-3, TAR-6), and what a path leads to is found before anything is made.

mod copy_in;
mod copy_out;
mod local;
mod pack;
mod path;
mod plan;
mod root;
mod unpack;
mod view;

pub use copy_in::{CopyIn, CopySource};
pub use copy_out::{CopyOut, CopyTarget};

pub(super) use pack::{Archive, Packing};

use crate::error::Error;

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Bytes of the archive that it is.
    pub bytes: u64,
    /// Where to, as a whole path.
    pub to: Vec<u8>,
}

/// A copy that failed.
#[derive(Debug)]
pub struct CopyFailure {
    /// Why.
    pub error: Error,
    /// Whether it is about this machine's side, which Docker's client looks after.
    pub is_local: bool,
}

impl CopyFailure {
    fn local(error: impl Into<Error>) -> CopyFailure {
        CopyFailure { error: error.into(), is_local: true }
    }

    fn there(error: impl Into<Error>) -> CopyFailure {
        CopyFailure { error: error.into(), is_local: false }
    }
}
