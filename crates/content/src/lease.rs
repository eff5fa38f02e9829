//! A live process's claim on content that no name reaches yet.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use disk::{Dir, File, Lock, LockMode};
use spec::{DiffId, Digest};

use crate::blobs::Blobs;
use crate::error::Result;
use crate::store::lock_gc;

/// What a lease can keep alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pin {
    /// A blob.
    Blob(Digest),
    /// A stored layer, in whatever form a driver keeps it.
    Layer(DiffId),
}

impl Pin {
    fn line(&self) -> String {
        match self {
            Pin::Blob(digest) => format!("blob {digest}\n"),
            Pin::Layer(diff_id) => format!("layer {diff_id}\n"),
        }
    }

    fn parse(line: &str) -> Option<Pin> {
        let (kind, digest) = line.split_once(' ')?;
        let digest = Digest::parse(digest).ok()?;
        match kind {
            "blob" => Some(Pin::Blob(digest)),
            "layer" => Some(Pin::Layer(DiffId(digest))),
            _ => None,
        }
    }
}

/// A lease: scratch space and pins, until it is dropped or its process dies.
///
/// Pins need no fsync: they matter only while the process lives, and the kernel lets go of the lock when it
/// does not. The order is always: pin, then look whether the content is there (decision "pin before check").
#[derive(Debug)]
pub struct Lease {
    root: Dir,
    id: String,
    scratch: Dir,
    pins: Mutex<Pins>,
    _alive: Lock,
    names: AtomicU64,
}

#[derive(Debug)]
struct Pins {
    file: File,
    held: HashSet<Pin>,
    bytes: u64,
}

impl Lease {
    pub(crate) fn acquire(root: &Dir) -> Result<Lease> {
        let _gc = lock_gc(root, LockMode::Shared)?;
        let leases = root.ensure_dir("leases")?;
        let id = fresh_id();
        let folder = leases.make_dir(&id)?;
        let alive = folder.lock("lock", LockMode::Exclusive, std::time::Duration::ZERO)?;
        let pins = Pins { file: folder.create("pins", 0o600)?, held: HashSet::new(), bytes: 0 };
        let scratch = folder.make_dir("tmp")?;
        Ok(Lease {
            root: root.try_clone()?,
            id,
            scratch,
            pins: Mutex::new(pins),
            _alive: alive,
            names: AtomicU64::new(0),
        })
    }

    /// Keeps these alive from now on, whether they are there or not. Look whether they are only afterwards.
    ///
    /// # Errors
    /// When the pins cannot be written.
    pub fn pin(&self, pins: impl IntoIterator<Item = Pin>) -> Result<()> {
        let mut state = self.pins.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut lines = String::new();
        let new: Vec<Pin> = pins.into_iter().filter(|pin| !state.held.contains(pin)).collect();
        new.iter().for_each(|pin| lines.push_str(&pin.line()));
        if lines.is_empty() {
            return Ok(());
        }
        let _gc = lock_gc(&self.root, LockMode::Shared)?;
        state.file.write_all_at(lines.as_bytes(), state.bytes)?;
        state.bytes += lines.len() as u64;
        state.held.extend(new);
        Ok(())
    }

    /// Pins a blob and says whether it is there.
    ///
    /// # Errors
    /// When the pin cannot be written or the blob folder cannot be read.
    pub fn pin_blob(&self, blobs: &Blobs, digest: &Digest) -> Result<bool> {
        self.pin([Pin::Blob(digest.clone())])?;
        Ok(blobs.size(digest)?.is_some())
    }

    /// A folder for what is being made, on the store's file system; it goes with the lease.
    pub fn scratch(&self) -> &Dir {
        &self.scratch
    }

    /// A name in the scratch folder that was not given out before.
    pub fn fresh_name(&self) -> String {
        self.names.fetch_add(1, Ordering::Relaxed).to_string()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next sweep, which finds the lock free.
        if let Ok(leases) = self.root.dir("leases") {
            let _ = leases.remove_all(&self.id);
        }
    }
}

/// Process number and a counter: unique among the living, and readable for who looks into the folder.
fn fresh_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{count}-{:x}", std::process::id(), now.as_nanos())
}

/// A lease's lines, as far as they are whole: the last one of a killed process may be cut.
pub(crate) fn parse_pins(text: &str) -> impl Iterator<Item = Pin> {
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).filter_map(Pin::parse)
}
