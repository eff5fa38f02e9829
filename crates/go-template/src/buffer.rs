//! A growing text that stops at a limit instead of taking all memory.

use crate::limits::OUTPUT_BYTES_MAX;

/// Bytes written so far, at most [`OUTPUT_BYTES_MAX`].
#[derive(Default)]
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    overflowed: bool,
}

impl Buffer {
    /// A buffer with room for a line, which is what most templates write.
    pub(crate) fn for_output() -> Self {
        Buffer { bytes: Vec::with_capacity(256), overflowed: false }
    }

    /// Appends, or remembers that there was no room.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if bytes.len() > OUTPUT_BYTES_MAX - self.bytes.len() {
            self.overflowed = true;
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Appends `count` times the same byte.
    pub(crate) fn fill(&mut self, byte: u8, count: usize) {
        if count > OUTPUT_BYTES_MAX - self.bytes.len() {
            self.overflowed = true;
        } else {
            self.bytes.resize(self.bytes.len() + count, byte);
        }
    }

    /// Fails if something did not fit.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.overflowed { Err(too_long()) } else { Ok(()) }
    }

    /// What was written, if all of it did fit.
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, String> {
        self.check()?;
        Ok(self.bytes)
    }
}

/// The refusal of output beyond the limit.
pub(crate) fn too_long() -> String {
    format!("output exceeds the limit of {OUTPUT_BYTES_MAX} bytes")
}
