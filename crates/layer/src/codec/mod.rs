//! Compression of layers and archives (TAR-19, TAR-20): one table of codecs, told apart by their first bytes.
//!
//! Everything happens in this process. Concatenated members and frames are one stream; damage, a cut-off end
//! and bytes behind the end are errors, and so is output beyond the limits.

mod bzip2;
mod decoder;
mod gzip;
mod input;
mod plain;
mod table;
mod xz;
mod zstd;

pub use decoder::{Accept, Decoder};
pub use gzip::GzipEncoder;
pub use table::{Codec, Encoder, encoder};
