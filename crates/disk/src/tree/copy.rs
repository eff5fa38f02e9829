//! Copies within and between trees, with everything that belongs to a file.

use std::io::Read;
use std::os::fd::AsFd;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::folder::{Folder, NodeKind};
use super::metadata::{self, is_privileged};
use super::new_file::NewFile;
use super::stat::{FileKind, Stat};
use crate::error::{Error, Result};

/// Copies something that is no directory under a new name, with owner, mode, time and attributes. Holes stay
/// holes, and where the file system can share data it does.
///
/// # Errors
/// When the source is not there or is a directory, the name is taken, or the system does.
pub fn copy_entry(from: &Folder, name: &[u8], to: &Folder, new_name: &[u8]) -> Result<()> {
    let stat = from.stat(name)?.ok_or_else(|| from.error("copy", name, Errno::NOENT))?;
    match stat.kind {
        FileKind::File => return copy_file(from, name, to, new_name),
        FileKind::Symlink => to.symlink(&from.read_link(name)?, new_name)?,
        FileKind::Fifo => to.make_node(new_name, NodeKind::Fifo, 0o600)?,
        FileKind::CharDevice => {
            to.make_node(new_name, NodeKind::CharDevice(stat.device.0, stat.device.1), 0o600)?;
        }
        FileKind::BlockDevice => {
            to.make_node(new_name, NodeKind::BlockDevice(stat.device.0, stat.device.1), 0o600)?;
        }
        FileKind::Dir => return Err(from.error("copy", name, Errno::ISDIR)),
        // Belongs to a process; there is nothing to copy.
        FileKind::Socket => return Ok(()),
    }
    if is_privileged() {
        to.set_owner_of(new_name, stat.owner)?;
    }
    if stat.kind != FileKind::Symlink {
        to.set_mode_of(new_name, stat.mode)?;
        for (xattr, value) in from.xattrs_of(name)? {
            to.set_xattr_of(new_name, &xattr, &value)?;
        }
    }
    to.set_mtime_of(new_name, stat.mtime)
}

/// Gives a directory owner, mode, attributes and time of another one; its own attributes go.
///
/// # Errors
/// When the system does.
pub fn copy_metadata(from: &Folder, to: &Folder) -> Result<()> {
    let stat = from.own_stat()?;
    let xattrs = from.xattrs()?;
    for name in to.xattr_names()? {
        if !xattrs.iter().any(|(known, _)| *known == name) {
            to.remove_xattr(&name)?;
        }
    }
    if is_privileged() {
        to.set_owner(stat.owner)?;
    }
    for (name, value) in &xattrs {
        to.set_xattr(name, value)?;
    }
    to.set_mode(stat.mode)?;
    to.set_mtime(stat.mtime)
}

fn copy_file(from: &Folder, name: &[u8], to: &Folder, new_name: &[u8]) -> Result<()> {
    let source = from.open_file(name)?;
    let failed = |operation: &'static str, error: std::io::Error| from.error(operation, name, error);
    let stat = Stat::of(&rustix::fs::fstat(&source).map_err(|e| failed("stat", e.into()))?);
    let mut file = to.create(new_name, 0o600)?;
    if rustix::fs::ioctl_ficlone(&file, &source).is_err() {
        copy_data(&source, stat.size, &mut file).map_err(|error| match error {
            Trouble::Source(error) => failed("read", error),
            Trouble::Target(error) => error,
        })?;
    }
    if is_privileged() {
        file.set_owner(stat.owner)?;
    }
    let xattrs = metadata::xattrs(source.as_fd()).map_err(|(operation, error)| failed(operation, error))?;
    for (name, value) in xattrs {
        file.set_xattr(&name, &value)?;
    }
    // After the attributes, which a read-only file would not take from an owner who is not root.
    file.set_mode(stat.mode)?;
    file.set_mtime(stat.mtime)
}

enum Trouble {
    Source(std::io::Error),
    Target(Error),
}

/// Copies the regions that hold data.
fn copy_data(mut source: &std::fs::File, size: u64, file: &mut NewFile) -> std::result::Result<(), Trouble> {
    let read = |error: Errno| Trouble::Source(error.into());
    let mut buffer = vec![0; 128 << 10];
    let mut at = 0;
    while at < size {
        let start = match rustix::fs::seek(source, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => break,
            // A file system that does not know holes.
            Err(Errno::INVAL) => at,
            Err(error) => return Err(read(error)),
        };
        let end = rustix::fs::seek(source, SeekFrom::Hole(start)).unwrap_or(size).min(size);
        rustix::fs::seek(source, SeekFrom::Start(start)).map_err(read)?;
        at = start;
        while at < end {
            let want = buffer.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
            let n = source.read(&mut buffer[..want]).map_err(Trouble::Source)?;
            if n == 0 {
                return Ok(());
            }
            file.write_all_at(&buffer[..n], at).map_err(Trouble::Target)?;
            at += n as u64;
        }
    }
    file.set_len(size).map_err(Trouble::Target)
}
