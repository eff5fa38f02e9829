//! `vfs`: plain directories, merged by us.
//!
//! It works on every file system and without privileges. Layers are stored once, as directories of what they
//! bring; what they hide is in their records. A snapshot is a whole tree: of a view made by root, which is
//! only reached through a read-only mount, the files are the layers' own under one more name; anywhere else
//! they are copies, which file systems that can do so share.
//!
//! ```text
//! layers/vfs/<diff hex>/{meta.json, effects.json, files/}
//! snapshots/vfs/<key>/{snapshot.json, meta.json, files/}
//! ```
//!
//! In a user namespace both folders are called `vfs-user`.

use std::collections::HashMap;

use disk::tree::{FileKind, Follow, Time, Tree, is_privileged};
use disk::{Dir, Trash};
use layer::{Policy, Whiteouts};
use spec::{ChainId, DiffId};

use crate::driver::{About, Changes, Driver, Incoming, Scratch, SnapshotFacts};
use crate::drivers::privileges::{is_first_user_namespace, privileges};
use crate::effects::{Effects, TreePath};
use crate::error::{Error, Result};
use crate::facts::{LayerFacts, Stored};
use crate::key::Key;
use crate::layers::{Layers, Trust};
use crate::merge::{Content, Merge};
use crate::mount::Mount;
use crate::settle::LayerTree;
use crate::snapshots::{Record, Snapshots, Wanted};
use crate::staged::{Place, Staged};

pub(crate) const NAME: &str = "vfs";

/// Where an ordinary user's containers have theirs: outside the user namespace that they were made in nobody but root
/// can read or remove all of it, so what the user has besides is kept apart.
pub(crate) const OF_USERS: &str = "vfs-user";

/// The files of a layer or snapshot.
const FILES: &str = "files";
/// Copies that wait for their place while a snapshot is made.
const WAITING: &str = "waiting";

/// The driver.
#[derive(Debug)]
pub(crate) struct Vfs {
    about: About,
    layers: Layers,
    snapshots: Snapshots,
}

impl Vfs {
    pub(crate) fn open(root: &Dir) -> Result<Vfs> {
        Vfs::open_in(root, if is_of_users() { OF_USERS } else { NAME })
    }

    /// What was kept outside the user namespace that this process is in.
    pub(crate) fn open_plain(root: &Dir) -> Result<Vfs> {
        Vfs::open_in(root, NAME)
    }

    fn open_in(root: &Dir, folder: &'static str) -> Result<Vfs> {
        Ok(Vfs {
            about: About { name: NAME, needs_parents: false, has_trees: true, status: Vec::new() },
            layers: Layers::new(root, folder, Trust::Files)?,
            snapshots: Snapshots::new(root, folder)?,
        })
    }

    fn snapshot(&self, key: &Key, record: &Record, scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        let chain_id = ChainId::of(&record.stack).ok_or(Error::EmptyStack)?;
        let folder = match self.snapshots.want(key, record, scratch)? {
            // What an active snapshot holds was synced when it was made, and is nowhere else.
            Wanted::There(folder) if record.active || self.layers.believes(&folder, &chain_id)? => folder,
            Wanted::There(_) => {
                self.snapshots.retire(key, scratch)?;
                return self.snapshot_anew(key, record, scratch);
            }
            Wanted::New(place, folder) => self.fill(key, record, &chain_id, &place, &folder)?,
        };
        Ok(mounts(&folder, record))
    }

    fn snapshot_anew(&self, key: &Key, record: &Record, scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        let chain_id = ChainId::of(&record.stack).ok_or(Error::EmptyStack)?;
        match self.snapshots.want(key, record, scratch)? {
            // Another process was quicker.
            Wanted::There(folder) => Ok(mounts(&folder, record)),
            Wanted::New(place, folder) => {
                Ok(mounts(&self.fill(key, record, &chain_id, &place, &folder)?, record))
            }
        }
    }

    fn fill(
        &self,
        key: &Key,
        record: &Record,
        chain_id: &ChainId,
        place: &Place,
        folder: &Dir,
    ) -> Result<Dir> {
        let content = match is_privileged() && !record.active {
            true => Content::Shared,
            false => Content::Copied,
        };
        let files = Tree::at(&folder.make_dir(FILES)?)?;
        let waiting = Tree::at(&folder.make_dir(WAITING)?)?.folder(b"", Follow::Never)?;
        let root = files.folder(b"", Follow::Never)?;
        root.set_mode(0o755)?;
        root.set_mtime(Time::default())?;
        let mut merge = Merge::new(&files, &waiting, content);
        for diff_id in &record.stack {
            merge.add(&LayerTree::open(&self.layers, diff_id, FILES)?)?;
        }
        merge.finish()?;
        folder.remove_all(WAITING)?;
        self.layers.seal_snapshot(folder, chain_id, record.active)?;
        self.snapshots.publish(key, record, place)
    }
}

