//! What one layer has at a path, and whether those below it can still be seen there.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use disk::Dir;
use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

use crate::error::Result;

/// What makes a directory of a layer hide those of the same path below.
pub(crate) const OPAQUE: &str = "trusted.overlay.opaque";

/// What a layer has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) found: Found,
    /// Whether lower layers cannot be seen at the path any more, whatever they have.
    pub(super) covers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, or a whiteout.
    Nothing,
    Directory,
    /// A file, link, device.
    Other,
}

/// Looks at a path of a layer, following nothing.
pub(super) fn probe(layer: &Dir, path: &[u8]) -> Result<Probe> {
    if path.is_empty() {
        return Ok(Probe { found: Found::Directory, covers: false });
    }
    let mut at = layer.try_clone()?;
    let mut components = path.split(|b| *b == b'/').peekable();
    let mut covers = is_opaque(&at)?;
    while let Some(component) = components.next() {
        let name = OsStr::from_bytes(component);
        let Some(stat) = stat(&at, name)? else { return Ok(Probe { found: Found::Nothing, covers }) };
        let is_last = components.peek().is_none();
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory if is_last => return Ok(Probe { found: Found::Directory, covers }),
            FileType::Directory => at = at.dir(name)?,
            _ if is_last && !is_whiteout(&stat) => {
                return Ok(Probe { found: Found::Other, covers: true });
            }
            _ => return Ok(Probe { found: Found::Nothing, covers: true }),
        }
        covers |= is_opaque(&at)?;
    }
    Ok(Probe { found: Found::Nothing, covers })
}

fn stat(dir: &Dir, name: &OsStr) -> Result<Option<Stat>> {
    match rustix::fs::statat(dir.fd(), name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(disk::Error::new("stat", dir.join(name), errno).into()),
    }
}

fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

fn is_opaque(dir: &Dir) -> Result<bool> {
    let mut value = [0; 1];
    match rustix::fs::fgetxattr(dir.fd(), OPAQUE, &mut value) {
        Ok(n) => Ok(value[..n] == *b"y"),
        Err(Errno::NODATA | Errno::NOTSUP | Errno::RANGE) => Ok(false),
        Err(errno) => Err(disk::Error::new("getxattr", dir.path(), errno).into()),
    }
}
