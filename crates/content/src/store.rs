//! The store's root folder: superblock, locks, and the folders that the parts own.
//!
//! ```text
//! <root>/
//! ├── store.json     superblock: format and features
//! ├── locks/         gc, index: flock targets, never deleted
//! ├── content/       OCI image layout: oci-layout, index.json, blobs/<algorithm>/<hex>
//! ├── leases/<id>/   lock · pins · tmp/
//! ├── partial/<algorithm>-<hex>/   downloads under way: lock · data · map
//! └── trash/         renamed here, then deleted
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use disk::{Dir, Lock, LockMode, Trash};
use serde::{Deserialize, Serialize};

use crate::blobs::Blobs;
use crate::error::{Error, Result};
use crate::lease::Lease;
use crate::partial::{self, Partial};
use crate::sweep::Sweep;

/// The format of the root folder that this program writes.
const FORMAT: u32 = 1;
/// The superblock is a few hundred bytes; anything much larger is not ours.
const SUPERBLOCK_BYTES_MAX: u64 = 64 << 10;
/// Both locks are held for moments; whoever has one for a minute is stuck or stopped.
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

/// Whether opening may make a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Make it when it is missing.
    Create,
    /// It has to be there; nothing is written on opening.
    Existing,
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    root: Dir,
    content: Dir,
    blobs: Blobs,
}

#[derive(Serialize, Deserialize)]
struct Superblock {
    format: u32,
    #[serde(default)]
    features: Features,
}

/// Features that a store has grown, in the three tiers of file systems: what an old program may ignore, may
/// only read by, and must not touch.
#[derive(Default, Serialize, Deserialize)]
struct Features {
    #[serde(default)]
    compatible: Vec<String>,
    #[serde(default)]
    read_only_compatible: Vec<String>,
    #[serde(default)]
    incompatible: Vec<String>,
}

const OCI_LAYOUT: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";

impl Store {
    /// Opens the store at `path`.
    ///
    /// # Errors
    /// [`Error::Absent`] when there is none and `access` does not make one; [`Error::Unusable`] when it is of
    /// a newer format or no store at all.
    pub fn open(path: &Path, access: Access) -> Result<Store> {
        let root = match access {
            Access::Create => disk::create_private(path)?,
            Access::Existing => match disk::open_private(path) {
                Err(error) if error.is_not_found() => return Err(Error::Absent(path.to_owned())),
                result => result?,
            },
        };
        match (is_store(&root)?, access) {
            (true, _) => {}
            (false, Access::Existing) => return Err(Error::Absent(path.to_owned())),
            (false, Access::Create) => make(&root)?,
        }
        let content = root.dir("content")?;
        let blobs = Blobs::below(&content)?;
        Ok(Store { root, content, blobs })
    }

    /// The root folder.
    pub fn root(&self) -> &Dir {
        &self.root
    }

    /// The OCI image layout in it.
    pub fn content(&self) -> &Dir {
        &self.content
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// A folder of the root that one part owns, made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> Result<Dir> {
        Ok(self.root.ensure_dir(name)?)
    }

    /// Takes a new lease.
    ///
    /// # Errors
    /// When the disk is full or read-only, or a sweep goes on for too long.
    pub fn lease(&self) -> Result<Lease> {
        Lease::acquire(&self.root)
    }

