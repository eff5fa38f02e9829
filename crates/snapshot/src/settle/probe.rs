//! What one layer has at a path, and whether those below it can still be seen there.

use disk::tree::{FileKind, Folder, Follow, Stat, Tree};

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
pub(super) fn probe(layer: &Tree, path: &[u8]) -> Result<Probe> {
    if path.is_empty() {
        return Ok(Probe { found: Found::Directory, covers: false });
    }
    let mut at = layer.folder(b"", Follow::Never)?;
    let mut covers = is_opaque(&at)?;
    let mut components = path.split(|b| *b == b'/').peekable();
    while let Some(name) = components.next() {
        let Some(stat) = at.stat(name)? else { break };
        let is_last = components.peek().is_none();
        match stat.kind {
            FileKind::Dir if is_last => return Ok(Probe { found: Found::Directory, covers }),
            FileKind::Dir => at = at.folder(name)?,
            _ if is_last && !is_whiteout(&stat) => return Ok(Probe { found: Found::Other, covers: true }),
            _ => return Ok(Probe { found: Found::Nothing, covers: true }),
        }
        covers |= is_opaque(&at)?;
    }
    Ok(Probe { found: Found::Nothing, covers })
}

fn is_whiteout(stat: &Stat) -> bool {
    stat.kind == FileKind::CharDevice && stat.device == (0, 0)
}

/// Whether nothing of lower layers is seen in a directory of a layer.
pub(crate) fn is_opaque(folder: &Folder) -> Result<bool> {
    let is_marked = |xattr: &(Vec<u8>, Vec<u8>)| xattr.0 == OPAQUE.as_bytes() && xattr.1 == b"y";
    Ok(folder.xattrs()?.iter().any(is_marked))
}
