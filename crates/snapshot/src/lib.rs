//! Root filesystems from layers: storage drivers behind one trait whose unit is a layer *stream*.
//!
//! A driver takes the tar of a layer in and keeps it in a form of its own, a *stored layer*; from a stack of
//! stored layers it makes *snapshots*: read-only views and active, writable ones. Stored layers are a cache:
//! they can be made again from the blobs at any time, so none of this is synced while a pull waits, and what
//! was not synced before the machine went down is not believed afterwards ([`sync()`] is for quiet moments).
//!
//! What a stack means is the same in every driver, the merge rule:
//!
//! * Layers merge by literal path, bottom to top; no link is ever followed.
//! * An entry replaces what is at its path; a directory over a directory merges the contents and brings its
//!   own metadata.
//! * A parent that a layer does not name is implied: over a directory it changes nothing, over anything else
//!   or nothing it is a new directory.
//! * Whiteouts and opaque markers act on lower layers only, wherever they stand in the tar.
//! * The target of a hard link is looked for in its own layer, then in the merged view below, and is then a
//!   copy; found nowhere it is an error.
//!
//! Most drivers store a layer once, whatever it is stacked on. What depends on the stack (implied parents,
//! links into lower layers) is recorded at ingest and settled when the stack is first used.
//!
//! ```text
//! <root>/layers/<driver>/<diff hex>/{meta.json, effects.json, …}   stored layers, appear by rename
//! <root>/layers/<driver>/stacks/<chain hex>/…                      what one stack needs besides its layers
//! <root>/snapshots/<driver>/<key>/{snapshot.json, …}               views and active snapshots
//! ```

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::print_stderr,
        clippy::print_stdout,
        reason = "tests lay out their own files and say why they skip"
    )
)]

mod choice;
#[cfg(test)]
mod conformance;
mod driver;
mod drivers;
mod effects;
mod error;
mod facts;
mod key;
mod layers;
mod merge;
mod meta;
mod mount;
mod settle;
mod snapshots;
mod staged;
mod sync;
#[cfg(test)]
mod testing;

pub use choice::{besides, has_files_of_users, open};
pub use driver::{About, Changes, Driver, Incoming, Scratch, SnapshotFacts};
pub use error::{Error, Result};
pub use facts::{LayerFacts, Stored, StoredKind};
pub use key::Key;
pub use mount::{Mount, MountOption, is_mount_point, mount_all, plain_directory, umount_all};
pub use staged::Staged;
pub use sync::sync;
