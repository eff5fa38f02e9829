//! The table of codecs.

use std::io::{self, Read, Write};

use super::input::Input;
use crate::tar::is_header;

/// A form of compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not compressed.
    Plain,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

/// What there is to know about a codec.
pub(super) struct Row {
    codec: Codec,
    name: &'static str,
    suffix: &'static str,
    pub(super) is_for_layers: bool,
    matches: fn(&[u8]) -> bool,
    pub(super) decode: for<'a> fn(Input<'a>) -> io::Result<Box<dyn Read + Send + 'a>>,
}

/// The last row is what everything is that nothing before it matches.
static TABLE: &[Row] = &[
    Row {
        codec: Codec::Gzip,
        name: "gzip",
        suffix: "gzip",
        is_for_layers: true,
        matches: |head| head.starts_with(&[0x1f, 0x8b]),
        decode: super::gzip::decode,
    },
    Row {
        codec: Codec::Zstd,
        name: "zstd",
        suffix: "zstd",
        is_for_layers: true,
        matches: super::zstd::matches,
        decode: super::zstd::decode,
    },
    Row {
        codec: Codec::Xz,
        name: "xz",
        suffix: "xz",
        is_for_layers: false,
        matches: |head| head.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]),
        decode: super::xz::decode,
    },
    Row {
        codec: Codec::Bzip2,
        name: "bzip2",
        suffix: "bzip2",
        is_for_layers: false,
        // Three letters can also be the name of the first file of a plain archive.
        matches: |head| head.starts_with(b"BZh") && !is_header(head),
        decode: super::bzip2::decode,
    },
    Row {
        codec: Codec::Plain,
        name: "plain",
        suffix: "",
        is_for_layers: true,
        matches: |_| true,
        decode: super::plain::decode,
    },
];

/// The first bytes of a stream that [`Codec::detect`] wants to see, if there are so many.
pub(super) const HEAD_BYTES: usize = 512;

impl Codec {
    /// The codec of a stream that begins with `head`, its first 512 bytes if there are so many.
    pub fn detect(head: &[u8]) -> Codec {
        TABLE.iter().find(|row| (row.matches)(head)).map_or(Codec::Plain, |row| row.codec)
    }

    /// What stands behind the `+` in the media type of a layer; empty when it is not compressed.
    pub fn suffix(self) -> &'static str {
        self.row().suffix
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub(super) fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.codec == self).unwrap_or(&TABLE[TABLE.len() - 1])
    }
}

/// A writer that compresses what it is given; [`Encoder::finish`] completes the stream.
pub trait Encoder: Write {
    /// Writes what is still held back and returns what was written to.
    ///
    /// # Errors
    /// When that cannot be written to.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A writer that compresses with a codec on up to `threads` threads. The bytes do not depend on their number.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] for codecs that are only read.
pub fn encoder<'a>(codec: Codec, threads: usize, out: impl Write + 'a) -> io::Result<Box<dyn Encoder + 'a>> {
    match codec {
        Codec::Plain => Ok(Box::new(super::plain::PlainEncoder(out))),
        Codec::Gzip => Ok(Box::new(super::gzip::GzipEncoder::new(out, threads))),
        Codec::Zstd => Ok(Box::new(super::zstd::encoder(out, threads)?)),
        Codec::Bzip2 | Codec::Xz => {
            Err(io::Error::new(io::ErrorKind::Unsupported, "only read, never written"))
        }
    }
}
