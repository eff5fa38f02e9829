//! A store with one driver, and the steps that all cases are made of.

use std::path::{Path, PathBuf};

use disk::{Dir, Trash};
use layer::tar::{Kind, Writer};
use spec::{DiffId, Digest};

use crate::conformance::model::{Item, Refused, Tree, merged};
use crate::conformance::scan::{difference, scan};
use crate::conformance::unprivileged::as_this_user;
use crate::{Driver, Error, Incoming, Key, Mount, Result, Scratch, Staged};

/// A store in a folder.
pub(crate) struct Bench {
    pub(crate) root: Dir,
    pub(crate) scratch: Dir,
    pub(crate) driver: Box<dyn Driver>,
    _temporary: Option<tempfile::TempDir>,
}

impl Bench {
    /// A new store; nothing where the driver cannot work, which it says.
    pub(crate) fn new(driver: &str) -> Option<Bench> {
        let temporary = tempfile::tempdir().unwrap();
        for name in ["scratch", "trash", "at"] {
            std::fs::create_dir(temporary.path().join(name)).unwrap();
        }
        let bench = Bench::at(driver, temporary.path())?;
        Some(Bench { _temporary: Some(temporary), ..bench })
    }

    /// A store that is there.
    pub(crate) fn at(driver: &str, root: &Path) -> Option<Bench> {
        let may_mount = crate::testing::may_mount();
        if driver == "overlay2" && !may_mount {
            return None;
        }
        let root = Dir::open(root).unwrap();
        let scratch = root.dir("scratch").unwrap();
        match crate::open(&root, Some(driver)) {
            Ok(driver) => Some(Bench { root, scratch, driver, _temporary: None }),
            Err(error @ Error::Unavailable { .. }) => {
                eprintln!("skipped: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    /// As [`Bench::new`], for drivers that keep files.
    pub(crate) fn with_trees(driver: &str) -> Option<Bench> {
        Bench::new(driver).filter(|bench| {
            let has_trees = bench.driver.about().has_trees;
            if !has_trees {
                eprintln!("skipped: {driver} keeps no files");
            }
            has_trees
        })
    }

    pub(crate) fn trash(&self) -> Trash {
        Trash::new(self.root.dir("trash").unwrap())
    }

    pub(crate) fn scratch(&self) -> Scratch<'_> {
        Scratch { dir: &self.scratch, name: "work" }
    }

    pub(crate) fn ingest(&self, tar: &[u8]) -> Result<Staged> {
        let limits = layer::Limits::default();
        self.driver.ingest(Incoming { tar: &mut &tar[..], parents: &[], scratch: self.scratch(), limits })
    }

    /// Ingests and publishes a layer.
    pub(crate) fn store(&self, layer: &[Item]) -> Result<DiffId> {
        let tar = tar(layer);
        let staged = self.ingest(&tar)?;
        let diff_id = staged.facts.diff_id.clone();
        assert_eq!(diff_id.0, Digest::of(&tar));
        self.driver.publish(staged)?;
        Ok(diff_id)
    }

    pub(crate) fn store_all(&self, layers: &[Vec<Item>]) -> Result<Vec<DiffId>> {
        layers.iter().map(|layer| self.store(layer)).collect()
    }

    /// Runs something on a mounted snapshot.
    pub(crate) fn mounted<T>(&self, mounts: &[Mount], look: impl FnOnce(PathBuf) -> T) -> T {
        match crate::plain_directory(mounts) {
            Some(directory) if !rustix::process::geteuid().is_root() => look(directory.to_owned()),
            _ => {
                let at = self.root.join("at");
                crate::mount_all(mounts, &at).unwrap();
                let result = look(at.clone());
                crate::umount_all(mounts, &at).unwrap();
                result
            }
        }
    }

    /// What a view of a stack shows.
    pub(crate) fn tree(&self, stack: &[DiffId]) -> Result<Tree> {
        let key = Key::parse("tree").unwrap();
        // What a failed try left, so that proptest can go on.
        self.driver.remove(&key, &self.trash())?;
        let mounts = self.driver.view(&key, stack, &self.scratch())?;
        let tree = self.mounted(&mounts, |at| scan(&at));
        assert!(self.driver.remove(&key, &self.trash()).unwrap());
        self.trash().empty().unwrap();
        assert!(self.scratch.is_empty().unwrap(), "scratch is left");
        Ok(tree)
    }

    /// Stores a stack and compares what a view shows with what the rule says, refusals included.
    pub(crate) fn check(&self, layers: &[Vec<Item>]) {
        let found = self.store_all(layers).and_then(|stack| self.tree(&stack));
        match (merged(layers), found) {
            (Ok(expected), Ok(found)) => {
                if let Some(difference) = difference(&as_this_user(expected), &found) {
                    panic!("{difference}\nof {}", show(layers));
                }
            }
            (Err(Refused), Err(error)) => assert!(error.is_content(), "{error}"),
            (Ok(_), Err(error)) => panic!("refused: {error}\nof {}", show(layers)),
            (Err(Refused), Ok(_)) => panic!("not refused: {}", show(layers)),
        }
    }
}

/// A layer as an archive.
pub(crate) fn tar(layer: &[Item]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for item in layer {
        let mut header = item.header.clone();
        header.size = item.data.len() as u64;
        writer.append(&header, &item.data[..]).unwrap();
    }
    writer.finish().unwrap()
}

fn show(layers: &[Vec<Item>]) -> String {
    let mut text = String::new();
    for (index, layer) in layers.iter().enumerate() {
        text.push_str(&format!("layer {index}:\n"));
        for item in layer {
            let header = &item.header;
            let link = match header.kind {
                Kind::HardLink | Kind::Symlink => format!(" -> {}", String::from_utf8_lossy(&header.link)),
                _ => String::new(),
            };
            let name = String::from_utf8_lossy(&header.name);
            text.push_str(&format!("  {:?} {name}{link} {:o}\n", header.kind, header.mode));
        }
    }
    text
}
