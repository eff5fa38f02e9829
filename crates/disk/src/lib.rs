//! The only writer: every file that Strata makes or changes is made or changed here.
//!
//! Directories are held by descriptor and everything below is reached beneath them, without following links
//! (DISK-2). A file appears under its name only by rename, once its bytes are complete. Every call that
//! changes the disk passes a fault point first, so that tests can make the N-th one fail or be the last.
//!
//! No word of the domain is known here: no digest, no image, no layer.

#![expect(clippy::disallowed_methods, reason = "the crate that the others are sent to")]

mod boot;
mod dir;
mod error;
pub mod fault;
mod file;
mod lock;
mod named;
mod output;
mod private;
mod random;
mod trash;
pub mod tree;

pub use boot::boot_id;
pub use dir::{Dir, Entry, EntryKind};
pub use error::{Error, Result, errno_text};
pub use file::File;
pub use lock::{Lock, LockMode};
pub use named::{create_folders, read_named};
pub use output::{Output, OutputError};
pub use private::{create_private, open_private};
pub use random::random_bytes;
pub use trash::Trash;
