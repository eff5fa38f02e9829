//! What a tree takes on disk.

use std::collections::HashSet;

use rustix::io::Errno;

use super::root::Tree;
use super::walk::{Step, Walk};
use crate::dir::Dir;
use crate::error::{Error, Result};

/// How often folders may be moved or removed under a walk until that is an error.
const ATTEMPTS: u32 = 4;

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

/// Bytes of the files below a folder, directories apart, a file with several names once. Somebody may be at work in
/// it: what goes meanwhile may count or not.
///
/// # Errors
/// When something cannot be read, is mounted below, or is moved again and again.
pub fn file_bytes(folder: &Dir, counts: &dyn Fn(&[u8]) -> bool) -> Result<u64> {
    let mut attempt = 1;
    loop {
        match file_bytes_once(folder, counts) {
            Err(error) if was_moved(&error) && attempt < ATTEMPTS => attempt += 1,
            bytes => return bytes,
        }
    }
}

fn file_bytes_once(folder: &Dir, counts: &dyn Fn(&[u8]) -> bool) -> Result<u64> {
    let mut walk = Walk::new(&Tree::at(folder)?)?;
    let mut linked = HashSet::new();
    let mut bytes = 0;
    while let Some(step) = walk.next()? {
        if let Step::Entry { stat, path, .. } = step
            && counts(path)
            && (stat.links < 2 || linked.insert(stat.id))
        {
            bytes += stat.size;
        }
    }
    Ok(bytes)
}

fn was_moved(error: &Error) -> bool {
    error.is_not_found() || error.raw_os_error() == Some(Errno::STALE.raw_os_error())
}
