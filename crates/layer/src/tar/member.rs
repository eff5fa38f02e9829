//! One entry together with its data in the stream.

use std::io::{self, BufRead, Read};

use super::entry::{Entry, Region};
use super::source::Source;
use crate::error::{EntryFault, EntryName, Error};

/// How far the data of the current entry was read.
#[derive(Debug, Default)]
pub(super) struct Data {
    stored_left: u64,
    padding: u64,
    region: usize,
    in_region: u64,
    position: u64,
    /// Bytes lent out by [`Member::piece`] and not consumed yet.
    lent: usize,
}

impl Data {
    pub(super) fn new(stored: u64, padding: u64) -> Data {
        Data { stored_left: stored, padding, ..Data::default() }
    }

    /// What is left to be passed over: data and padding.
    pub(super) fn take_rest<R: BufRead>(&mut self, source: &mut Source<R>) -> (u64, u64) {
        self.give_back(source);
        (std::mem::take(&mut self.stored_left), std::mem::take(&mut self.padding))
    }

    fn give_back<R: BufRead>(&mut self, source: &mut Source<R>) {
        source.consume(self.lent);
        self.lent = 0;
    }

    fn advance(&mut self, bytes: usize) {
        self.in_region += bytes as u64;
        self.stored_left -= bytes as u64;
    }
}

/// An entry, and its data to be read once, front to back: as [`Read`] with holes filled, or piece by piece
/// with their offsets.
#[derive(Debug)]
pub struct Member<'a, R> {
    entry: &'a Entry,
    source: &'a mut Source<R>,
    data: &'a mut Data,
}

impl<'a, R: BufRead> Member<'a, R> {
    pub(super) fn new(entry: &'a Entry, source: &'a mut Source<R>, data: &'a mut Data) -> Member<'a, R> {
        Member { entry, source, data }
    }

    /// What the headers say.
    pub fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// The next piece of the data and where it belongs in the file, without the holes; nothing after the
    /// last. The bytes are lent from the stream's own buffer.
    ///
    /// # Errors
    /// A stream that fails or ends too early.
    pub fn piece(&mut self) -> Result<Option<(u64, &[u8])>, Error> {
        self.data.give_back(self.source);
        let Some((offset, left)) = self.next_data() else { return Ok(None) };
        let buffer = self.source.fill()?;
        if buffer.is_empty() {
            return Err(truncated(self.entry));
        }
        let n = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.data.lent = n;
        self.data.advance(n);
        Ok(Some((offset, &buffer[..n])))
    }

    /// Where the next data belongs, and how much of its region is left.
    fn next_data(&mut self) -> Option<(u64, u64)> {
        loop {
            let region = region(self.entry, self.data.region)?;
            if self.data.in_region < region.len {
                return Some((region.offset + self.data.in_region, region.len - self.data.in_region));
            }
            self.data.region += 1;
            self.data.in_region = 0;
        }
    }
}

fn region(entry: &Entry, index: usize) -> Option<Region> {
    match &entry.sparse {
        Some(regions) => regions.get(index).copied(),
        None => (index == 0).then_some(Region { offset: 0, len: entry.stored_bytes }),
    }
}

fn truncated(entry: &Entry) -> Error {
    Error::Entry { number: entry.number, name: EntryName::new(&entry.name), source: EntryFault::Truncated }
}

impl<R: BufRead> Read for Member<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.data.give_back(self.source);
        let data = self.next_data();
        let hole_end = data.map_or(self.entry.size, |(offset, _)| offset);
        let n = if self.data.position < hole_end {
            let n = out.len().min(usize::try_from(hole_end - self.data.position).unwrap_or(usize::MAX));
            out[..n].fill(0);
            n
        } else {
            let Some((_, left)) = data else { return Ok(0) };
            let buffer = self.source.fill()?;
            if buffer.is_empty() && !out.is_empty() {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, truncated(self.entry)));
            }
            let n = buffer.len().min(out.len()).min(usize::try_from(left).unwrap_or(usize::MAX));
            out[..n].copy_from_slice(&buffer[..n]);
            self.source.consume(n);
            self.data.advance(n);
            n
        };
        self.data.position += n as u64;
        Ok(n)
    }
}
