//! The OCI runtime: a program of this machine that makes containers.

pub mod console;
mod descriptors;
mod error;
mod find;
mod invoke;
mod known;
#[cfg(test)]
mod tests;
mod words;

use std::os::fd::OwnedFd;
use std::path::PathBuf;

pub(crate) use error::kind_by_words;
pub use error::{Failure, RuntimeError};
pub(crate) use find::has_unified_cgroups;
pub(crate) use find::program;
pub use find::usual_name;

/// A runtime that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// `runc`, `crun`, `youki`, or whatever it is called.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it says of itself: `1.1.5`.
    pub version: String,
    /// Where it keeps what it knows of containers.
    state: PathBuf,
}

/// What a program that is started has for its first three descriptors.
#[derive(Debug)]
pub struct Stdio3 {
    /// Standard input.
    pub stdin: OwnedFd,
    /// Standard output.
    pub stdout: OwnedFd,
    /// Standard error.
    pub stderr: OwnedFd,
}
