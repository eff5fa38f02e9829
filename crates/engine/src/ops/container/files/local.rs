//! This machine's side of a copy: paths that the user typed, which mean what they mean to any program.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use disk::tree::Tree;

use super::path::{archive_name, clean, components, is_content, says_directory, shown, split_entry};
use super::plan::Destination;
use super::view::View;
use crate::error::{Error, Result};

/// Links at the end of a destination that are followed; Docker's number.
const LINKS_MAX: usize = 10;
/// Links on the way to a source; the kernel's number.
const WAY_LINKS_MAX: usize = 40;

/// Something to be copied.
pub(super) struct LocalSource {
    /// The tree that it is in.
    pub(super) view: View,
    /// Its path there.
    pub(super) path: Vec<u8>,
    /// What it is called in an archive.
    pub(super) name: Vec<u8>,
    /// Whether it is a directory.
    pub(super) is_dir: bool,
}

/// A whole path, clean but for what it says about directories.
pub(super) fn absolute(typed: &[u8]) -> Vec<u8> {
    let mut path = [b"/", &clean(typed)[..]].concat();
    if is_content(typed) {
        path.extend_from_slice(if path == b"/" { b"." } else { b"/." });
    }
    if typed.ends_with(b"/") && path != b"/" {
        path.push(b'/');
    }
    path
}

/// Refuses places that nothing can be copied to, in Docker's words.
pub(super) fn check_target(path: &[u8]) -> Result<()> {
    let (folder, _) = split_entry(&[b"/", &clean(path)[..]].concat());
    let folder = shown(&folder);
    if is_missing(&std::fs::metadata(&folder)) {
        return Err(Error::invalid(format!("invalid output path: directory {folder:?} does not exist")));
    }
    let there = std::fs::metadata(os(path));
    match &there {
        _ if is_missing(&there) => Ok(()),
        Err(error) => Err(failed("stat", path, error)),
        Ok(there) if there.file_type().is_char_device() || there.file_type().is_block_device() => {
            let path = String::from_utf8_lossy(path);
            Err(Error::invalid(format!(
                "invalid output path: {path:?} must be a directory or a regular file: got a device"
            )))
        }
        Ok(_) => Ok(()),
    }
}

/// Where a path leads that something is to be copied to.
pub(super) fn destination(path: &[u8]) -> Result<Destination> {
    let mut at = path.to_vec();
    for _ in 0..=LINKS_MAX {
        let there = std::fs::symlink_metadata(os(&at));
        match &there {
            Ok(there) if there.is_symlink() => {}
            Ok(there) => return Ok(Destination { path: at, is_dir: Some(there.is_dir()) }),
            Err(_) if is_missing(&there) => {
                check_parent(&at)?;
                return Ok(Destination { path: at, is_dir: None });
            }
            Err(error) => return Err(failed("lstat", &at, error)),
        }
        let target = std::fs::read_link(os(&at)).map_err(|error| failed("readlink", &at, &error))?;
        let folder = PathBuf::from(shown(&split_entry(&at).0));
        at = folder.join(target).into_os_string().into_vec();
    }
    Err(Error::invalid(format!("too many symlinks in {}", String::from_utf8_lossy(path))))
}

fn check_parent(path: &[u8]) -> Result<()> {
    let folder = [b"/", &split_entry(path).0[..]].concat();
    match std::fs::metadata(os(&folder)) {
        Ok(there) if there.is_dir() => Ok(()),
        Ok(_) => Err(Error::invalid("not a directory")),
        Err(error) => Err(failed("stat", &folder, &error)),
    }
}

/// What a path leads to that something is to be copied from; a link at its end is followed if asked to, or if the
/// path says that it is a directory's.
pub(super) fn source(path: &[u8], follow: bool) -> Result<LocalSource> {
    let name = archive_name(path);
    let real = match follow || says_directory(path) {
        true => evaluate(&clean(path))?,
        false => {
            let (folder, name) = split_entry(path);
            evaluate(&folder)?.join(os(&name))
        }
    };
    let there = look(&real)?;
    if there.is_dir() {
        let view = View::plain(Tree::open(&real)?);
        return Ok(LocalSource { view, path: Vec::new(), name, is_dir: true });
    }
    if says_directory(path) {
        return Err(Error::invalid("not a directory"));
    }
    let (Some(folder), Some(file)) = (real.parent(), real.file_name()) else {
        return Err(Error::invalid("not a directory"));
    };
    let view = View::plain(Tree::open(folder)?);
    Ok(LocalSource { view, path: file.as_bytes().to_vec(), name, is_dir: false })
}

/// A clean path without any links.
fn evaluate(path: &[u8]) -> Result<PathBuf> {
    let mut ahead: Vec<Vec<u8>> = components(path).rev().map(<[u8]>::to_vec).collect();
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        if part == b".." {
            at.pop();
            continue;
        }
        if !look(&at)?.is_dir() {
            return Err(Error::invalid("not a directory"));
        }
        let next = at.join(os(&part));
        if !look(&next)?.is_symlink() {
            at = next;
            continue;
        }
        links += 1;
        if links > WAY_LINKS_MAX {
            return Err(Error::invalid("too many links"));
        }
        let bytes = next.as_os_str().as_bytes();
        let target = std::fs::read_link(&next).map_err(|error| failed("readlink", bytes, &error))?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        ahead.extend(components(target.as_os_str().as_bytes()).rev().map(<[u8]>::to_vec));
    }
    Ok(at)
}

fn look(path: &Path) -> Result<Metadata> {
    std::fs::symlink_metadata(path).map_err(|error| failed("lstat", path.as_os_str().as_bytes(), &error))
}

fn is_missing(result: &std::io::Result<Metadata>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

fn failed(operation: &'static str, path: &[u8], error: &std::io::Error) -> Error {
    let path = String::from_utf8_lossy(path);
    Error::invalid(format!("{operation} {path}: {}", disk::errno_text(error)))
}

pub(super) fn os(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}
