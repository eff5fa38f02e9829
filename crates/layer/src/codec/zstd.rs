//! Zstandard: frames one after the other, skippable ones too, with a bounded window.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Condvar, Mutex, PoisonError};

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::input::Input;
use super::table::Encoder;
use crate::error::InflateFault;
use crate::limits::{ZSTD_WINDOW_BYTES_MAX, ZSTD_WINDOW_BYTES_SHARED};

/// Whether some stream with a large window is being decoded: one at a time in the process, so that layers
/// pulled in parallel do not need many times this memory.
static LARGE_WINDOW_TAKEN: Mutex<bool> = Mutex::new(false);
static LARGE_WINDOW_FREE: Condvar = Condvar::new();

/// The right to hold a large window. It lasts as long as its decoder, which keeps the memory.
struct LargeWindow;

impl LargeWindow {
    fn wait() -> LargeWindow {
        let mut taken = LARGE_WINDOW_TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            taken = LARGE_WINDOW_FREE.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken = true;
        LargeWindow
    }
}

impl Drop for LargeWindow {
    fn drop(&mut self) {
        *LARGE_WINDOW_TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = false;
        LARGE_WINDOW_FREE.notify_one();
    }
}

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Bytes of the longest frame header.
const HEADER_BYTES_MAX: usize = 18;

pub(super) fn matches(head: &[u8]) -> bool {
    head.starts_with(&MAGIC) || is_skippable(head)
}

fn is_skippable(head: &[u8]) -> bool {
    head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == [0x2a, 0x4d, 0x18]
}

pub(super) fn decode(input: Input<'_>) -> io::Result<Box<dyn Read + Send + '_>> {
    let mut decoder = Decoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_BYTES_MAX.ilog2()))?;
    Ok(Box::new(Frames { input, decoder, in_frame: false, large: None }))
}

struct Frames<'a> {
    input: Input<'a>,
    // Before the permit, so that it is dropped before it.
    decoder: Decoder<'static>,
    large: Option<LargeWindow>,
    in_frame: bool,
}

impl Read for Frames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.start_frame()? {
                return Ok(0);
            }
            let n = self.step(out)?;
            if n > 0 {
                return Ok(n);
            }
        }
    }
}

impl Frames<'_> {
    /// Judges the header of the next frame; false at the end of the stream.
    fn start_frame(&mut self) -> io::Result<bool> {
        let head = self.input.peek(HEADER_BYTES_MAX)?;
        if head.is_empty() {
            return Ok(false);
        }
        if !matches(head) {
            return Err(InflateFault::Garbage("zstd").into());
        }
        let window = window_bytes(head).ok_or(InflateFault::Truncated("zstd"))?;
        if window > ZSTD_WINDOW_BYTES_MAX {
            let (limit, max) = ("ZSTD_WINDOW_BYTES_MAX", ZSTD_WINDOW_BYTES_MAX);
            return Err(InflateFault::Limit { limit, max, found: window }.into());
        }
        if window > ZSTD_WINDOW_BYTES_SHARED && self.large.is_none() {
            self.large = Some(LargeWindow::wait());
        }
        self.in_frame = true;
        Ok(true)
    }

    /// Feeds the decoder once.
    fn step(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut to = OutBuffer::around(out);
        let bytes = self.input.fill_buf()?;
        let at_end = bytes.is_empty();
        let mut from = InBuffer::around(bytes);
        let left = self.decoder.run(&mut from, &mut to)?;
        let taken = from.pos();
        let written = to.pos();
        self.input.consume(taken);
        if left == 0 {
            self.in_frame = false;
        } else if at_end && written == 0 {
            return Err(InflateFault::Truncated("zstd").into());
        }
        Ok(written)
    }
}

/// The window that a frame asks for (RFC 8878, 3.1.1.1); nothing when its header is cut short.
fn window_bytes(head: &[u8]) -> Option<u64> {
    if is_skippable(head) {
        return (head.len() >= 8).then_some(0);
    }
    let descriptor = *head.get(4)?;
    if descriptor & 0x20 == 0 {
        let window = *head.get(5)?;
        let base = 1u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // A single segment: the window is the content.
    let at = 5 + [0, 1, 2, 4][usize::from(descriptor & 3)];
    let bytes = head.get(at..at + (1 << (descriptor >> 6)))?;
    let size = bytes.iter().rev().fold(0, |size, byte| size << 8 | u64::from(*byte));
    Some(if bytes.len() == 2 { size + 256 } else { size })
}

/// Level 3 is zstd's own default. At least one worker is always used: without any the bytes would differ.
pub(super) fn encoder<'a>(out: impl Write + 'a, threads: usize) -> io::Result<ZstdEncoder<impl Write + 'a>> {
    let mut encoder = zstd::Encoder::new(out, 3)?;
    encoder.multithread(u32::try_from(threads.clamp(1, 64)).unwrap_or(1))?;
    encoder.include_checksum(true)?;
    Ok(ZstdEncoder(encoder))
}

pub(super) struct ZstdEncoder<W: Write>(zstd::Encoder<'static, W>);

impl<W: Write> Write for ZstdEncoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> Encoder for ZstdEncoder<W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.finish()?.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_20_windows_of_frames() {
        let check = |tail: &[u8], expect: Option<u64>| {
            assert_eq!(window_bytes(&[&MAGIC[..], tail].concat()), expect, "{tail:?}");
        };
        check(&[0x00, 0x00], Some(1 << 10));
        check(&[0x00, 0x88], Some(128 << 20));
        check(&[0x00, 0x89], Some((128 << 20) + (16 << 20)));
        check(&[0x20, 0x07], Some(7));
        check(&[0x60, 0x01, 0x01], Some(257 + 256));
        check(&[0x61, 9, 0x01, 0x01], Some(257 + 256));
        check(&[0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80], Some(1 << 63));
        check(&[0xe0, 0, 0, 0, 0, 0, 0, 0], None);
        check(&[0x00], None);
        check(&[], None);
    }
}
