//! gzip: members one after the other, and an encoder that uses several cores.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::thread::{self, JoinHandle};

use flate2::bufread::MultiGzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress};

use super::input::Input;
use super::table::Encoder;
use crate::error::InflateFault;

pub(super) fn decode(input: Input<'_>) -> io::Result<Box<dyn Read + Send + '_>> {
    Ok(Box::new(Members { decoder: MultiGzDecoder::new(input), is_past_first: false }))
}

struct Members<'a> {
    decoder: MultiGzDecoder<Input<'a>>,
    is_past_first: bool,
}

impl Read for Members<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.decoder.read(out) {
            Ok(n) => {
                self.is_past_first |= n > 0;
                Ok(n)
            }
            // What cannot be read as a header is no member at all, when it stands behind one.
            Err(error)
                if error.kind() == io::ErrorKind::InvalidInput
                    && self.is_past_first
                    && self.decoder.header().is_none() =>
            {
                Err(InflateFault::Garbage("gzip").into())
            }
            Err(error) => Err(error),
        }
    }
}

/// Bytes that are compressed at a time, independently of the others but for the window before them.
const CHUNK_BYTES: usize = 1 << 20;

/// What deflate can refer back to.
const WINDOW_BYTES: usize = 32 << 10;

/// Docker's level, which is Go's default.
const LEVEL: u32 = 6;

/// Writes one gzip member. Chunks are compressed on several threads, each with the end of the one before as
/// dictionary, and joined at byte boundaries; the bytes do not depend on the number of threads.
#[derive(Debug)]
pub struct GzipEncoder<W> {
    out: W,
    threads: usize,
    chunk: Vec<u8>,
    window: Vec<u8>,
    jobs: VecDeque<JoinHandle<io::Result<Chunk>>>,
    crc: Crc,
    is_started: bool,
}

#[derive(Debug)]
struct Chunk {
    deflated: Vec<u8>,
    crc: Crc,
}

impl<W: Write> GzipEncoder<W> {
    /// An encoder on up to `threads` threads beside the caller's; with less than two it works in the caller's.
    pub fn new(out: W, threads: usize) -> GzipEncoder<W> {
        GzipEncoder {
            out,
            threads,
            chunk: Vec::new(),
            window: Vec::new(),
            jobs: VecDeque::new(),
            crc: Crc::new(),
            is_started: false,
        }
    }

    /// Completes the member and returns what was written to.
    ///
    /// # Errors
    /// When that cannot be written to.
    pub fn complete(mut self) -> io::Result<W> {
        self.compress_chunk(FlushCompress::Finish)?;
        while !self.jobs.is_empty() {
            self.write_oldest()?;
        }
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&self.crc.amount().to_le_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn compress_chunk(&mut self, flush: FlushCompress) -> io::Result<()> {
        let chunk = std::mem::take(&mut self.chunk);
        let tail = chunk[chunk.len().saturating_sub(WINDOW_BYTES)..].to_vec();
        let window = std::mem::replace(&mut self.window, tail);
        if self.threads < 2 {
            let chunk = deflate(&chunk, &window, flush)?;
            return self.write_chunk(&chunk);
        }
        if self.jobs.len() >= self.threads {
            self.write_oldest()?;
        }
        self.jobs.push_back(thread::spawn(move || deflate(&chunk, &window, flush)));
        Ok(())
    }

    fn write_oldest(&mut self) -> io::Result<()> {
        let Some(job) = self.jobs.pop_front() else { return Ok(()) };
        let chunk = job.join().map_err(|_| io::Error::other("a compressing thread died"))??;
        self.write_chunk(&chunk)
    }

    fn write_chunk(&mut self, chunk: &Chunk) -> io::Result<()> {
        if !self.is_started {
            // No name, no time, unknown system: as Go's writer has it.
            self.out.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])?;
            self.is_started = true;
        }
        self.crc.combine(&chunk.crc);
        self.out.write_all(&chunk.deflated)
    }
}

fn deflate(chunk: &[u8], window: &[u8], flush: FlushCompress) -> io::Result<Chunk> {
    let mut crc = Crc::new();
    crc.update(chunk);
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    if !window.is_empty() {
        compress.set_dictionary(window).map_err(io::Error::other)?;
    }
    let mut deflated = Vec::with_capacity(chunk.len() / 2 + 64);
    loop {
        let taken = usize::try_from(compress.total_in()).unwrap_or(usize::MAX).min(chunk.len());
        let status =
            compress.compress_vec(&chunk[taken..], &mut deflated, flush).map_err(io::Error::other)?;
        let is_flushed = compress.total_in() == chunk.len() as u64 && deflated.len() < deflated.capacity();
        let is_done = match flush {
            FlushCompress::Finish => status == flate2::Status::StreamEnd,
            _ => is_flushed,
        };
        if is_done {
            return Ok(Chunk { deflated, crc });
        }
        deflated.reserve(deflated.capacity() / 2 + 64);
    }
}

impl<W: Write> Write for GzipEncoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_BYTES {
            self.compress_chunk(FlushCompress::Sync)?;
        }
        if self.chunk.capacity() == 0 && bytes.len() >= 4096 {
            self.chunk.reserve_exact(CHUNK_BYTES);
        }
        let n = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    /// Does nothing: what is held back is written by [`GzipEncoder::complete`], so that flushing does not
    /// change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Encoder for GzipEncoder<W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.complete().map(drop)
    }
}
