//! The reader: headers in, entries out (TAR-1 to TAR-5, TAR-14, TAR-15, TAR-18).

use std::io::{BufRead, BufReader, Read};

use super::block::{self, Block, Fields};
use super::entry::Entry;
use super::member::{Data, Member};
use super::merge::{Extensions, judge_names, merge, read_data};
use super::number::until_nul;
use super::pax::{self, Pax};
use super::source::{Filled, Source};
use super::sparse::Trouble;
use crate::error::{EntryFault, EntryName, Error, malformed};
use crate::limits::{ENTRIES_PER_LAYER_MAX, PAX_BYTES_MAX};
use crate::name::within;

/// Reads an archive from its first byte to its last in one pass.
///
/// ```
/// # let archive: &[u8] = &[0; 1024];
/// let mut reader = layer::tar::Reader::new(archive);
/// while let Some(mut member) = reader.next_entry()? {
///     println!("{:?}", member.entry().name);
///     std::io::copy(&mut member, &mut std::io::sink())?;
/// }
/// let stream_bytes = reader.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    source: Source<R>,
    entry: Entry,
    data: Data,
    entries_max: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    Broken,
}

impl<R: Read> Reader<BufReader<R>> {
    /// A reader over a stream that has no buffer of its own.
    pub fn buffered(stream: R) -> Reader<BufReader<R>> {
        Reader::new(BufReader::with_capacity(64 << 10, stream))
    }
}

impl<R: BufRead> Reader<R> {
    /// A reader over a stream that is buffered.
    pub fn new(stream: R) -> Reader<R> {
        Reader {
            source: Source::new(stream),
            entry: Entry::empty(),
            data: Data::default(),
            entries_max: ENTRIES_PER_LAYER_MAX,
            state: State::Open,
        }
    }

    /// Sets how many entries the archive may have.
    #[must_use]
    pub fn with_entries_max(mut self, entries_max: u64) -> Reader<R> {
        self.entries_max = entries_max;
        self
    }

