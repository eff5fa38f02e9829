//! One entry of a header and what belongs to it (TAR-1): extended header over header, long names over both.

use std::io::BufRead;

use super::block::{self, Block, Dialect, Fields};
use super::entry::{Device, Entry, Kind, Region, Time};
use super::member::Data;
use super::number::decimal_unsigned;
use super::pax::{Pax, SparseRecords};
use super::reader::padding;
use super::source::Source;
use super::sparse::{self, Trouble};
use crate::error::{EntryFault, malformed};
use crate::limits::PATH_BYTES_MAX;
use crate::name::{normalise, within};

/// The headers that stand before an entry and belong to it.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) pax: Option<Pax>,
    pub(super) long_name: Option<Vec<u8>>,
    pub(super) long_link: Option<Vec<u8>>,
}

impl Extensions {
    pub(super) fn is_any(&self) -> bool {
        self.pax.is_some() || self.long_name.is_some() || self.long_link.is_some()
    }
}

/// What the size of an entry's data turns out to be, and the records of a sparse map if there are any.
pub(super) struct Sized {
    flag: u8,
    stored: u64,
    records: SparseRecords,
}

/// Merges a header with the ones that belong to it: extended header over header, long names over both.
pub(super) fn merge(
    entry: &mut Entry,
    block: &Block,
    fields: &Fields,
    extensions: Extensions,
) -> Result<Sized, EntryFault> {
    let pax = extensions.pax.unwrap_or_default();
    match extensions.long_name.filter(|name| !name.is_empty()).or(pax.path) {
        Some(name) => entry.name = name,
        None => block::push_name(block, fields.dialect, &mut entry.name),
    }
    entry.link.clear();
    match extensions.long_link.filter(|link| !link.is_empty()).or(pax.link) {
        Some(link) => entry.link = link,
        None => entry.link.extend_from_slice(block::link(block)),
    }
    entry.kind = kind(fields.flag, &entry.name);
    entry.xattrs = pax.xattrs;
    entry.mtime = pax.mtime.unwrap_or(Time { seconds: fields.mtime, nanoseconds: 0 });
    if !matches!(entry.kind, Kind::Other(_)) {
        entry.uid = id(pax.uid.unwrap_or(fields.uid))?;
        entry.gid = id(pax.gid.unwrap_or(fields.gid))?;
        entry.mode = u32::try_from(fields.mode & 0o7777)
            .ok()
            .filter(|_| fields.mode >= 0)
            .ok_or(malformed("TAR-2", "a negative mode"))?;
        entry.device = device(entry.kind, fields)?;
    }
    let size =
        u64::try_from(pax.size.unwrap_or(fields.size)).map_err(|_| malformed("TAR-2", "a negative size"))?;
    let stored = if entry.kind.is_header_only() { 0 } else { size };
    Ok(Sized { flag: fields.flag, stored, records: pax.sparse })
}

fn kind(flag: u8, name: &[u8]) -> Kind {
    match flag {
        // Archives older than the directory flag mark directories by a slash.
        0 if name.last() == Some(&b'/') => Kind::Directory,
        // 7 asks for contiguous storage, which no file system here knows.
        0 | b'0' | b'7' | b'S' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::Symlink,
        b'3' => Kind::CharDevice,
        b'4' => Kind::BlockDevice,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        other => Kind::Other(other),
    }
}

/// An owner or group (TAR-14): the highest number means "leave as it is" to chown.
fn id(value: i64) -> Result<u32, EntryFault> {
    u32::try_from(value)
        .ok()
        .filter(|id| *id != u32::MAX)
        .ok_or(malformed("TAR-14", "an owner or group out of range"))
}

fn device(kind: Kind, fields: &Fields) -> Result<Device, EntryFault> {
    if !matches!(kind, Kind::CharDevice | Kind::BlockDevice) {
        return Ok(Device::default());
    }
    let number = |value: i64, bits: u32| u32::try_from(value).ok().filter(|n| *n < 1 << bits);
    match (number(fields.major, 12), number(fields.minor, 20)) {
        (Some(major), Some(minor)) => Ok(Device { major, minor }),
        _ => Err(malformed("TAR-2", "a device number out of range")),
    }
}

