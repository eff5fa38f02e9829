//! The local image store: names and IDs to images, what they reach, and what nothing reaches any more.
//!
//! `index.json` of the content store is the only mutable pointer: every change of what exists is one rename
//! of it. No reference count is stored anywhere; what an image reaches is computed from its documents.

mod check;
mod entry;
mod error;
mod index;
mod reach;
mod store;
mod sweep;

pub use check::{Checked, Finding};
pub use entry::Entry;
pub use error::{Error, Result};
pub use index::{Found, Index};
pub use reach::Reach;
pub use store::{Image, ImageStore};
pub use sweep::Swept;
