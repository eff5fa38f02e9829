//! The sweep: removes what neither a name nor a lease reaches.
//!
//! While it lasts nobody can take a lease or pin, so what was seen unclaimed stays unclaimed. It reads leases
//! first and roots afterwards: a process that publishes and then releases is then seen at least once.

use std::collections::HashSet;

use disk::{Dir, EntryKind, Lock, LockMode, Trash};
use spec::Digest;

use crate::error::Result;
use crate::lease::{Pin, parse_pins};
use crate::partial;
use crate::store::{Store, lock_gc};

/// A lease's pins: a line of some 80 bytes for each of a few thousand blobs at most.
const PINS_BYTES_MAX: u64 = 64 << 20;

/// A sweep under way.
pub struct Sweep<'s> {
    store: &'s Store,
    trash: Trash,
    pinned: HashSet<Pin>,
    gc: Lock,
}

impl<'s> Sweep<'s> {
    pub(crate) fn begin(store: &'s Store) -> Result<Sweep<'s>> {
        let gc = lock_gc(store.root(), LockMode::Exclusive)?;
        gc.sign()?;
        let trash = store.trash()?;
        let pinned = read_leases(store.root(), &trash)?;
        partial::expire(store.root(), &trash)?;
        Ok(Sweep { store, trash, pinned, gc })
    }

    /// Whether a live lease claims this.
    pub fn is_pinned(&self, pin: &Pin) -> bool {
        self.pinned.contains(pin)
    }

    /// Throws a blob away; the bytes that come back.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn discard_blob(&self, digest: &Digest) -> Result<u64> {
        self.store.blobs().discard(&self.trash, digest)
    }

    /// Where other parts of the store throw what is theirs.
    pub fn trash(&self) -> &Trash {
        &self.trash
    }

    /// Lets others pin again, then deletes what was thrown away.
    ///
    /// # Errors
    /// When something cannot be deleted; the next sweep tries again.
    pub fn finish(self) -> Result<()> {
        drop(self.gc);
        Ok(self.trash.empty()?)
    }
}

/// Removes the leases of dead processes and collects the pins of living ones.
fn read_leases(root: &Dir, trash: &Trash) -> Result<HashSet<Pin>> {
    let mut pinned = HashSet::new();
    let Some(leases) = root.dir_if_exists("leases")? else { return Ok(pinned) };
    for entry in leases.entries()?.into_iter().filter(|entry| entry.kind == EntryKind::Dir) {
        let Some(folder) = leases.dir_if_exists(&entry.name)? else { continue };
        match folder.try_lock("lock", LockMode::Exclusive) {
            Ok(Some(_free)) => {
                trash.take(&leases, &entry.name)?;
                continue;
            }
            Ok(None) => {}
            // Released while we looked.
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        }
        let text = folder.read("pins", PINS_BYTES_MAX)?.unwrap_or_default();
        pinned.extend(parse_pins(&String::from_utf8_lossy(&text)));
    }
    Ok(pinned)
}
