//! `effects.json`, what a layer does that depends on the layers below it.
//!
//! A layer is stored once for all stacks. Two of its effects cannot be in its files then: a parent directory
//! that it implies has whatever metadata it has below, and a hard link to a file that only lower layers have
//! is a copy of that. They are recorded at ingest and settled for each stack.

use std::collections::HashSet;

use disk::Dir;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The record's name; a layer without such effects has none.
const NAME: &str = "effects.json";

/// Bytes a record can have: some 5,000,000 paths of 100 bytes.
const EFFECTS_BYTES_MAX: u64 = 512 << 20;

/// A path inside a tree: relative, normalised, empty for the root.
pub(crate) type TreePath = Vec<u8>;

/// What a layer does that depends on the layers below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Directories that it has on disk without having named them.
    pub(crate) implied: HashSet<TreePath>,
    /// Hard links whose target it does not have, in the archive's order.
    pub(crate) links: Vec<LowerLink>,
}

/// A hard link whose target is looked for in the layers below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LowerLink {
    /// Where the link is; on disk an empty file keeps the place.
    pub(crate) path: TreePath,
    /// Where it leads.
    pub(crate) target: TreePath,
}

/// As it stands in the file: paths with everything escaped that is not printable ASCII.
#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    implied: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<(String, String)>,
}

impl Effects {
    pub(crate) fn is_empty(&self) -> bool {
        self.implied.is_empty() && self.links.is_empty()
    }

    /// Writes the record, unless there is nothing to say.
    pub(crate) fn write(&self, folder: &Dir) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let mut implied: Vec<String> = self.implied.iter().map(|path| escape(path)).collect();
        implied.sort_unstable();
        let links = self.links.iter().map(|link| (escape(&link.path), escape(&link.target))).collect();
        let bytes = serde_json::to_vec(&Record { implied, links }).map_err(|e| damaged(folder, &e))?;
        Ok(folder.create(NAME, 0o600)?.write_all_at(&bytes, 0)?)
    }

    /// Reads the record of a stored layer.
    pub(crate) fn read(folder: &Dir) -> Result<Effects> {
        let Some(bytes) = folder.read(NAME, EFFECTS_BYTES_MAX)? else { return Ok(Effects::default()) };
        let record: Record = serde_json::from_slice(&bytes).map_err(|e| damaged(folder, &e))?;
        let path = |text: &String| unescape(text).ok_or_else(|| damaged(folder, &"a path is malformed"));
        Ok(Effects {
            implied: record.implied.iter().map(path).collect::<Result<_>>()?,
            links: record
                .links
                .iter()
                .map(|(link, target)| Ok(LowerLink { path: path(link)?, target: path(target)? }))
                .collect::<Result<_>>()?,
        })
    }
}

fn damaged(folder: &Dir, reason: &dyn std::fmt::Display) -> Error {
    Error::Damaged { path: folder.join(NAME), reason: reason.to_string() }
}

/// Writes a path as text: `%` and everything that is not printable ASCII as `%xx`.
pub(crate) fn escape(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'%' | 0..=b' ' | 0x7f.. => text.push_str(&format!("%{byte:02x}")),
            plain => text.push(char::from(*plain)),
        }
    }
    text
}

/// Reads what [`escape`] wrote; nothing when it is not a normalised path (DISK-9).
fn unescape(text: &str) -> Option<TreePath> {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            path.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        path.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    let ordinary = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
    (path.is_empty() || path.split(|b| *b == b'/').all(ordinary)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_as_text() {
        let check = |path: &[u8], expect: &str| {
            assert_eq!(escape(path), expect);
            assert_eq!(unescape(expect).as_deref(), Some(path));
        };
        check(b"", "");
        check(b"usr/lib", "usr/lib");
        check(b"a b%\xff\n\\\"", "a%20b%25%ff%0a\\\"");
    }

    #[test]
    fn records_that_we_did_not_write_are_refused() {
        for text in ["/a", "a/", "a//b", "..", "a/../b", "./a", "%0", "%zz", "%00", "%2e%2e/x", "%"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }

    #[test]
    fn effects_are_read_as_written() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        Effects::default().write(&dir).unwrap();
        assert!(dir.is_empty().unwrap());
        assert!(Effects::read(&dir).unwrap().is_empty());
        let effects = Effects {
            implied: [b"".to_vec(), b"a/\xff".to_vec()].into(),
            links: vec![LowerLink { path: b"x".to_vec(), target: b"y/z".to_vec() }],
        };
        effects.write(&dir).unwrap();
        assert_eq!(Effects::read(&dir).unwrap(), effects);
        let text = std::fs::read_to_string(temporary.path().join(NAME)).unwrap();
        assert_eq!(text, r#"{"implied":["","a/%ff"],"links":[["x","y/z"]]}"#);
    }
}
