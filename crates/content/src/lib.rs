//! Content by digest, shared by many processes without a daemon.
//!
//! The store's `content/` is a valid OCI image layout; blobs are write-once and appear by rename after their
//! hash fits. What keeps a blob alive between "arrived" and "named" is a [`Lease`]; what removes the rest is
//! a [`Sweep`]. Two locks, both held briefly: `gc` (shared to pin, exclusive to sweep) and `index`.
//!
//! Four orderings make it safe against processes that die anywhere (`tests/protocol.rs` checks every
//! interleaving): pin before looking whether content is there; write before publishing; publish before
//! releasing; and the sweep reads leases before roots.

mod blobs;
mod error;
mod lease;
mod partial;
mod store;
mod sweep;
mod verify;
mod writer;

pub use blobs::Blobs;
pub use error::{Error, Result};
pub use lease::{Lease, Pin};
pub use partial::{Partial, PartialReader};
pub use store::{Access, Store};
pub use sweep::Sweep;
pub use verify::Verifying;
pub use writer::{BlobWriter, Collector};