/// Finds where the data begins, how long it is, and which regions of the file it fills.
pub(super) fn read_data<R: BufRead>(
    entry: &mut Entry,
    block: &Block,
    source: &mut Source<R>,
    sized: &Sized,
    data: &mut Data,
) -> Result<(), Trouble> {
    entry.sparse = None;
    entry.size = sized.stored;
    let mut taken = 0;
    if sized.flag == b'S' {
        if block::dialect(block) != Some(Dialect::Gnu) {
            return Err(malformed("TAR-15", "a sparse file outside the GNU format").into());
        }
        let (regions, size) = sparse::old_gnu(block, source)?;
        (entry.sparse, entry.size) = (Some(regions), size);
    } else if sized.records.is_any() && !matches!(entry.kind, Kind::Other(_)) {
        taken = read_pax_sparse(entry, source, sized)?;
    }
    entry.stored_bytes = sized.stored - taken;
    entry.data_offset = source.offset();
    *data = Data::new(entry.stored_bytes, padding(sized.stored));
    if let Some(regions) = &entry.sparse {
        sparse::validate(regions, entry.size, entry.stored_bytes)?;
    }
    Ok(())
}

/// Reads a PAX sparse map and returns the stored bytes that it took.
fn read_pax_sparse<R: BufRead>(
    entry: &mut Entry,
    source: &mut Source<R>,
    sized: &Sized,
) -> Result<u64, Trouble> {
    let records = &sized.records;
    let (regions, taken): (Vec<Region>, u64) = match (records.major.as_deref(), records.minor.as_deref()) {
        (Some(b"1"), Some(b"0")) => sparse::pax_1(source, sized.stored)?,
        (Some(b"0"), Some(b"0" | b"1")) | (None, None) if entry.kind == Kind::File => {
            let map = records.map.as_deref().unwrap_or_default();
            if map.is_empty() && records.major.is_none() {
                return Err(malformed("TAR-15", "a sparse file without a map").into());
            }
            (sparse::pax_0(map, records.count.as_deref())?, 0)
        }
        _ => return Err(malformed("TAR-15", "an unknown kind of sparse file").into()),
    };
    if entry.kind != Kind::File {
        return Err(malformed("TAR-15", "a sparse map on something that is no file").into());
    }
    if let Some(name) = &records.name {
        entry.name.clone_from(name);
    }
    if let Some(size) = records.size.as_ref().or(records.real_size.as_ref()) {
        entry.size = decimal_unsigned(size).ok_or(malformed("TAR-15", "a sparse file with a bad size"))?;
    }
    entry.sparse = Some(regions);
    Ok(taken)
}

/// Brings names into their one form and refuses those that cannot be.
pub(super) fn judge_names(entry: &mut Entry) -> Result<(), EntryFault> {
    match entry.kind {
        Kind::Other(_) => return Ok(()),
        Kind::HardLink => normalise(&mut entry.link)?,
        Kind::Symlink => judge_symlink(&entry.link)?,
        _ => entry.link.clear(),
    }
    normalise(&mut entry.name)?;
    if entry.name.is_empty() && entry.kind != Kind::Directory {
        return Err(malformed("TAR-5", "nothing left of the name"));
    }
    Ok(())
}

/// Targets are stored as given (TAR-9), if they can be stored at all.
fn judge_symlink(target: &[u8]) -> Result<(), EntryFault> {
    if target.is_empty() {
        return Err(malformed("TAR-2", "a symbolic link without a target"));
    }
    if target.contains(&0) {
        return Err(malformed("TAR-2", "a NUL in a name"));
    }
    within("PATH_BYTES_MAX", PATH_BYTES_MAX, target.len() as u64)
}
