//! Changesets.

mod apply;
pub mod changeset;
pub mod codec;
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
