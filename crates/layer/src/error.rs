//! The one error of this crate.

use std::fmt;
use std::io;

/// Why a layer could not be read or applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stream could not be had: what lies below (network, disk) failed, the layer may be fine.
    #[error("read layer stream")]
    Read(#[source] io::Error),
    /// The compressed stream is broken or over a limit.
    #[error("inflate layer")]
    Inflate(#[source] InflateFault),
    /// An entry was refused for what it is.
    #[error("layer entry {number} {name}")]
    Entry {
        /// The entry's place in the archive, counted from 1.
        number: u64,
        /// Its name as far as it was known.
        name: EntryName,
        /// What is wrong with it.
        #[source]
        source: EntryFault,
    },
    /// An entry could not be brought onto the disk.
    #[error("apply layer entry {number} {name}")]
    Apply {
        /// The entry's place in the archive, counted from 1.
        number: u64,
        /// Its name.
        name: EntryName,
        /// What the system said.
        #[source]
        source: disk::Error,
    },
    /// The directory to apply to could not be worked on.
    #[error("prepare directory for layer")]
    Directory(#[source] disk::Error),
    /// A tree that is compared could not be read.
    #[error(transparent)]
    Tree(#[from] disk::Error),
    /// A layer could not be written.
    #[error("write layer stream")]
    Write(#[source] io::Error),
}

impl Error {
    /// Whether the layer itself is at fault, not the way here nor the disk: then nothing of it is worth
    /// keeping (DISK-6).
    pub fn is_content(&self) -> bool {
        matches!(self, Error::Inflate(_) | Error::Entry { .. })
    }
}

impl From<io::Error> for Error {
    /// Sorts what a stream said: faults of our own decoders are told from those of the source below.
    fn from(error: io::Error) -> Error {
        let error = match error.downcast::<InflateFault>() {
            Ok(fault) => return Error::Inflate(fault),
            Err(error) => error,
        };
        // What a member says when it is read as a stream.
        error.downcast::<Error>().unwrap_or_else(Error::Read)
    }
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// It breaks a rule of the format, or one of ours.
    #[error("{what} ({rule})")]
    Malformed {
        /// The rule's name, as in the documentation.
        rule: &'static str,
        /// What was found.
        what: &'static str,
    },
    /// It declares more than is allowed.
    #[error("{found} is over the limit {limit} = {max}")]
    Limit {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: u64,
        /// What was found; for counted things the first number over the limit.
        found: u64,
    },
    /// The stream ends inside it.
    #[error("the archive ends inside the entry (TAR-18)")]
    Truncated,
    /// A hard link to something that is neither in this layer nor below it.
    #[error("hard link to {0}, which does not exist (TAR-8)")]
    LinkTarget(EntryName),
}

/// An entry that breaks a rule.
pub(crate) fn malformed(rule: &'static str, what: &'static str) -> EntryFault {
    EntryFault::Malformed { rule, what }
}

/// What is wrong with a compressed stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateFault {
    /// There is nothing at all.
    #[error("the blob is empty (TAR-19)")]
    Empty,
    /// Compressed in a way that layers are not.
    #[error("compressed with {0}, layers are gzip, zstd or plain (TAR-19)")]
    NotForLayers(&'static str),
    /// The codec found damage.
    #[error("{codec} stream is damaged: {what} (TAR-19)")]
    Damaged {
        /// The codec.
        codec: &'static str,
        /// What it said.
        what: String,
    },
    /// The stream ends too early.
    #[error("{0} stream is cut short (TAR-19)")]
    Truncated(&'static str),
    /// There are bytes after the last member or frame.
    #[error("garbage after the end of the {0} stream (TAR-19)")]
    Garbage(&'static str),
    /// It inflates to more than is allowed.
    #[error("{found} is over the limit {limit} = {max} (TAR-20)")]
    Limit {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: u64,
        /// What was found.
        found: u64,
    },
}

impl From<InflateFault> for io::Error {
    fn from(fault: InflateFault) -> io::Error {
        let kind = match fault {
            InflateFault::Truncated(_) => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, fault)
    }
}

/// The name of an entry as messages show it: between backquotes, at most 200 bytes of it, with everything
/// escaped that is not a visible character of valid UTF-8.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryName(Box<[u8]>);

/// Bytes of a name that a message shows.
const SHOWN_BYTES_MAX: usize = 200;

impl EntryName {
    /// Takes what will be shown of a name.
    pub fn new(name: &[u8]) -> EntryName {
        // One byte more than is shown says that something was cut off.
        EntryName(name[..name.len().min(SHOWN_BYTES_MAX + 1)].into())
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.0.len() > SHOWN_BYTES_MAX;
        let shown = if cut { &self.0[..SHOWN_BYTES_MAX] } else { &self.0[..] };
        f.write_str("`")?;
        for chunk in shown.utf8_chunks() {
            for c in chunk.valid().chars() {
                write_visible(f, c)?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_str(if cut { "…`" } else { "`" })
    }
}

fn write_visible(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    let hidden = c.is_control()
        || matches!(c, '\\' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match c {
        _ if !hidden => fmt::Write::write_char(f, c),
        '\\' => f.write_str("\\\\"),
        c => write!(f, "\\u{{{:x}}}", u32::from(c)),
    }
}

impl fmt::Debug for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_escaped_and_cut() {
        let check = |name: &[u8], expect: &str| assert_eq!(EntryName::new(name).to_string(), expect);
        check(b"usr/bin/env", "`usr/bin/env`");
        check("é".as_bytes(), "`é`");
        check(b"a\x1b[31m\n", "`a\\u{1b}[31m\\u{a}`");
        check(b"a\\b\xff", "`a\\\\b\\xff`");
        check("\u{202e}txt".as_bytes(), "`\\u{202e}txt`");
        check(&[b'a'; 201], &format!("`{}…`", "a".repeat(200)));
        check(&[b'a'; 200], &format!("`{}`", "a".repeat(200)));
    }
}
