//! Blobs on their way in: written in a lease's scratch folder and hashed, given their name at the end.

use std::io::{self, Write};

use disk::{Dir, File};
use spec::{Algorithm, Digest, Digester};

use crate::blobs::{BLOB_MODE, Blobs};
use crate::error::{Error, Result};
use crate::lease::{Lease, Pin};

/// A blob of known digest and size being written; vanishes when dropped before [`BlobWriter::commit`].
pub struct BlobWriter<'s> {
    blobs: &'s Blobs,
    growing: Growing,
    digest: Digest,
    size: u64,
}

impl<'s> BlobWriter<'s> {
    pub(crate) fn begin(
        blobs: &'s Blobs,
        lease: &Lease,
        digest: &Digest,
        size: u64,
    ) -> Result<BlobWriter<'s>> {
        let growing = Growing::begin(lease, digest.algorithm())?;
        Ok(BlobWriter { blobs, growing, digest: digest.clone(), size })
    }

    /// Checks size and digest, makes the bytes durable and gives the blob its name.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when something else was written than announced.
    pub fn commit(self) -> Result<()> {
        let written = self.growing.bytes();
        if written != self.size {
            return Err(self.mismatch(format!("{} bytes", self.size), format!("{written} bytes")));
        }
        let found = self.growing.digest();
        if found != self.digest {
            return Err(self.mismatch(self.digest.to_string(), found.to_string()));
        }
        self.growing.publish(self.blobs, &self.digest)
    }

    fn mismatch(&self, expected: String, found: String) -> Error {
        Error::Mismatch { digest: self.digest.clone(), expected, found }
    }
}

impl Write for BlobWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = usize::try_from(self.size.saturating_sub(self.growing.bytes())).unwrap_or(usize::MAX);
        if room == 0 && !bytes.is_empty() {
            let text = format!("{} has more than the {} bytes announced", self.digest, self.size);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        self.growing.write(&bytes[..bytes.len().min(room)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A blob whose digest shows when all of it is there; vanishes when dropped before [`Collector::finish`].
pub struct Collector<'s> {
    blobs: &'s Blobs,
    lease: &'s Lease,
    growing: Growing,
}

impl<'s> Collector<'s> {
    pub(crate) fn begin(blobs: &'s Blobs, lease: &'s Lease) -> Result<Collector<'s>> {
        Ok(Collector { blobs, lease, growing: Growing::begin(lease, Algorithm::Sha256)? })
    }

    /// Pins the blob, makes its bytes durable and gives it its name; digest and size of what was written.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn finish(self) -> Result<(Digest, u64)> {
        let (digest, bytes) = (self.growing.digest(), self.growing.bytes());
        self.lease.pin([Pin::Blob(digest.clone())])?;
        // Also over one that is there: that one may be damaged.
        self.growing.publish(self.blobs, &digest)?;
        Ok((digest, bytes))
    }
}

impl Write for Collector<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.growing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file in a lease's scratch folder and the hash of what is in it.
struct Growing {
    scratch: Dir,
    name: String,
    file: File,
    digester: Digester,
    published: bool,
}

impl Growing {
    fn begin(lease: &Lease, algorithm: Algorithm) -> Result<Growing> {
        let scratch = lease.scratch().try_clone()?;
        let name = lease.fresh_name();
        let file = scratch.create(&name, 0o600)?;
        Ok(Growing { scratch, name, file, digester: Digester::new(algorithm), published: false })
    }

    fn bytes(&self) -> u64 {
        self.digester.bytes()
    }

    fn digest(&self) -> Digest {
        self.digester.clone().finish()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digester.update(&bytes[..written]);
        Ok(written)
    }

    /// Makes the bytes durable and gives them their name.
    fn publish(mut self, blobs: &Blobs, digest: &Digest) -> Result<()> {
        self.file.set_mode(BLOB_MODE)?;
        self.file.sync()?;
        blobs.publish(&self.scratch, &self.name, digest)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.published {
            // The lease's folder goes with the lease anyway.
            let _ = self.scratch.remove_file(&self.name);
        }
    }
}
