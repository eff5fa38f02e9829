//! An archive or layout folder, open for reading.

use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use disk::{Dir, EntryKind, File};
use layer::codec::Codec;
use spec::limits::{CONFIG_BYTES_MAX, MANIFEST_BYTES_MAX};
use spec::{Descriptor, Digest, Document, ImageConfig};

use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::graph::{Budget, Contents, document, walk};
use crate::images::{self, ArchivedImage};
use crate::shelf::{Shelf, Source};
use crate::spool::spool;
use crate::stored::HEAD_BYTES;
use crate::table::Table;

/// What `load` reads: the images of a docker archive, an OCI archive or a layout folder.
///
/// Opening reads the lists and the documents behind them, nothing else; content is had by digest with
/// [`Archive::blob`] and proven by who takes it in (ARC-5). No file is ever made under a name that stands in the
/// archive (ARC-1).
#[derive(Debug)]
pub struct Archive {
    shelf: Shelf,
    images: Vec<ArchivedImage>,
}

impl Archive {
    /// Opens what the user named: a folder, an archive in whatever compression, or a FIFO or device that one
    /// comes out of. What cannot be read in place goes into a file in `scratch` that has no name.
    ///
    /// # Errors
    /// See [`Error`]; `open …: no such file or directory` is Docker's.
    pub fn open(path: &Path, scratch: &Dir) -> Result<Archive> {
        let file = File::open(path)?;
        let source = match file.kind()? {
            EntryKind::Dir => Source::Folder(Dir::open(path)?),
            EntryKind::File => Source::Tar(Table::of(plain(file, scratch)?)?),
            EntryKind::Other => Source::Tar(Table::of(spool(file, scratch)?)?),
        };
        Archive::from_source(source, scratch)
    }

    /// Reads an archive out of a stream, to its end.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn read(stream: impl Read + Send, scratch: &Dir) -> Result<Archive> {
        let file = spool(stream, scratch)?;
        Archive::from_source(Source::Tar(Table::of(file)?), scratch)
    }

    fn from_source(source: Source, scratch: &Dir) -> Result<Archive> {
        let mut shelf = Shelf::new(source);
        let images = images::list(&mut shelf, scratch)?;
        Ok(Archive { shelf, images })
    }

    /// The images, in the archive's order.
    pub fn images(&self) -> &[ArchivedImage] {
        &self.images
    }

    /// Everything that an image is made of and that is here.
    ///
    /// # Errors
    /// When the archive changed since it was opened.
    pub fn contents(&self, image: &ArchivedImage) -> Result<Contents> {
        walk(&self.shelf, &image.target, &mut Budget::new())
    }

    /// Some content, unproven, if it is here; several can be read at once.
    ///
    /// # Errors
    /// In a folder, when something else than a file has the blob's name.
    pub fn blob(&self, digest: &Digest) -> Result<Option<Blob>> {
        self.shelf.blob(digest)
    }

    /// A manifest or index, proven.
    ///
    /// # Errors
    /// When it is not here, or damaged.
    pub fn document(&self, descriptor: &Descriptor) -> Result<Document> {
        let bytes = document(&self.shelf, descriptor, "MANIFEST_BYTES_MAX", MANIFEST_BYTES_MAX)?;
        Document::parse(&bytes, Some(descriptor.media_type.as_str()))
            .map_err(|source| Error::Document { digest: descriptor.digest.clone(), source })
    }

    /// The config of an image, proven.
    ///
    /// # Errors
    /// When it is not here, damaged, or none.
    pub fn config(&self, descriptor: &Descriptor) -> Result<ImageConfig> {
        let bytes = document(&self.shelf, descriptor, "CONFIG_BYTES_MAX", CONFIG_BYTES_MAX)?;
        ImageConfig::parse(&bytes)
            .map_err(|source| Error::Config { digest: descriptor.digest.clone(), source })
    }
}

/// A file that can be read in place, or its inflated bytes in one that can.
fn plain(mut file: File, scratch: &Dir) -> Result<Arc<File>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(Error::from_stream)?;
    if Codec::detect(&head) == Codec::Plain {
        return Ok(Arc::new(file));
    }
    file.rewind().map_err(Error::from_stream)?;
    spool(file, scratch)
}
