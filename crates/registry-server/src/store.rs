//! The registry's root on disk.
//!
//! ```text
//! <root>/
//! ├── lock                  flock: held by the server
//! ├── metadata.db, -wal, -shm
//! ├── token.key             where tokens are made
//! └── blobs/<2 digits>/<key>
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use disk::{Dir, Lock, LockMode};

use crate::blobs::{BlobBackend, LocalBlobs};
use crate::error::{Error, Result};
use crate::metadata::{Collection, Metadata, OpenMode, SqliteMetadata};

const DATABASE: &str = "metadata.db";
const BLOBS: &str = "blobs";
const LOCK: &str = "lock";

/// An open root.
pub(crate) struct Root {
    dir: Dir,
    metadata: Arc<SqliteMetadata>,
    blobs: Arc<LocalBlobs>,
    _lock: Option<Lock>,
}

impl Root {
    /// Opens it to serve from, making it when it is not there. One server at a time.
    pub(crate) fn open_to_serve(path: &Path) -> Result<Root> {
        let made = path.ancestors().take_while(|made| !made.as_os_str().is_empty() && !made.exists()).count();
        let dir = disk::create_private(path)?;
        let lock = dir.try_lock(LOCK, LockMode::Exclusive)?.ok_or_else(|| Error::Unusable {
            path: path.to_owned(),
            reason: "another server is running on it; stop that one, or name another root".to_owned(),
        })?;
        lock.sign()?;
        let blobs = dir.ensure_dir(BLOBS)?;
        let metadata = SqliteMetadata::open(&database(path)?, OpenMode::Write)?;
        dir.sync()?;
        sync_names(path, made)?;
        let (metadata, blobs) = (Arc::new(metadata), Arc::new(LocalBlobs::new(blobs)));
        Ok(Root { dir, metadata, blobs, _lock: Some(lock) })
    }

    /// Opens one that exists, beside a server or without one.
    pub(crate) fn open(path: &Path) -> Result<Root> {
        let dir = disk::open_private(path)?;
        let metadata = SqliteMetadata::open(&database(path)?, OpenMode::Existing)?;
        let blobs = LocalBlobs::new(dir.ensure_dir(BLOBS)?);
        Ok(Root { dir, metadata: Arc::new(metadata), blobs: Arc::new(blobs), _lock: None })
    }

    /// Whether a server holds it.
    pub(crate) fn is_served(path: &Path) -> Result<bool> {
        Ok(disk::open_private(path)?.try_lock(LOCK, LockMode::Shared)?.is_none())
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    pub(crate) fn metadata(&self) -> Arc<dyn Metadata> {
        Arc::clone(&self.metadata) as Arc<dyn Metadata>
    }

    pub(crate) fn blobs(&self) -> Arc<dyn BlobBackend> {
        Arc::clone(&self.blobs) as Arc<dyn BlobBackend>
    }

    /// Synced transactions, and changes.
    pub(crate) fn commits(&self) -> (u64, u64) {
        self.metadata.commits()
    }

    /// How many times the metadata was asked for something.
    pub(crate) fn looks(&self) -> u64 {
        self.metadata.looks()
    }

    /// Whether the machine went down since the root was last served from.
    pub(crate) async fn begin_boot(&self) -> Result<bool> {
        self.metadata.begin_boot(&disk::boot_id()).await
    }
}

/// Makes the names durable that lead to a root that was just made, and its parents with it: what is in it would not
/// be found again.
fn sync_names(root: &Path, made: usize) -> Result<()> {
    let root = std::path::absolute(root).map_err(|e| disk::Error::new("resolve", root, e))?;
    for parent in root.ancestors().skip(1).take(made) {
        Dir::open(parent)?.sync()?;
    }
    Ok(())
}

/// Where the database is. SQLite is told to follow no link, and would not follow those above the root either.
fn database(root: &Path) -> Result<PathBuf> {
    let root = std::fs::canonicalize(root).map_err(|e| disk::Error::new("resolve", root, e))?;
    Ok(root.join(DATABASE))
}
