//! No compression.

use std::io::{self, Read, Write};

use super::input::Input;
use super::table::Encoder;

pub(super) fn decode(input: Input<'_>) -> io::Result<Box<dyn Read + Send + '_>> {
    Ok(Box::new(input))
}

pub(super) struct PlainEncoder<W>(pub(super) W);

impl<W: Write> Write for PlainEncoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> Encoder for PlainEncoder<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}
