//! Names with a meaning: whiteouts, opaque markers, and names that aufs reserved for itself (TAR-10).

use crate::error::EntryFault;
use crate::name::split;

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// A name like any other.
    Plain,
    /// In its directory, this name of a lower layer is hidden.
    Whiteout(&'a [u8]),
    /// In its directory, everything of lower layers is hidden.
    Opaque,
    /// Reserved: this path, the name itself or one of its parents, vanishes in the end.
    Reserved(&'a [u8]),
}

const PREFIX: &[u8] = b".wh.";
const RESERVED: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// Reads a normalised name.
pub(super) fn meaning(path: &[u8]) -> Result<Meaning<'_>, EntryFault> {
    let (parent, name) = split(path);
    // Nearly all names end here.
    if !path.starts_with(PREFIX) && !path.windows(5).any(|part| part == b"/.wh.") {
        return Ok(Meaning::Plain);
    }
    if let Some(end) = reserved_parent(parent)? {
        return Ok(Meaning::Reserved(&path[..end]));
    }
    let Some(hidden) = name.strip_prefix(PREFIX) else { return Ok(Meaning::Plain) };
    match hidden {
        _ if name == OPAQUE => Ok(Meaning::Opaque),
        _ if name.starts_with(RESERVED) => Ok(Meaning::Reserved(path)),
        b"" | b"." | b".." => Err(malformed("a whiteout of no name")),
        hidden => Ok(Meaning::Whiteout(hidden)),
    }
}

/// Where the first reserved component of a parent path ends. Other whiteout names have nothing below them.
fn reserved_parent(parent: &[u8]) -> Result<Option<usize>, EntryFault> {
    let mut at = 0;
    for component in parent.split(|b| *b == b'/') {
        at += component.len();
        if component.starts_with(RESERVED) && component != OPAQUE {
            return Ok(Some(at));
        }
        if component.starts_with(PREFIX) {
            return Err(malformed("an entry below a whiteout"));
        }
        at += 1;
    }
    Ok(None)
}

fn malformed(what: &'static str) -> EntryFault {
    EntryFault::Malformed { rule: "TAR-10", what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_10_names_with_a_meaning() {
        let check = |path: &str, expect| assert_eq!(meaning(path.as_bytes()), Ok(expect), "{path}");
        check("", Meaning::Plain);
        check("a/b", Meaning::Plain);
        check("a/.whb", Meaning::Plain);
        check("a.wh.b", Meaning::Plain);
        check(".wh.a", Meaning::Whiteout(b"a"));
        check("d/.wh.a", Meaning::Whiteout(b"a"));
        check("d/.wh....", Meaning::Whiteout(b"..."));
        check("d/.wh..hidden", Meaning::Whiteout(b".hidden"));
        check(".wh..wh..opq", Meaning::Opaque);
        check("d/e/.wh..wh..opq", Meaning::Opaque);
        check(".wh..wh.plnk", Meaning::Reserved(b".wh..wh.plnk"));
        check(".wh..wh.plnk/12.34", Meaning::Reserved(b".wh..wh.plnk"));
        check("d/.wh..wh.orph/x/y", Meaning::Reserved(b"d/.wh..wh.orph"));
        check("d/.wh..wh.aufs", Meaning::Reserved(b"d/.wh..wh.aufs"));
        for path in [".wh.", "d/.wh.", "d/.wh..", "d/.wh...", ".wh.a/b", "d/.wh..wh..opq/b", ".wh./b"] {
            assert!(meaning(path.as_bytes()).is_err(), "{path}");
        }
    }
}
