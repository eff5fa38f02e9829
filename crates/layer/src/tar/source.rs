//! The stream below a reader: counted, taken in blocks.

use std::io::{self, BufRead};

use super::block::Block;

/// How much of a block there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    Whole,
    Part,
    Nothing,
}

#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    offset: u64,
}

impl<R: BufRead> Source<R> {
    pub(super) fn new(inner: R) -> Source<R> {
        Source { inner, offset: 0 }
    }

    /// Bytes taken so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.inner.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Asked twice, because a borrow returned from inside the loop would last too long; the second call
        // finds the buffer filled.
        self.inner.fill_buf()
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        self.inner.consume(bytes);
        self.offset += bytes as u64;
    }

    pub(super) fn read_block(&mut self, block: &mut Block) -> io::Result<Filled> {
        let mut filled = 0;
        while filled < block.len() {
            let buffer = self.fill()?;
            if buffer.is_empty() {
                break;
            }
            let n = buffer.len().min(block.len() - filled);
            block[filled..filled + n].copy_from_slice(&buffer[..n]);
            self.consume(n);
            filled += n;
        }
        Ok(match filled {
            512 => Filled::Whole,
            0 => Filled::Nothing,
            _ => Filled::Part,
        })
    }

    /// Appends at most `bytes` to `out`; returns whether all of them were there. Memory grows with what
    /// comes, not with what was declared.
    pub(super) fn read_onto(&mut self, mut bytes: u64, out: &mut Vec<u8>) -> io::Result<bool> {
        while bytes > 0 {
            let buffer = self.fill()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let n = buffer.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
            out.extend_from_slice(&buffer[..n]);
            self.consume(n);
            bytes -= n as u64;
        }
        Ok(true)
    }

    /// Passes over at most `bytes`; returns whether all of them were there.
    pub(super) fn skip(&mut self, mut bytes: u64) -> io::Result<bool> {
        while bytes > 0 {
            let buffer = self.fill()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let n = buffer.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.consume(n);
            bytes -= n as u64;
        }
        Ok(true)
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }
}