    /// Goes to the next entry, passing over what is left of the one before; nothing at the archive's end.
    ///
    /// # Errors
    /// A stream that fails, and an archive that is malformed or over a limit; the reader is then done for.
    pub fn next_entry(&mut self) -> Result<Option<Member<'_, R>>, Error> {
        let outcome = match self.state {
            State::Open => self.advance(),
            State::Ended => return Ok(None),
            State::Broken => Err(self.refuse(malformed("TAR-2", "read on after an error"))),
        };
        match outcome {
            Ok(true) => Ok(Some(Member::new(&self.entry, &mut self.source, &mut self.data))),
            Ok(false) => {
                self.state = State::Ended;
                Ok(None)
            }
            Err(error) => {
                self.state = State::Broken;
                Err(error)
            }
        }
    }

    /// Reads on to the end of the stream, whatever follows the archive (TAR-18), and returns its length.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn finish(mut self) -> Result<u64, Error> {
        while self.source.skip(1 << 30)? {}
        Ok(self.source.offset())
    }

    /// The stream, wherever the reader is in it.
    pub fn into_inner(self) -> R {
        self.source.into_inner()
    }

    fn advance(&mut self) -> Result<bool, Error> {
        self.pass_data()?;
        let mut extensions = Extensions::default();
        self.entry.name.clear();
        self.entry.start_offset = self.source.offset();
        loop {
            let header_offset = self.source.offset();
            let Some(block) = self.read_header()? else {
                return if extensions.is_any() {
                    Err(self.refuse(malformed("TAR-1", "an extended header without an entry")))
                } else {
                    Ok(false)
                };
            };
            let fields = self.read_fields(&block)?;
            match fields.flag {
                b'x' => extensions.pax = Some(self.read_pax(&fields)?),
                b'g' => self.read_global(&fields, &extensions)?,
                b'L' => extensions.long_name = Some(self.read_long(&fields)?),
                b'K' => extensions.long_link = Some(self.read_long(&fields)?),
                _ => {
                    self.entry.header_offset = header_offset;
                    self.read_entry(&block, &fields, extensions)?;
                    return Ok(true);
                }
            }
            if !extensions.is_any() {
                self.entry.start_offset = self.source.offset();
            }
        }
    }

    /// Passes over what is left of the data, and its padding, which may be missing at the end of the stream.
    fn pass_data(&mut self) -> Result<(), Error> {
        let (stored, padding) = self.data.take_rest(&mut self.source);
        if !self.source.skip(stored)? {
            return Err(self.refuse_current(EntryFault::Truncated));
        }
        self.source.skip(padding)?;
        Ok(())
    }

    /// The next header block; nothing at the end of the archive, marked by two empty blocks or by the end of
    /// the stream (TAR-18).
    fn read_header(&mut self) -> Result<Option<Block>, Error> {
        let mut block = [0; 512];
        match self.source.read_block(&mut block)? {
            Filled::Nothing => return Ok(None),
            Filled::Part => return Err(self.refuse(EntryFault::Truncated)),
            Filled::Whole if block != [0; 512] => return Ok(Some(block)),
            Filled::Whole => {}
        }
        match self.source.read_block(&mut block)? {
            Filled::Nothing => Ok(None),
            Filled::Whole if block == [0; 512] => Ok(None),
            Filled::Whole => Err(self.refuse(malformed("TAR-18", "an empty block between entries"))),
            Filled::Part => Err(self.refuse(EntryFault::Truncated)),
        }
    }

    fn read_fields(&self, block: &Block) -> Result<Fields, Error> {
        let dialect = block::dialect(block)
            .ok_or_else(|| self.refuse(malformed("TAR-2", "a header with a wrong check sum")))?;
        let fields = block::fields(block, dialect)
            .ok_or_else(|| self.refuse(malformed("TAR-2", "a header with a bad number")))?;
        if fields.size < 0 {
            return Err(self.refuse(malformed("TAR-2", "a negative size")));
        }
        Ok(fields)
    }

    fn read_pax(&mut self, fields: &Fields) -> Result<Pax, Error> {
        let bytes = self.read_special(fields)?;
        pax::parse(&bytes).map_err(|fault| self.refuse(fault))
    }

    /// Global headers must be well-formed and mean nothing (TAR-3). Between an extended header and its entry
    /// they are refused: readers in use disagree whether the entry still gets that header.
    fn read_global(&mut self, fields: &Fields, pending: &Extensions) -> Result<(), Error> {
        if pending.is_any() {
            return Err(
                self.refuse(malformed("TAR-3", "a global header between an extended header and its entry"))
            );
        }
        self.read_pax(fields).map(drop)
    }

    /// A GNU long name or link: text and NULs.
    fn read_long(&mut self, fields: &Fields) -> Result<Vec<u8>, Error> {
        let mut bytes = self.read_special(fields)?;
        let len = until_nul(&bytes).len();
        if bytes[len..].iter().any(|b| *b != 0) {
            return Err(self.refuse(malformed("TAR-2", "a NUL in a name")));
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    /// The data of a header that describes another one; its own size counts (TAR-1).
    fn read_special(&mut self, fields: &Fields) -> Result<Vec<u8>, Error> {
        let size = fields.size.unsigned_abs();
        within("PAX_BYTES_MAX", PAX_BYTES_MAX, size).map_err(|fault| self.refuse(fault))?;
        let mut bytes = Vec::new();
        if !self.source.read_onto(size, &mut bytes)? {
            return Err(self.refuse(EntryFault::Truncated));
        }
        self.source.skip(padding(size))?;
        Ok(bytes)
    }

    fn read_entry(&mut self, block: &Block, fields: &Fields, extensions: Extensions) -> Result<(), Error> {
        self.entry.number += 1;
        let number = self.entry.number;
        within("ENTRIES_PER_LAYER_MAX", self.entries_max, number)
            .map_err(|fault| self.refuse_current(fault))?;
        let mut data = Data::default();
        let outcome = merge(&mut self.entry, block, fields, extensions)
            .map_err(Trouble::from)
            .and_then(|sparse| read_data(&mut self.entry, block, &mut self.source, &sparse, &mut data))
            .and_then(|()| Ok(judge_names(&mut self.entry)?));
        self.data = data;
        outcome.map_err(|trouble| trouble.at(number, &self.entry.name))
    }

    /// An error of the entry to come.
    fn refuse(&self, source: EntryFault) -> Error {
        Error::Entry { number: self.entry.number + 1, name: EntryName::new(&[]), source }
    }

    /// An error of the entry that the reader is at.
    fn refuse_current(&self, source: EntryFault) -> Error {
        Error::Entry { number: self.entry.number, name: EntryName::new(&self.entry.name), source }
    }
}

pub(super) fn padding(size: u64) -> u64 {
    size.wrapping_neg() % super::BLOCK_BYTES
}
