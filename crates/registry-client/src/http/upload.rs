//! What a request sends, watched: an early end is an error, a reader that stops reading is a stall.

use std::io::{self, Read};
use std::time::Instant;

use super::error::TransportError;
use super::meter::Meter;
use crate::cancel::Cancel;

/// Opens some content at an offset; called again for every try, so that it can be sent more than once.
pub type Opener<'a> = &'a dyn Fn(u64) -> io::Result<Box<dyn Read + 'a>>;

/// The content of a request.
pub(crate) enum Payload<'a> {
    /// None at all (GET, HEAD).
    None,
    /// Some bytes, possibly none.
    Bytes(&'a [u8]),
    /// A form with secrets in it, which only the origin that was asked may see.
    Form(zeroize::Zeroizing<String>),
    /// A stream that is opened for each time the request is sent.
    Stream {
        /// Opens it.
        open: Opener<'a>,
        /// Where to open it.
        offset: u64,
        /// Bytes to send from there.
        length: u64,
    },
}

/// A reader as the HTTP library may be given it: with a length of ours it would wait for ever for bytes
/// that do not come.
pub(crate) struct Upload<'a> {
    inner: Box<dyn Read + 'a>,
    left: u64,
    meter: Meter,
    handed_over: Option<(Instant, usize)>,
    cancel: Cancel,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(inner: Box<dyn Read + 'a>, length: u64, meter: Meter, cancel: Cancel) -> Upload<'a> {
        Upload { inner, left: length, meter, handed_over: None, cancel }
    }
}

impl Read for Upload<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(TransportError::Cancelled.into());
        }
        // The time since the last bytes were handed over is the time their sending took.
        if let Some((since, bytes)) = self.handed_over.take() {
            self.meter.record(bytes, since.elapsed())?;
        }
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let source = |error: io::Error| io::Error::from(TransportError::Source(error.into()));
        let read = loop {
            match self.inner.read(&mut buffer[..wanted]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome.map_err(source)?,
            }
        };
        if read == 0 && self.left > 0 {
            return Err(source(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended early")));
        }
        self.left -= read as u64;
        self.handed_over = Some((Instant::now(), read));
        Ok(read)
    }
}
