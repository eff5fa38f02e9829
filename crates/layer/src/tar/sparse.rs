//! Maps of sparse files: old GNU blocks, and the three PAX forms (TAR-15).

use std::io::BufRead;

use super::block::Block;
use super::entry::Region;
use super::number::{decimal_unsigned, numeric};
use super::source::{Filled, Source};
use crate::error::{EntryFault, Error};
use crate::limits::{PAX_BYTES_MAX, SPARSE_REGIONS_MAX};
use crate::name::within;

/// A fault of the entry, or of the stream below.
pub(super) enum Trouble {
    Entry(EntryFault),
    Stream(std::io::Error),
}

impl From<EntryFault> for Trouble {
    fn from(fault: EntryFault) -> Trouble {
        Trouble::Entry(fault)
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        Trouble::Stream(error)
    }
}

impl Trouble {
    /// The error for the entry of this number and name.
    pub(super) fn at(self, number: u64, name: &[u8]) -> Error {
        match self {
            Trouble::Entry(source) => Error::Entry { number, name: crate::EntryName::new(name), source },
            Trouble::Stream(error) => Error::from(error),
        }
    }
}

fn malformed(what: &'static str) -> EntryFault {
    EntryFault::Malformed { rule: "TAR-15", what }
}

/// Refuses maps that are not sorted, disjoint, inside the file, or that do not add up to the stored bytes.
pub(super) fn validate(regions: &[Region], size: u64, stored: u64) -> Result<(), EntryFault> {
    let mut end = 0;
    let mut sum: u64 = 0;
    for region in regions {
        let region_end = region.offset.checked_add(region.len).filter(|end| *end <= size);
        if region.offset < end || region_end.is_none() {
            return Err(malformed("sparse regions that overlap, are out of order, or leave the file"));
        }
        end = region.end();
        // Disjoint and inside the file, so this cannot overflow.
        sum += region.len;
    }
    if sum != stored {
        return Err(malformed("a sparse map that does not fit the data"));
    }
    Ok(())
}

fn push(regions: &mut Vec<Region>, offset: u64, len: u64) -> Result<(), EntryFault> {
    within("SPARSE_REGIONS_MAX", SPARSE_REGIONS_MAX, regions.len() as u64 + 1)?;
    regions.push(Region { offset, len });
    Ok(())
}

/// The map of an old GNU header: four regions in the header, 21 in each block that follows it.
pub(super) fn old_gnu<R: BufRead>(
    header: &Block,
    source: &mut Source<R>,
) -> Result<(Vec<Region>, u64), Trouble> {
    let size = unsigned(&header[483..495])?;
    let mut regions = Vec::new();
    push_fields(&header[386..482], &mut regions)?;
    let mut more = header[482] != 0;
    let mut block = [0; 512];
    while more {
        if source.read_block(&mut block)? != Filled::Whole {
            return Err(EntryFault::Truncated.into());
        }
        let before = regions.len();
        push_fields(&block[..504], &mut regions)?;
        more = block[504] != 0;
        if more && regions.len() == before {
            return Err(malformed("an empty block in a sparse map").into());
        }
    }
    Ok((regions, size))
}

fn push_fields(fields: &[u8], regions: &mut Vec<Region>) -> Result<(), EntryFault> {
    for field in fields.chunks_exact(24) {
        if field[0] == 0 {
            break;
        }
        push(regions, unsigned(&field[..12])?, unsigned(&field[12..])?)?;
    }
    Ok(())
}

fn unsigned(field: &[u8]) -> Result<u64, EntryFault> {
    numeric(field).and_then(|n| u64::try_from(n).ok()).ok_or(malformed("a sparse map with a bad number"))
}

/// The map of PAX sparse 0.0 and 0.1: pairs of decimal numbers in one record.
pub(super) fn pax_0(map: &[u8], count: Option<&[u8]>) -> Result<Vec<Region>, EntryFault> {
    let count = count.and_then(decimal_unsigned).ok_or(malformed("a sparse map without a region count"))?;
    within("SPARSE_REGIONS_MAX", SPARSE_REGIONS_MAX, count)?;
    let mut regions = Vec::new();
    if !map.is_empty() {
        let mut numbers = map.split(|b| *b == b',').map(decimal_unsigned);
        while let Some(offset) = numbers.next() {
            let len = numbers.next().flatten();
            let (Some(offset), Some(len)) = (offset, len) else {
                return Err(malformed("a sparse map with a bad number"));
            };
            push(&mut regions, offset, len)?;
        }
    }
    if regions.len() as u64 != count {
        return Err(malformed("a sparse map whose region count is wrong"));
    }
    Ok(regions)
}

/// The map of PAX sparse 1.0: decimal lines at the head of the data, padded to a block. Returns it with the
/// stored bytes that it took.
pub(super) fn pax_1<R: BufRead>(source: &mut Source<R>, stored: u64) -> Result<(Vec<Region>, u64), Trouble> {
    let mut lines = Lines { source, block: [0; 512], at: 512, taken: 0, stored };
    let count = lines.number()?;
    within("SPARSE_REGIONS_MAX", SPARSE_REGIONS_MAX, count)?;
    let mut regions = Vec::new();
    for _ in 0..count {
        let (offset, len) = (lines.number()?, lines.number()?);
        push(&mut regions, offset, len)?;
    }
    Ok((regions, lines.taken))
}

struct Lines<'a, R> {
    source: &'a mut Source<R>,
    block: Block,
    at: usize,
    taken: u64,
    stored: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line as a number. No number has more than 20 digits, so a line without an end stops here.
    fn number(&mut self) -> Result<u64, Trouble> {
        let mut digits = [0; 20];
        let mut len = 0;
        loop {
            let byte = self.byte()?;
            if byte == b'\n' {
                break;
            }
            *digits.get_mut(len).ok_or(malformed("a sparse map with a bad number"))? = byte;
            len += 1;
        }
        decimal_unsigned(&digits[..len]).ok_or(malformed("a sparse map with a bad number").into())
    }

    fn byte(&mut self) -> Result<u8, Trouble> {
        if self.at == self.block.len() {
            self.taken += 512;
            if self.taken > self.stored {
                return Err(malformed("a sparse map longer than the data").into());
            }
            // 65,536 regions of ordinary numbers stay well below four times this.
            within("PAX_BYTES_MAX", 4 * PAX_BYTES_MAX, self.taken)?;
            if self.source.read_block(&mut self.block)? != Filled::Whole {
                return Err(EntryFault::Truncated.into());
            }
            self.at = 0;
        }
        self.at += 1;
        Ok(self.block[self.at - 1])
    }
}
