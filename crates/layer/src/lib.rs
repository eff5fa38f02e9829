//! Changesets: what a layer's archive says, and what it means for a tree of files.
//!
//! Bytes come in through a [`codec`], are read as a [`tar`] archive, and mean a [`changeset`]: that is where the
//! merge rule is written. [`apply`](apply()) makes files of it, through `disk`, and [`scan`] nothing at all; both
//! refuse the same layers and come to the same [`Facts`]. Where blobs live is not known here.
//!
//! Nothing a layer declares is believed before it is held against [`limits`]; memory depends on neither sizes
//! nor depths, and on the number of entries only by some twenty bytes each.

mod apply;
pub mod changeset;
pub mod codec;
pub mod diff;
mod error;
pub mod limits;
mod name;
mod scan;
mod stream;
pub mod tar;
mod xattr;

pub use apply::{Applied, Policy, Privileges, Recorded, Whiteouts, apply};
pub use changeset::{Facts, LinkBelow, Whiteout};
pub use error::{EntryFault, EntryName, Error, InflateFault};
pub use limits::Limits;
pub use scan::scan;
pub use stream::Stream;
pub use xattr::kept_xattrs;
