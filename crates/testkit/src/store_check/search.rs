//! Searching for secrets.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The regular files below `folder` that hold these bytes.
///
/// # Errors
/// When a file cannot be read.
pub fn files_with(folder: &Path, needle: &[u8]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_dir() {
            for entry in fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        } else if metadata.is_file() {
            let bytes = fs::read(&path)?;
            if bytes.windows(needle.len().max(1)).any(|window| window == needle) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
