//! `effects.json`, what a layer does that depends on the layers below it.
//!
//! A layer is stored once for all stacks. Two of its effects cannot be in its files then: a parent directory
//! that it implies has whatever metadata it has below, and a hard link to a file that only lower layers have
//! is a copy of that. They are recorded at ingest and settled for each stack. Where files cannot say it, what
//! the layer hides is recorded too.

use std::collections::HashSet;

use disk::Dir;
use layer::{LinkBelow, Whiteout};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The record's name; a layer without such effects has none.
const NAME: &str = "effects.json";

/// Bytes a record can have: some 5,000,000 paths of 100 bytes.
const EFFECTS_BYTES_MAX: u64 = 512 << 20;

/// A path inside a tree: relative, normalised, empty for the root.
pub(crate) type TreePath = Vec<u8>;

/// What a layer does that depends on the layers below, and what else its files cannot say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Directories that it has on disk without having named them.
    pub(crate) implied: HashSet<TreePath>,
    /// Hard links whose target it does not have, in the archive's order.
    pub(crate) links: Vec<LinkBelow>,
    /// What it hides of the layers below, where files cannot say so.
    pub(crate) hidden: Vec<Whiteout>,
    /// Modes that files on disk could not be given, since their owner has to read them.
    pub(crate) modes: Vec<(TreePath, u32)>,
}

/// As it stands in the file: paths with everything escaped that is not printable ASCII.
#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    implied: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    whiteouts: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    opaque: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    modes: Vec<(String, u32)>,
}

impl Effects {
    /// What reading a layer found out; what is hidden is left to the files.
    pub(crate) fn of(facts: &mut layer::Facts) -> Effects {
        Effects {
            implied: std::mem::take(&mut facts.implied).into_iter().collect(),
            links: std::mem::take(&mut facts.links_below),
            ..Effects::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Effects::default()
    }

    /// Writes the record, unless there is nothing to say.
    pub(crate) fn write(&self, folder: &Dir) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&self.record()).map_err(|e| damaged(folder, &e))?;
        Ok(folder.create(NAME, 0o600)?.write_all_at(&bytes, 0)?)
    }

    fn record(&self) -> Record {
        let mut implied: Vec<String> = self.implied.iter().map(|path| escape(path)).collect();
        implied.sort_unstable();
        let mut record = Record {
            implied,
            links: self.links.iter().map(|l| (escape(&l.path), escape(&l.target))).collect(),
            whiteouts: Vec::new(),
            opaque: Vec::new(),
            modes: self.modes.iter().map(|(path, mode)| (escape(path), *mode)).collect(),
        };
        for hidden in &self.hidden {
            match hidden {
                Whiteout::Path(path) => record.whiteouts.push(escape(path)),
                Whiteout::Opaque(path) => record.opaque.push(escape(path)),
            }
        }
        record
    }

    /// Whether a stored layer has any, without reading them.
    pub(crate) fn exist(folder: &Dir) -> Result<bool> {
        Ok(folder.file_id(NAME)?.is_some())
    }

    /// Reads the record of a stored layer.
    pub(crate) fn read(folder: &Dir) -> Result<Effects> {
        let Some(bytes) = folder.read(NAME, EFFECTS_BYTES_MAX)? else { return Ok(Effects::default()) };
        let record: Record = serde_json::from_slice(&bytes).map_err(|e| damaged(folder, &e))?;
        record.effects().ok_or_else(|| damaged(folder, &"a path is malformed"))
    }
}

impl Record {
    fn effects(&self) -> Option<Effects> {
        let path = |text: &String| unescape(text);
        let link = |(link, target): &(String, String)| {
            Some(LinkBelow { path: unescape(link)?, target: unescape(target)? })
        };
        let whiteouts = self.whiteouts.iter().map(|text| path(text).map(Whiteout::Path));
        let opaque = self.opaque.iter().map(|text| path(text).map(Whiteout::Opaque));
        Some(Effects {
            implied: self.implied.iter().map(path).collect::<Option<_>>()?,
            links: self.links.iter().map(link).collect::<Option<_>>()?,
            hidden: whiteouts.chain(opaque).collect::<Option<_>>()?,
            modes: self.modes.iter().map(|(p, mode)| Some((path(p)?, *mode))).collect::<Option<_>>()?,
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
            links: vec![LinkBelow { path: b"x".to_vec(), target: b"y/z".to_vec() }],
            hidden: vec![Whiteout::Path(b"w".to_vec()), Whiteout::Opaque(b"".to_vec())],
            modes: vec![(b"m".to_vec(), 0)],
        };
        effects.write(&dir).unwrap();
        assert_eq!(Effects::read(&dir).unwrap(), effects);
        let text = std::fs::read_to_string(temporary.path().join(NAME)).unwrap();
        assert_eq!(
            text,
            r#"{"implied":["","a/%ff"],"links":[["x","y/z"]],"whiteouts":["w"],"opaque":[""],"modes":[["m",0]]}"#
        );
    }
}