/// Whether this process is in a user namespace, as an ordinary user's containers are.
pub(crate) fn is_of_users() -> bool {
    is_privileged() && !is_first_user_namespace()
}

fn mounts(folder: &Dir, record: &Record) -> Vec<Mount> {
    vec![Mount::bind(folder.join(FILES), !record.active)]
}

impl Driver for Vfs {
    fn about(&self) -> &About {
        &self.about
    }

    fn ingest(&self, incoming: Incoming<'_>) -> Result<Staged> {
        let (place, folder) = Place::make(&incoming.scratch)?;
        let files = Tree::at(&folder.make_dir(FILES)?)?;
        let policy =
            Policy { privileges: privileges(), whiteouts: Whiteouts::Leave, limits: incoming.limits };
        let mut facts = layer::apply(incoming.tar, &files, &policy)?.facts;
        let mut effects = Effects::of(&mut facts);
        effects.hidden = std::mem::take(&mut facts.whiteouts);
        if !is_privileged() {
            effects.modes = make_readable(&files)?;
        }
        effects.write(&folder)?;
        self.layers.seal(&folder, LayerFacts::of(facts), place)
    }

    fn publish(&self, staged: Staged) -> Result<()> {
        self.layers.publish(&staged)
    }

    fn facts(&self, stack: &[DiffId]) -> Result<Option<LayerFacts>> {
        self.layers.facts_of_top(stack)
    }

    fn view(&self, key: &Key, stack: &[DiffId], scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        self.snapshot(key, &Record { stack: stack.to_vec(), active: false }, scratch)
    }

    fn prepare(&self, key: &Key, stack: &[DiffId], scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        self.snapshot(key, &Record { stack: stack.to_vec(), active: true }, scratch)
    }

    fn mounts(&self, key: &Key, scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        let (_, record) = self.snapshots.open(key)?;
        self.snapshot(key, &record, scratch)
    }

    fn changes(&self, key: &Key) -> Result<Changes> {
        let (folder, record) = self.snapshots.open_active(key)?;
        Ok(Changes::Compare { before: record.stack, now: folder.dir(FILES)? })
    }

    fn remove(&self, key: &Key, trash: &Trash) -> Result<bool> {
        self.snapshots.remove(key, trash)
    }

    fn walk(&self) -> Result<Vec<Stored>> {
        self.layers.walk()
    }

    fn snapshots(&self) -> Result<Vec<SnapshotFacts>> {
        self.snapshots.list()
    }

    fn graph_driver_data(&self, _: &[DiffId]) -> Option<Vec<(&'static str, String)>> {
        None
    }
}

/// Lets an ordinary user read and enter everything of a layer; says which modes this changed, for each name of
/// a file.
fn make_readable(files: &Tree) -> Result<Vec<(TreePath, u32)>> {
    let mut modes = Vec::new();
    let mut several_names: HashMap<(u64, u64), u32> = HashMap::new();
    let root = files.folder(b"", Follow::Never)?;
    let mode = root.own_stat()?.mode;
    if mode & 0o700 != 0o700 {
        root.set_mode(mode | 0o700)?;
        modes.push((TreePath::new(), mode));
    }
    let mut queue = vec![TreePath::new()];
    while let Some(path) = queue.pop() {
        let folder = files.folder(&path, Follow::Never)?;
        for name in folder.names()? {
            let Some(stat) = folder.stat(&name)? else { continue };
            let path = if path.is_empty() { name.clone() } else { [&path, &b"/"[..], &name].concat() };
            let needed = needed_bits(stat.kind);
            if stat.mode & needed != needed {
                folder.set_mode_of(&name, stat.mode | needed)?;
                modes.push((path.clone(), stat.mode));
                several_names.insert(stat.id, stat.mode);
            } else if let Some(mode) = several_names.get(&stat.id).filter(|_| stat.kind == FileKind::File) {
                modes.push((path.clone(), *mode));
            }
            if stat.kind == FileKind::Dir {
                queue.push(path);
            }
        }
    }
    Ok(modes)
}

/// The permission bits without which the owner cannot copy something.
fn needed_bits(kind: FileKind) -> u32 {
    match kind {
        FileKind::Dir => 0o700,
        FileKind::File => 0o400,
        _ => 0,
    }
}
