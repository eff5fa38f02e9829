//! Applying a layer to a directory.

mod links;
mod onto;
mod open;
mod policy;
mod settle;

use std::io::Read;

use disk::tree::Tree;

use crate::changeset::{self, Facts};
use crate::error::Error;

pub use policy::{Policy, Privileges, Recorded, Whiteouts};

/// What applying a layer came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What is known about the layer now.
    pub facts: Facts,
    /// What could not be brought onto the disk for want of privileges, in the order of the archive.
    pub recorded: Vec<Recorded>,
    /// Attributes that were left out because the file system has no place for them.
    pub xattrs_dropped: u64,
}

/// Applies an inflated layer to a directory: alone to one that is empty, for drivers that store each layer once
/// ([`Whiteouts::Overlay`], [`Whiteouts::Leave`]), or to one that holds the layers below ([`Whiteouts::Remove`]).
///
/// # Errors
/// A stream that fails, a layer that breaks a rule or a limit, a disk that does. What is in the directory by
/// then is worth nothing and is the caller's to remove; outside of it nothing has been touched.
pub fn apply(stream: impl Read + Send, tree: &Tree, policy: &Policy) -> Result<Applied, Error> {
    let mut onto = onto::Onto::new(tree, *policy)?;
    let facts = changeset::read(stream, &policy.limits, &mut onto)?;
    let (recorded, xattrs_dropped) = onto.finish()?;
    Ok(Applied { facts, recorded, xattrs_dropped })
}
