//! Changesets.

pub mod changeset;
pub mod codec;
mod error;
pub mod limits;
mod name;
mod scan;
mod stream;
pub mod tar;

pub use changeset::{Facts, LinkBelow, Whiteout};
pub use error::{EntryFault, EntryName, Error, InflateFault};
pub use limits::Limits;
pub use scan::scan;
pub use stream::Stream;
