//! The names of a tar and where their bytes are (ARC-1): an archive is indexed, never extracted.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::Arc;

use disk::File;
use layer::tar::{BLOCK_BYTES, Entry, Kind, Reader};

use crate::blob::{Blob, Window};
use crate::error::{Error, Result};
use crate::limits::{ARCHIVE_ENTRIES_MAX, ARCHIVE_NAMES_BYTES_MAX, LINK_HOPS_MAX};
use crate::names::{join, parent};
use crate::shelf::Found;

/// The table of a tar.
#[derive(Debug)]
pub(crate) struct Table {
    file: Arc<File>,
    slots: HashMap<Box<[u8]>, Slot>,
    names_bytes: u64,
}

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    File {
        offset: u64,
        len: u64,
    },
    /// A hard link: a name from the archive's root.
    Alias(Box<[u8]>),
    /// A symbolic link: a name from its own folder.
    Link(Box<[u8]>),
    /// Nothing that has bytes of its own.
    Other(&'static str),
}

/// The files that say what the others mean: twice with different bytes, they mean two things (ARC-2).
const UNIQUE: [&[u8]; 3] = [b"manifest.json", b"index.json", b"oci-layout"];

impl Table {
    /// Reads the headers of an uncompressed tar.
    ///
    /// # Errors
    /// A malformed or truncated archive, or one over a limit.
    pub(crate) fn of(file: Arc<File>) -> Result<Table> {
        let mut table = Table { file: Arc::clone(&file), slots: HashMap::new(), names_bytes: 0 };
        let len = file.len()?;
        let mut window = Window::new(&file);
        let mut repeated = Vec::new();
        let (mut number, mut offset) = (0, 0);
        while offset < len {
            number += 1;
            window.jump(offset);
            let Some(entry) = next_entry(&mut window, offset, number)? else { break };
            let end = entry.data_offset.checked_add(entry.stored_bytes).filter(|end| *end <= len);
            offset = end.ok_or(Error::Truncated)?.next_multiple_of(BLOCK_BYTES);
            // What has an unknown type is passed over, as every reader does, and displaces nothing (TAR-11).
            if !matches!(entry.kind, Kind::Other(_)) {
                repeated.extend(table.insert(entry)?);
            }
        }
        table.compare(&repeated)?;
        Ok(table)
    }

    /// Puts an entry in; returns what it displaced when that is not allowed to differ.
    fn insert(&mut self, entry: Entry) -> Result<Option<(Box<[u8]>, Slot)>> {
        self.names_bytes += (entry.name.len() + entry.link.len()) as u64;
        limit(
            "the names of the archive",
            "ARCHIVE_NAMES_BYTES_MAX",
            ARCHIVE_NAMES_BYTES_MAX,
            self.names_bytes,
        )?;
        let slot = Slot::of(&entry);
        let name: Box<[u8]> = entry.name.into();
        let old = self.slots.insert(name.clone(), slot);
        Ok(old.filter(|_| UNIQUE.contains(&&*name)).map(|old| (name, old)))
    }

    fn compare(&self, repeated: &[(Box<[u8]>, Slot)]) -> Result<()> {
        for (name, slot) in repeated {
            let first = self.follow(name, slot)?.blob;
            let same = match self.find(name)? {
                Some(last) => same_bytes(first, last.blob)?,
                None => false,
            };
            if !same {
                return Err(Error::file(name, "stands twice in the archive with different content (ARC-2)"));
            }
        }
        Ok(())
    }

    /// The bytes under a normalised name, through the archive's own links (ARC-3); nothing when the name is
    /// not there.
    ///
    /// # Errors
    /// A link that leads nowhere, and something that has no bytes.
    pub(crate) fn find(&self, name: &[u8]) -> Result<Option<Found>> {
        self.slots.get(name).map(|slot| self.follow(name, slot)).transpose()
    }

    fn follow(&self, name: &[u8], slot: &Slot) -> Result<Found> {
        let refuse = |what: &str| Error::file(name, format_args!("{what} (ARC-3)"));
        let mut slot = slot;
        let mut at = name.to_vec();
        for _ in 0..=LINK_HOPS_MAX {
            at = match slot {
                Slot::File { offset, len } => {
                    return Ok(Found { name: at, blob: Blob::part(&self.file, *offset, *len) });
                }
                Slot::Other(what) => return Err(Error::file(name, format_args!("is {what}, not a file"))),
                Slot::Alias(target) => target.to_vec(),
                Slot::Link(target) => {
                    join(parent(&at), target).ok_or_else(|| refuse("a link that leads out of the archive"))?
                }
            };
            slot = self
                .slots
                .get(&*at)
                .ok_or_else(|| refuse("a link to something that is not in the archive"))?;
        }
        Err(refuse(&format!("more than LINK_HOPS_MAX ({LINK_HOPS_MAX}) links")))
    }
}

impl Slot {
    fn of(entry: &Entry) -> Slot {
        match entry.kind {
            Kind::File if entry.sparse.is_some() => Slot::Other("a sparse file"),
            Kind::File => Slot::File { offset: entry.data_offset, len: entry.stored_bytes },
            Kind::HardLink => Slot::Alias(entry.link.as_slice().into()),
            Kind::Symlink => Slot::Link(entry.link.as_slice().into()),
            Kind::Directory => Slot::Other("a directory"),
            Kind::Fifo => Slot::Other("a FIFO"),
            Kind::CharDevice | Kind::BlockDevice => Slot::Other("a device"),
            Kind::Other(_) => Slot::Other("of unknown type"),
        }
    }
}

/// Reads one entry's headers. A reader for each lets the data between be passed over without being read.
fn next_entry(window: &mut Window<'_>, offset: u64, number: u64) -> Result<Option<Entry>> {
    limit("the archive's entries", "ARCHIVE_ENTRIES_MAX", ARCHIVE_ENTRIES_MAX, number)?;
    let mut reader = Reader::new(window);
    let entry = reader.next_entry().map_err(|error| match error {
        layer::Error::Entry { name, source, .. } => layer::Error::Entry { number, name, source },
        other => other,
    });
    let Some(member) = entry? else { return Ok(None) };
    let mut entry = member.entry().clone();
    entry.data_offset += offset;
    Ok(Some(entry))
}

/// Compares two files piece by piece.
fn same_bytes(mut one: Blob, mut other: Blob) -> Result<bool> {
    if one.size() != other.size() {
        return Ok(false);
    }
    let (mut left, mut right) = ([0; 8 << 10], [0; 8 << 10]);
    loop {
        let n = one.read(&mut left).map_err(Error::from_stream)?;
        other.read_exact(&mut right[..n]).map_err(Error::from_stream)?;
        if n == 0 || left[..n] != right[..n] {
            return Ok(n == 0);
        }
    }
}

/// Refuses a number over its limit.
pub(crate) fn limit(what: &str, limit: &'static str, max: u64, found: u64) -> Result<()> {
    if found > max { Err(Error::Limit { what: what.to_owned(), limit, max, found }) } else { Ok(()) }
}

/// Reads all bytes of a file that must not have many.
pub(crate) fn read_whole(name: &[u8], mut blob: Blob, limit: &'static str, max: u64) -> Result<Vec<u8>> {
    if blob.size() > max {
        let what = format!("has {} bytes, more than {limit} ({max})", blob.size());
        return Err(Error::file(name, what));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(blob.size()).unwrap_or(0));
    blob.read_to_end(&mut bytes).map_err(Error::from_stream)?;
    Ok(bytes)
}
