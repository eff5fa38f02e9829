//! The compressed stream below a decoder: buffered, counted, and its own errors kept apart from the codec's.

use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a decoder knows about its input while the codec owns that.
#[derive(Debug, Default)]
pub(super) struct Watch {
    bytes: AtomicU64,
    error: Mutex<Option<io::Error>>,
}

impl Watch {
    /// Compressed bytes that were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The error of the stream below, if there was one.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

const BUFFER_BYTES: usize = 64 << 10;

pub(super) struct Input<'a> {
    stream: Box<dyn Read + Send + 'a>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    watch: Arc<Watch>,
}

impl<'a> Input<'a> {
    pub(super) fn new(stream: Box<dyn Read + Send + 'a>) -> Input<'a> {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Input { stream, buffer, start: 0, end: 0, watch: Arc::default() }
    }

    pub(super) fn watch(&self) -> Arc<Watch> {
        Arc::clone(&self.watch)
    }

    /// Looks ahead: at least `want` bytes unless the stream ends before. `want` is far below the buffer's size.
    pub(super) fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        if self.end - self.start < want {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < want && self.read_more()? > 0 {}
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let n = read(&mut *self.stream, &self.watch, &mut self.buffer[self.end..])?;
        self.end += n;
        Ok(n)
    }
}

fn read(stream: &mut dyn Read, watch: &Watch, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(out) {
            Ok(n) => {
                watch.bytes.fetch_add(n as u64, Ordering::Relaxed);
                return Ok(n);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let kind = error.kind();
                *watch.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                return Err(io::Error::new(kind, "the stream below failed"));
            }
        }
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            self.read_more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // Large reads of plain streams need no stop in between.
        if self.start == self.end && out.len() >= BUFFER_BYTES {
            return read(&mut *self.stream, &self.watch, out);
        }
        let buffer = self.fill_buf()?;
        let n = buffer.len().min(out.len());
        out[..n].copy_from_slice(&buffer[..n]);
        self.consume(n);
        Ok(n)
    }
}
