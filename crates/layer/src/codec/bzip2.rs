//! bzip2, read only: for archives that people hand us.

use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;

use super::input::Input;
use crate::error::InflateFault;

pub(super) fn decode(input: Input<'_>) -> io::Result<Box<dyn Read + Send + '_>> {
    Ok(Box::new(Streams { current: Some(BzDecoder::new(input)) }))
}

/// Concatenated streams as one, as the parallel packers write them.
struct Streams<'a> {
    current: Option<BzDecoder<Input<'a>>>,
}

impl Read for Streams<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.current {
            let n = decoder.read(out)?;
            if n > 0 || out.is_empty() {
                return Ok(n);
            }
            let Some(mut input) = self.current.take().map(BzDecoder::into_inner) else { break };
            let head = input.peek(3)?;
            if head.starts_with(b"BZh") {
                self.current = Some(BzDecoder::new(input));
            } else if !input.fill_buf()?.is_empty() {
                return Err(InflateFault::Garbage("bzip2").into());
            }
        }
        Ok(0)
    }
}
