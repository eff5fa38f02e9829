//! A directory to apply layers to, beside one that must never be touched.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use disk::tree::Tree as DiskTree;
use layer::codec::{Accept, Decoder};
use layer::tar::{Entry, Reader};
use layer::{Applied, Error, Facts, Limits, Policy, Privileges, Whiteouts};
use testkit::forge::Archive;
use testkit::store_check::{Canary, Tree};

/// What this process may do.
pub(crate) fn privileges() -> Privileges {
    if rustix::process::geteuid().is_root() { Privileges::All } else { Privileges::None }
}

/// A scratch folder with a canary in it.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    canary: Canary,
    count: std::cell::Cell<u32>,
}

impl Scene {
    pub(crate) fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let canary = Canary::plant(&folder.path().join("canary"));
        Scene { folder, canary, count: std::cell::Cell::new(0) }
    }

    pub(crate) fn canary(&self) -> &Path {
        self.canary.path()
    }

    /// A new, empty directory beside the canary.
    pub(crate) fn root(&self) -> PathBuf {
        self.count.set(self.count.get() + 1);
        let root = self.folder.path().join(format!("root{}", self.count.get()));
        std::fs::create_dir(&root).unwrap();
        root
    }

    /// Scans and applies a layer: both must come to the same, and the canary must not notice.
    pub(crate) fn run(&self, layer: &[u8]) -> Result<(PathBuf, Applied), Error> {
        let scanned = scan(layer);
        let root = self.root();
        let applied = apply(layer, &root, Whiteouts::Overlay);
        self.canary.check();
        match (&scanned, &applied) {
            (Ok(facts), Ok(applied)) => assert_eq!(*facts, applied.facts),
            (Err(scan), Err(apply)) => assert_eq!(chain(scan), chain(apply)),
            (scan, apply) => panic!("scan says {scan:?}, apply says {apply:?}"),
        }
        Ok((root, applied?))
    }

    /// Applies layers to one directory, one upon the other.
    pub(crate) fn stack(&self, layers: &[Vec<u8>]) -> Result<PathBuf, Error> {
        let root = self.root();
        for layer in layers {
            let outcome = apply(layer, &root, Whiteouts::Remove);
            self.canary.check();
            outcome?;
        }
        Ok(root)
    }

    /// What a layer becomes.
    #[track_caller]
    pub(crate) fn tree(&self, layer: &[u8]) -> Tree {
        match self.run(layer) {
            Ok((root, _)) => Tree::read(&root).unwrap(),
            Err(error) => panic!("{}", chain(&error)),
        }
    }

    /// What a stack becomes.
    #[track_caller]
    pub(crate) fn stacked(&self, layers: &[Vec<u8>]) -> Tree {
        match self.stack(layers) {
            Ok(root) => Tree::read(&root).unwrap(),
            Err(error) => panic!("{}", chain(&error)),
        }
    }

    /// Something hostile is refused by a rule wherever it stands; its twin is not.
    #[track_caller]
    pub(crate) fn pair(
        &self,
        rule: &str,
        hostile: impl Fn(Archive) -> Archive,
        twin: impl Fn(Archive) -> Archive,
    ) {
        for (i, before) in befores().into_iter().enumerate() {
            // The disk is slow; at two places it has to show that it makes no difference.
            let run = |layer: Archive, is_applied: bool| match is_applied {
                true => self.run(&layer.file("after", "x").end()).map(drop),
                false => scan(&layer.file("after", "x").end()).map(drop),
            };
            let Err(refusal) = run(hostile(before.clone()), i < 2) else { panic!("{rule}: was not refused") };
            let text = chain(&refusal);
            assert!(refusal.is_content() && text.contains(rule), "expected {rule}, got: {text}");
            if let Err(error) = run(twin(before), i < 1) {
                panic!("{rule}: the twin was refused: {}", chain(&error));
            }
        }
    }
}

/// What may stand before an entry.
fn befores() -> Vec<Archive> {
    let many = (0..50).fold(Archive::new(), |archive, i| archive.file(format!("before{i}"), vec![b'x'; 700]));
    vec![
        Archive::new(),
        Archive::new().file("before", "data"),
        Archive::new().pax(&[("mtime", "1.5")]).dir("before/").global(&[("comment", "x")]),
        many,
    ]
}

pub(crate) fn scan(layer: &[u8]) -> Result<Facts, Error> {
    let limits = Limits::default();
    layer::scan(Decoder::open(layer, Accept::Layer, limits)?, &limits)
}

pub(crate) fn apply(layer: &[u8], root: &Path, whiteouts: Whiteouts) -> Result<Applied, Error> {
    apply_as(layer, root, whiteouts, privileges())
}

pub(crate) fn apply_as(
    layer: &[u8],
    root: &Path,
    whiteouts: Whiteouts,
    privileges: Privileges,
) -> Result<Applied, Error> {
    let limits = Limits::default();
    let decoder = Decoder::open(layer, Accept::Layer, limits)?;
    layer::apply(decoder, &DiskTree::open(root).unwrap(), &Policy { privileges, whiteouts, limits })
}

/// The entries of an archive with their data, holes filled.
pub(crate) fn entries(archive: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, String> {
    let mut reader = Reader::new(archive);
    let mut entries = Vec::new();
    while let Some(mut member) = reader.next_entry().map_err(|error| chain(&error))? {
        let mut data = Vec::new();
        let entry = member.entry().clone();
        std::io::Read::read_to_end(&mut member, &mut data).map_err(|error| error.to_string())?;
        entries.push((entry, data));
    }
    assert_eq!(reader.finish().unwrap(), archive.len() as u64);
    Ok(entries)
}

/// The names and data of an archive's entries.
#[track_caller]
pub(crate) fn check(archive: &[u8], expect: &[(&str, &str)]) {
    let entries = entries(archive).unwrap();
    let found: Vec<(String, String)> = entries
        .iter()
        .map(|(entry, data)| {
            (String::from_utf8_lossy(&entry.name).into_owned(), String::from_utf8_lossy(data).into_owned())
        })
        .collect();
    let expect: Vec<(String, String)> = expect.iter().map(|(n, d)| ((*n).into(), (*d).into())).collect();
    assert_eq!(found, expect);
}

/// An error and its causes.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
