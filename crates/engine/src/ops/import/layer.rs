//! The one pass over an archive: from its source into the driver, and into a blob on the way. What a layer may
//! be compressed with is kept as it comes, everything else is compressed anew.

use std::io::{self, Read, Write};

use ::layer::Limits;
use ::layer::codec::{Accept, Codec, Decoder, GzipEncoder};
use archive::limits::DISK_RESERVE_BYTES;
use content::{Collector, Pin};
use disk::Dir;
use snapshot::{Incoming, LayerFacts, Scratch, Staged};
use spec::{Descriptor, MediaType};

use super::Importing;
use super::source::{Opened, Watched};
use crate::error::{Error, ErrorKind, Result};

/// A layer that is in the store.
pub(crate) struct TakenLayer {
    pub(crate) descriptor: Descriptor,
    pub(crate) facts: LayerFacts,
}

/// Bytes by which a codec is told.
const HEAD_BYTES: u64 = 512;

impl Importing<'_> {
    pub(super) fn take(&self, opened: Opened<'_>) -> Result<TakenLayer> {
        let mut watched = Watched::new(opened, self.engine, self.events);
        let mut head = Vec::new();
        let read = (&mut watched).take(HEAD_BYTES).read_to_end(&mut head);
        if let Some(failure) = watched.failure() {
            return Err(failure);
        }
        read.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        let codec = Codec::detect(&head);
        let mut source = head.chain(&mut watched);
        let taken = match codec {
            Codec::Gzip => self.keep(&mut source, MediaType::OCI_LAYER_GZIP),
            Codec::Zstd => self.keep(&mut source, MediaType::OCI_LAYER_ZSTD),
            Codec::Plain | Codec::Bzip2 | Codec::Xz => self.compress(&mut source),
        };
        // What the source has to say explains a decoder's complaint.
        match (taken, watched.failure()) {
            (Err(_), Some(failure)) => Err(failure),
            (taken, _) => taken,
        }
    }

    /// Takes the archive as it is compressed.
    fn keep(&self, source: &mut (impl Read + Send), media_type: &'static str) -> Result<TakenLayer> {
        let mut tee = Tee { source, blob: self.blob()?, failure: None };
        let ingested = open(&mut tee).and_then(|mut decoder| self.ingest(&mut decoder));
        if let Some(failure) = tee.failure {
            return Err(failure);
        }
        let staged = ingested?;
        // A decoder that saw the end of its stream need not have seen the end of the file.
        io::copy(&mut tee, &mut io::sink()).map_err(from_io)?;
        self.publish(staged, tee.blob, media_type)
    }

    /// Takes the archive's content and compresses it on all processors.
    pub(crate) fn compress(&self, source: &mut (impl Read + Send + ?Sized)) -> Result<TakenLayer> {
        let blob = GzipEncoder::new(self.blob()?, self.engine.host.cpus);
        let mut tee = Tee { source: open(source)?, blob, failure: None };
        let ingested = self.ingest(&mut tee);
        if let Some(failure) = tee.failure {
            return Err(failure);
        }
        let staged = ingested?;
        let blob = tee.blob.complete().map_err(from_io)?;
        self.publish(staged, blob, MediaType::OCI_LAYER_GZIP)
    }

    fn blob(&self) -> Result<Blob<'_>> {
        let collector = self.store.content().blobs().collect(self.lease)?;
        Ok(Blob { collector, scratch: self.lease.scratch(), unchecked: SPACE_CHECK_BYTES })
    }

    fn ingest(&self, tar: &mut (dyn Read + Send)) -> Result<Staged> {
        let name = self.lease.fresh_name();
        let scratch = Scratch { dir: self.lease.scratch(), name: &name };
        let incoming = Incoming { tar, parents: &[], scratch, limits: Limits::default() };
        Ok(self.store.driver().ingest(incoming)?)
    }

    fn publish(&self, staged: Staged, blob: Blob<'_>, media_type: &'static str) -> Result<TakenLayer> {
        let (digest, size) = blob.collector.finish()?;
        let facts = staged.facts.clone();
        self.lease.pin([Pin::Layer(facts.diff_id.clone())])?;
        self.store.driver().publish(staged)?;
        Ok(TakenLayer { descriptor: Descriptor::new(MediaType::known(media_type), digest, size), facts })
    }
}

fn open<'r>(source: impl Read + Send + 'r) -> Result<Decoder<'r>> {
    Decoder::open(source, Accept::Archive, Limits::default())
        .map_err(|error| snapshot::Error::Layer(error).into())
}

/// Writes what is read.
struct Tee<R, W> {
    source: R,
    blob: W,
    /// Why it could not be written: whoever reads through a decoder hears less.
    failure: Option<Error>,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        if let Err(error) = self.blob.write_all(&buffer[..n]) {
            let told = io::Error::new(error.kind(), "the blob cannot be written");
            self.failure = Some(from_io(error));
            return Err(told);
        }
        Ok(n)
    }
}

/// A blob being written while there is room for it.
struct Blob<'s> {
    collector: Collector<'s>,
    scratch: &'s Dir,
    /// Bytes that may be written until the free space is looked at.
    unchecked: u64,
}

/// How much is written between two looks at the free space.
const SPACE_CHECK_BYTES: u64 = 16 << 20;

impl Write for Blob<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.unchecked == 0 {
            if self.scratch.free_bytes().map_err(io::Error::other)? < DISK_RESERVE_BYTES {
                let text = format!(
                    "no space left for the image: less than DISK_RESERVE_BYTES ({DISK_RESERVE_BYTES}) would remain free"
                );
                return Err(io::Error::new(io::ErrorKind::StorageFull, text));
            }
            self.unchecked = SPACE_CHECK_BYTES;
        }
        let room = usize::try_from(self.unchecked).unwrap_or(usize::MAX);
        let n = self.collector.write(&bytes[..bytes.len().min(room)])?;
        self.unchecked -= n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gets the disk's own error back out of what [`Write`] could carry.
fn from_io(error: io::Error) -> Error {
    match error.downcast::<disk::Error>() {
        Ok(error) => error.into(),
        Err(error) => Error::new(ErrorKind::Internal, error.to_string()),
    }
}
