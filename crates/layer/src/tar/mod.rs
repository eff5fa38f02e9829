//! Tar archives: a reader that means what Go's `archive/tar` means, and a writer whose bytes depend on nothing
//! but its input.
//!
//! The reader takes v7, ustar, GNU and PAX archives in one pass and bounded memory. Where readers in use
//! disagree on what an archive says, it is refused; where Go's reader is the measure, it is followed.

mod block;
mod entry;
mod member;
mod merge;
mod number;
mod pax;
mod reader;
mod source;
mod sparse;
mod writer;

pub(crate) use block::is_header;
pub use entry::{Device, Entry, Kind, Region, Time, Xattr};
pub use member::Member;
pub use reader::Reader;
pub use writer::{Header, Writer};

/// Bytes of a block, the unit of the format.
pub const BLOCK_BYTES: u64 = 512;
