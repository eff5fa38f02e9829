//! Bytes that are hashed and counted while they are read.

use std::io::{self, Read};

use spec::{Descriptor, Digest, Digester};

use crate::error::{Error, Result};

/// Reads a blob, hashing it on the way and taking no byte more than its descriptor allows.
pub struct Proving<R> {
    inner: R,
    digester: Digester,
    digest: Digest,
    size: u64,
    /// The source's own error, which a decoder in between might otherwise cover up.
    failed: Option<String>,
}

impl<R: Read> Proving<R> {
    /// Reads `inner`, which has to be what `descriptor` says.
    pub fn new(inner: R, descriptor: &Descriptor) -> Proving<R> {
        Proving {
            inner,
            digester: Digester::new(descriptor.digest.algorithm()),
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            failed: None,
        }
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.digester.bytes()
    }

    /// Reads what is left and says whether the whole was what the descriptor says.
    ///
    /// # Errors
    /// [`Error::Source`] when the source broke off; [`Error::Digest`] when the bytes were others.
    pub fn finish(mut self) -> Result<()> {
        let drained = io::copy(&mut self, &mut io::sink());
        if let Some(reason) = self.failed.take() {
            return Err(Error::Source(reason));
        }
        let wrong = |reason: String| Err(Error::Digest { digest: self.digest.clone(), reason });
        if let Err(error) = drained {
            return wrong(error.to_string());
        }
        if self.digester.bytes() != self.size {
            return wrong(format!("{} bytes instead of {}", self.digester.bytes(), self.size));
        }
        let found = self.digester.finish();
        if found != self.digest { wrong(format!("found {found}")) } else { Ok(()) }
    }
}

impl<R: Read> Read for Proving<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer).inspect_err(|error| self.failed = Some(error.to_string()))?;
        self.digester.update(&buffer[..n]);
        if self.digester.bytes() > self.size {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("more than the {} bytes announced", self.size),
            ));
        }
        Ok(n)
    }
}
