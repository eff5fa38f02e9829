//! Where the content of an archive is: files by their names, blobs by their digests.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use disk::Dir;
use spec::{Descriptor, Digest, MediaType};

use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::graph::Holder;
use crate::names::{blob_name, normalise};
use crate::table::{Table, read_whole};

/// What the names of an archive are looked up in.
#[derive(Debug)]
pub(crate) enum Source {
    Tar(Table),
    Folder(Dir),
}

/// A file of an archive under the name that it has there itself, links followed.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) name: Vec<u8>,
    pub(crate) blob: Blob,
}

impl Source {
    fn find(&self, name: &[u8]) -> Result<Option<Found>> {
        match self {
            Source::Tar(table) => table.find(name),
            Source::Folder(folder) => find_in(folder, name),
        }
    }
}

/// Looks a name up below a folder: no link is followed, nothing but a regular file is opened, and nothing
/// blocks (ARC-7).
fn find_in(folder: &Dir, name: &[u8]) -> Result<Option<Found>> {
    let mut parts = name.split(|b| *b == b'/').map(OsStr::from_bytes);
    let Some(last) = parts.next_back() else { return Ok(None) };
    let mut dir = folder.try_clone()?;
    for part in parts {
        match dir.dir_if_exists(part)? {
            Some(below) => dir = below,
            None => return Ok(None),
        }
    }
    let Some(file) = dir.file_if_exists(last)? else { return Ok(None) };
    let len = file.len()?;
    Ok(Some(Found { name: name.to_vec(), blob: Blob::part(&Arc::new(file), 0, len) }))
}

/// The content of an archive.
#[derive(Debug)]
pub(crate) struct Shelf {
    source: Source,
    placed: HashMap<Digest, Place>,
}

/// Where a blob is that does not lie under its digest.
#[derive(Debug)]
enum Place {
    Named(Vec<u8>),
    Made(Blob),
}

impl Shelf {
    pub(crate) fn new(source: Source) -> Shelf {
        Shelf { source, placed: HashMap::new() }
    }

    /// A file by the name that a document gives for it, if it is there.
    pub(crate) fn file(&self, name: &str) -> Result<Option<Found>> {
        match normalise(name) {
            Some(name) => self.source.find(&name),
            None => Err(Error::file(name, "is no name of a file in the archive (ARC-1)")),
        }
    }

    /// A file that has to be there.
    pub(crate) fn require(&self, name: &str) -> Result<Found> {
        self.file(name)?.ok_or_else(|| Error::file(name, "is not in the archive"))
    }

    /// A blob, if it is there.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Option<Blob>> {
        let found = match self.placed.get(digest) {
            Some(Place::Made(blob)) => return Ok(Some(blob.clone())),
            Some(Place::Named(name)) => self.source.find(name)?,
            None => self.source.find(blob_name(digest).as_bytes())?,
        };
        Ok(found.map(|found| found.blob))
    }

    /// Says under which digest a file is to be had. That it has it is proven by who takes it in.
    ///
    /// # Errors
    /// When another file of another size has that digest (REF-6).
    pub(crate) fn place(&mut self, digest: &Digest, found: Found) -> Result<()> {
        match self.blob(digest)? {
            Some(known) if known.size() != found.blob.size() => {
                let (expected, found) =
                    (format!("{} bytes", known.size()), format!("{} bytes", found.blob.size()));
                Err(Error::Mismatch { digest: digest.clone(), expected, found })
            }
            Some(_) => Ok(()),
            None => {
                self.placed.insert(digest.clone(), Place::Named(found.name));
                Ok(())
            }
        }
    }

    /// Adds something that the archive holds in another form.
    pub(crate) fn add(&mut self, digest: &Digest, blob: Blob) {
        self.placed.entry(digest.clone()).or_insert(Place::Made(blob));
    }

    /// Adds a document that was made here.
    pub(crate) fn add_document(&mut self, media_type: &'static str, bytes: Vec<u8>) -> Descriptor {
        let descriptor = Descriptor::of(MediaType::known(media_type), &bytes);
        self.add(&descriptor.digest, Blob::memory(&bytes.into()));
        descriptor
    }
}

impl Holder for Shelf {
    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        Ok(self.blob(digest)?.map(|blob| blob.size()))
    }

    fn read(&self, digest: &Digest, limit: &'static str, max: u64) -> Result<Vec<u8>> {
        let name = blob_name(digest);
        let blob = self.blob(digest)?.ok_or_else(|| Error::file(&name, "is not in the archive"))?;
        read_whole(name.as_bytes(), blob, limit, max)
    }
}
