//! The trait that storage drivers implement, and what it speaks in.

use std::io::Read;

use disk::{Dir, Trash};
use spec::DiffId;

use crate::error::Result;
use crate::facts::{LayerFacts, Stored};
use crate::key::Key;
use crate::mount::Mount;
use crate::staged::Staged;

/// A storage driver: layer streams in, root filesystems out.
///
/// All methods may be called from many threads and processes at once. Stored layers never change. A stack is
/// a list of diff IDs, bottom first; it is never empty where one is needed.
pub trait Driver: Send + Sync {
    /// What the driver is.
    fn about(&self) -> &About;

    /// Takes in one layer, to the last byte of its stream, so that the facts hold for all of it.
    ///
    /// Nothing is visible until [`Driver::publish`]. When the layer is refused or the stream breaks off,
    /// nothing remains.
    ///
    /// # Errors
    /// When the stream fails, the layer is malformed or over a limit, or the disk does not take it; also when
    /// the driver needs the parents and does not have them.
    fn ingest(&self, incoming: Incoming<'_>) -> Result<Staged>;

    /// Makes a layer visible, by one rename, under its digest and its parents. The caller has compared the
    /// digest. Already there is fine.
    ///
    /// # Errors
    /// When the disk says no.
    fn publish(&self, staged: Staged) -> Result<()>;

    /// The facts of the topmost layer of a stack, from one small file; nothing when it was never stored or
    /// nothing certain is known.
    ///
    /// Facts outlive the machine's restart, files that were not synced do not: whether the layer can be used
    /// and need not be ingested again is what [`LayerFacts::ready`] says.
    ///
    /// # Errors
    /// When the disk says no.
    fn facts(&self, stack: &[DiffId]) -> Result<Option<LayerFacts>>;

    /// Makes a read-only snapshot of a stack; the same one again is fine.
    ///
    /// # Errors
    /// When a layer is missing ([`crate::Error::missing_layer`] says which), the stack makes no sense, the
    /// key is taken by another snapshot, or the driver keeps no trees.
    fn view(&self, key: &Key, stack: &[DiffId], scratch: &Scratch<'_>) -> Result<Vec<Mount>>;

    /// Makes an active, writable snapshot on a stack; the same one again is fine.
    ///
    /// # Errors
    /// As [`Driver::view`].
    fn prepare(&self, key: &Key, stack: &[DiffId], scratch: &Scratch<'_>) -> Result<Vec<Mount>>;

    /// The mounts of a snapshot that exists.
    ///
    /// # Errors
    /// When it does not, or its layers have been lost.
    fn mounts(&self, key: &Key, scratch: &Scratch<'_>) -> Result<Vec<Mount>>;

    /// What was changed in an active snapshot.
    ///
    /// # Errors
    /// When there is no such snapshot.
    fn changes(&self, key: &Key) -> Result<Changes>;

    /// Removes a snapshot that is not mounted any more; false when there is none.
    ///
    /// # Errors
    /// When the disk says no.
    fn remove(&self, key: &Key, trash: &Trash) -> Result<bool>;

    /// Everything stored, for a sweep: layers and what belongs to stacks. With [`Driver::snapshots`], which
    /// are roots for the layers they stand on.
    ///
    /// # Errors
    /// When the disk says no.
    fn walk(&self) -> Result<Vec<Stored>>;

    /// The snapshots there are.
    ///
    /// # Errors
    /// When the disk says no.
    fn snapshots(&self) -> Result<Vec<SnapshotFacts>>;

    /// `GraphDriver.Data` of an image in `inspect`: names and values in order, or nothing where Docker has
    /// `null`.
    fn graph_driver_data(&self, stack: &[DiffId]) -> Option<Vec<(&'static str, String)>>;
}

/// What a driver is, said once when it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name, as in configuration, in paths and in `info`.
    pub name: &'static str,
    /// Whether layers must be ingested on top of their parents, in order.
    pub needs_parents: bool,
    /// Whether it keeps files, so that there can be snapshots.
    pub has_trees: bool,
    /// The lines below `Storage Driver:` in `info`.
    pub status: Vec<(&'static str, String)>,
}

/// A layer on its way in.
pub struct Incoming<'a> {
    /// The uncompressed archive, to be read to its end.
    pub tar: &'a mut (dyn Read + Send),
    /// The layers below, bottom first; may be left empty unless [`About::needs_parents`].
    pub parents: &'a [DiffId],
    /// Where to work.
    pub scratch: Scratch<'a>,
    /// What a layer may be at most.
    pub limits: layer::Limits,
}

/// Room to work in, of a lease and on the store's file system: what is left there when a process dies goes
/// with the lease.
#[derive(Clone, Copy, Debug)]
pub struct Scratch<'a> {
    /// A folder.
    pub dir: &'a Dir,
    /// The one name in it that may be used, also with an ending of the driver's (`name.…`); what has it is
    /// removed first.
    pub name: &'a str,
}

/// What is known of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// Its name.
    pub key: Key,
    /// The layers it stands on, bottom first.
    pub stack: Vec<DiffId>,
    /// Whether it is active, that is writable.
    pub active: bool,
}

/// How to learn what was changed in an active snapshot.
#[derive(Debug)]
pub enum Changes {
    /// A directory that holds just what was changed, with whiteouts as 0:0 character devices and opaque
    /// directories marked by `trusted.overlay.opaque`.
    Upper(Dir),
    /// A whole tree, to be compared with what it was when the snapshot was made.
    Compare {
        /// The stack whose view it was.
        before: Vec<DiffId>,
        /// As it is now.
        now: Dir,
    },
}
