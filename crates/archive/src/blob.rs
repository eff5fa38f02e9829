//! A view of some bytes of an archive, to be read at any place.

use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::sync::Arc;

use disk::File;

/// Bytes of an archive, unchecked: whoever takes them in proves them against their digest (ARC-5).
///
/// Views do not disturb each other: each has its own position.
#[derive(Clone, Debug)]
pub struct Blob {
    bytes: Bytes,
    len: u64,
    at: u64,
}

#[derive(Clone, Debug)]
enum Bytes {
    File { file: Arc<File>, offset: u64 },
    Memory(Arc<[u8]>),
}

impl Blob {
    pub(crate) fn part(file: &Arc<File>, offset: u64, len: u64) -> Blob {
        Blob { bytes: Bytes::File { file: Arc::clone(file), offset }, len, at: 0 }
    }

    pub(crate) fn memory(bytes: &Arc<[u8]>) -> Blob {
        Blob { bytes: Bytes::Memory(Arc::clone(bytes)), len: bytes.len() as u64, at: 0 }
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.len
    }
}

impl Read for Blob {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.at);
        let want = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if want == 0 {
            return Ok(0);
        }
        let n = match &self.bytes {
            Bytes::File { file, offset } => file.read_at(&mut out[..want], offset + self.at)?,
            Bytes::Memory(bytes) => {
                // In range: the position is below the length, which is that of the slice.
                let start = usize::try_from(self.at).unwrap_or(usize::MAX);
                out[..want].copy_from_slice(&bytes[start..start + want]);
                want
            }
        };
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Blob {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// A file read in pieces at places that jump: headers here and there, data passed over without being read.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    file: &'a File,
    buffer: Vec<u8>,
    start: usize,
    offset: u64,
}

/// Headers are 512 bytes, extended ones and small documents some hundred more.
const WINDOW_BYTES: usize = 4 << 10;

impl<'a> Window<'a> {
    pub(crate) fn new(file: &'a File) -> Window<'a> {
        Window { file, buffer: Vec::with_capacity(WINDOW_BYTES), start: 0, offset: 0 }
    }

    /// Goes on at `offset`; what was read there already is not read again.
    pub(crate) fn jump(&mut self, offset: u64) {
        let behind = offset.checked_sub(self.offset - (self.buffer.len() as u64));
        match behind.and_then(|behind| usize::try_from(behind).ok()) {
            Some(behind) if behind <= self.buffer.len() => self.start = behind,
            _ => {
                self.buffer.clear();
                self.start = 0;
                self.offset = offset;
            }
        }
    }
}

impl BufRead for Window<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.buffer.len() {
            self.buffer.resize(WINDOW_BYTES, 0);
            self.start = 0;
            let read = self.file.read_at(&mut self.buffer, self.offset);
            self.buffer.truncate(*read.as_ref().unwrap_or(&0));
            self.offset += read? as u64;
        }
        Ok(&self.buffer[self.start..])
    }

    fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.buffer.len());
    }
}

impl Read for Window<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let buffer = self.fill_buf()?;
        let n = buffer.len().min(out.len());
        out[..n].copy_from_slice(&buffer[..n]);
        self.consume(n);
        Ok(n)
    }
}