    /// Begins a sweep: nobody can pin until it is finished.
    ///
    /// # Errors
    /// When pinning or another sweep goes on for too long.
    pub fn sweep(&self) -> Result<Sweep<'_>> {
        Sweep::begin(self)
    }

    /// The download of a blob, begun earlier or new; nothing when another process is at it. Whoever gets it
    /// after waiting looks first whether the blob is there by now.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn partial(&self, digest: &spec::Digest, size: u64) -> Result<Option<Partial>> {
        Partial::open(&self.folder("partial")?, digest, size)
    }

    /// Takes the lock under which `index.json` is changed.
    ///
    /// # Errors
    /// When somebody holds it for too long.
    pub fn lock_index(&self) -> Result<Lock> {
        let lock = self.root.dir("locks")?.lock("index", LockMode::Exclusive, LOCK_PATIENCE)?;
        lock.sign()?;
        Ok(lock)
    }

    /// Bytes that downloads under way hold on disk.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub fn partial_bytes(&self) -> Result<u64> {
        partial::usage(&self.root)
    }

    /// Where what is deleted goes first.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn trash(&self) -> Result<Trash> {
        Ok(Trash::new(self.folder("trash")?))
    }
}

/// Takes the `gc` lock: shared to pin, exclusive to sweep.
pub(crate) fn lock_gc(root: &Dir, mode: LockMode) -> Result<Lock> {
    Ok(root.dir("locks")?.lock("gc", mode, LOCK_PATIENCE)?)
}

/// Fills a new root folder; the superblock comes last, so that a half-made one is made again. Of processes that
/// meet here one does it, and the others find it done.
fn make(root: &Dir) -> Result<()> {
    if let Some(stranger) = foreign_entry(root)? {
        // What looks strange may belong to a store that was made since its superblock was looked for.
        if is_store(root)? {
            return Ok(());
        }
        let reason = format!("it holds {stranger:?} and no store.json; choose an empty folder with --root");
        return Err(Error::Unusable { path: root.path().to_owned(), reason });
    }
    let locks = root.ensure_dir("locks")?;
    locks.file_mut("gc", 0o600)?;
    locks.file_mut("index", 0o600)?;
    let _alone = locks.lock("index", LockMode::Exclusive, LOCK_PATIENCE)?;
    if is_store(root)? {
        return Ok(());
    }
    let content = root.ensure_dir("content")?;
    content.ensure_dir("blobs")?.ensure_dir("sha256")?;
    content.replace_alone("oci-layout", OCI_LAYOUT, 0o600)?;
    root.ensure_dir("leases")?;
    let superblock = Superblock { format: FORMAT, features: Features::default() };
    let bytes = serde_json::to_vec_pretty(&superblock).unwrap_or_default();
    root.replace_alone("store.json", &bytes, 0o600)?;
    Ok(())
}

/// Something in the folder that a store being made would not have put there.
fn foreign_entry(root: &Dir) -> Result<Option<PathBuf>> {
    let ours = ["locks", "content", "leases", "lost+found"];
    let entries = root.entries()?;
    let foreign = entries
        .into_iter()
        .find(|entry| !ours.iter().any(|name| entry.name == *name) && entry.name != ".store.json.new");
    Ok(foreign.map(|entry| entry.name.into()))
}

/// Whether the folder has a superblock, which must be one that this program can work with.
fn is_store(root: &Dir) -> Result<bool> {
    let superblock = root.read("store.json", SUPERBLOCK_BYTES_MAX)?;
    superblock.map_or(Ok(false), |bytes| check_superblock(root.path(), &bytes).map(|()| true))
}

fn check_superblock(path: &Path, bytes: &[u8]) -> Result<()> {
    let unusable = |reason: String| Error::Unusable { path: path.to_owned(), reason };
    let superblock: Superblock = spec::json::from_slice_strict(bytes)
        .map_err(|e| unusable(format!("store.json is damaged ({e}); move the folder away to start anew")))?;
    if superblock.format > FORMAT {
        let found = superblock.format;
        return Err(unusable(format!(
            "it has format {found} and this program knows {FORMAT}; use a newer strata, or another --root"
        )));
    }
    let unknown =
        superblock.features.incompatible.iter().chain(&superblock.features.read_only_compatible).next();
    match unknown {
        Some(feature) => Err(unusable(format!(
            "it uses the feature {feature:?}, which this program does not know; use a newer strata, or another --root"
        ))),
        None => Ok(()),
    }
}
