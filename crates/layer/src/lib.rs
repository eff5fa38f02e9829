//! Changesets.

pub mod codec;
mod error;
pub mod limits;
mod name;
pub mod tar;

pub use error::{EntryFault, EntryName, Error, InflateFault};
