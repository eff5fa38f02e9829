//! Reading a blob and proving it on the way.

use std::io::{self, Read};

use disk::File;
use spec::{Digest, Digester};

use crate::error::Error;

/// A blob being read from its beginning; the read that would report the end fails instead when the bytes do
/// not have the digest.
pub struct Verifying {
    file: File,
    digest: Digest,
    digester: Option<Digester>,
}

impl Verifying {
    pub(crate) fn new(file: File, digest: Digest) -> Verifying {
        let digester = Some(Digester::new(digest.algorithm()));
        Verifying { file, digest, digester }
    }

    /// Reads what is left and proves the whole.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the bytes are not those that the name stands for.
    pub fn finish(mut self) -> Result<(), Error> {
        match io::copy(&mut self, &mut io::sink()) {
            Ok(_) => Ok(()),
            Err(error) => Err(from_io(error, &self.file)),
        }
    }

    fn prove(&self, digester: Digester) -> io::Result<()> {
        let found = digester.finish();
        if found == self.digest {
            return Ok(());
        }
        let path = self.file.path().to_owned();
        let error = Error::Corrupt { path, expected: self.digest.to_string(), found: found.to_string() };
        Err(io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

impl Read for Verifying {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        if let Some(digester) = &mut self.digester {
            digester.update(&buffer[..n]);
        }
        if n == 0
            && !buffer.is_empty()
            && let Some(digester) = self.digester.take()
        {
            self.prove(digester)?;
        }
        Ok(n)
    }
}

/// Gets our own error back out of the one that [`Read`] could carry.
fn from_io(error: io::Error, file: &File) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::Disk(disk::Error::new("read", file.path(), error)),
    }
}
