//! A forge for archives: tar headers and extended headers byte by byte, right or wrong in any place.
//!
//! Unlike a writer it checks nothing. Whatever is not said otherwise is as a careful writer would have it, so
//! that a hostile archive and its harmless twin differ in one property.

mod archive;
mod block;
mod pax;

pub use archive::Archive;
pub use block::{Block, Magic};
pub use pax::{record, records};
