//! Trees of files below a root, whose content nobody vouches for: reached, made, changed and removed by
//! descriptor (TAR-6, TAR-7, DISK-8).
//!
//! A [`Tree`] is a root. [`Tree::folder`] resolves a path below it, following links inside the root or none at
//! all, and gives a [`Folder`]: an open directory, in which everything else is done to single names that are
//! never followed. So the call that checks a path is the call that opens it, whatever is swapped meanwhile.
//!
//! Nothing here recurses, and nothing holds more than a few descriptors, however deep a tree is.

mod copy;
mod folder;
mod metadata;
mod new_file;
mod remove;
mod resolve;
mod root;
mod stat;
mod usage;
mod walk;

pub use copy::{copy_entry, copy_metadata};
pub use folder::{Folder, NodeKind};
pub use metadata::{Owner, Time, is_privileged, umask};
pub use new_file::NewFile;
pub use remove::remove;
pub use resolve::Follow;
pub use root::Tree;
pub use stat::{FileKind, Stat};
pub use usage::{disk_usage, file_bytes};
pub use walk::{Step, Walk};

#[cfg(test)]
mod tests;
