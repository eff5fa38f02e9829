//! The body of an answer: watched for stalls, lengths and cancelling.

use std::io::{self, Read};
use std::time::Instant;

use super::error::TransportError;
use super::meter::Meter;
use crate::cancel::Cancel;

/// An answer's body. Errors stay: after one, every further read says the same.
pub(crate) struct Body {
    inner: ureq::BodyReader<'static>,
    meter: Meter,
    cancel: Cancel,
    failed: Option<TransportError>,
    ended: bool,
}

impl Body {
    pub(crate) fn new(inner: ureq::BodyReader<'static>, meter: Meter, cancel: Cancel) -> Body {
        Body { inner, meter, cancel, failed: None, ended: false }
    }

    /// Reads some bytes; none at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TransportError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let outcome = self.read_watched(buffer);
        match &outcome {
            Ok(read) => self.ended = *read == 0,
            Err(error) => self.failed = Some(error.clone()),
        }
        outcome
    }

    /// Ends a body with a length of which every byte was read, so that its connection is used again. Nothing
    /// is waited for.
    pub(crate) fn finish(mut self) {
        // The outcome does not matter: the bytes are there, and a broken connection is not used again.
        let _ = self.inner.read(&mut [0]);
    }

    fn read_watched(&mut self, buffer: &mut [u8]) -> Result<usize, TransportError> {
        if self.cancel.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        let since = Instant::now();
        let outcome = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        // A connection that was shut down reads as a clean end.
        if self.cancel.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        let read = outcome.map_err(|error| match TransportError::from_io(error) {
            TransportError::Closed => TransportError::Truncated,
            other => other,
        })?;
        self.meter.record(read, since.elapsed())?;
        Ok(read)
    }

    /// Reads everything, up to `bytes_max`; nothing when there is more.
    pub(crate) fn read_all(mut self, bytes_max: u64) -> Result<Option<Vec<u8>>, TransportError> {
        let mut bytes = Vec::new();
        let mut piece = [0; 16 << 10];
        loop {
            let read = self.read(&mut piece)?;
            if read == 0 {
                return Ok(Some(bytes));
            }
            if (bytes.len() + read) as u64 > bytes_max {
                return Ok(None);
            }
            bytes.extend_from_slice(&piece[..read]);
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("ended", &self.ended).finish_non_exhaustive()
    }
}
