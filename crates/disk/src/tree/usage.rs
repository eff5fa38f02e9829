//! What a tree takes on disk.

use std::collections::HashSet;

use super::root::Tree;
use super::walk::{Step, Walk};
use crate::error::Result;

/// Bytes that removing a tree gives back: blocks of files, directories and long links, a file with several names
/// in the tree once.
///
/// # Errors
/// When something cannot be read, or something is mounted below.
pub fn disk_usage(tree: &Tree) -> Result<u64> {
    let mut walk = Walk::new(tree)?;
    let mut linked = HashSet::new();
    let mut bytes = 0;
    while let Some(step) = walk.next()? {
        match step {
            Step::Entry { stat, .. } if stat.links > 1 && !linked.insert(stat.id) => {}
            Step::Entry { stat, .. } | Step::Enter { stat, .. } => bytes += stat.disk_bytes,
            Step::Leave { .. } => {}
        }
    }
    Ok(bytes)
}
