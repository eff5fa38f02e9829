//! What `save` writes: an OCI image layout in a tar, and Docker's lists beside it.
//!
//! ```text
//! blobs/                    folders and blobs in the order of their names, bytes as they were received
//! blobs/sha256/<hex>
//! index.json                one entry for each image and name
//! manifest.json             for Docker before 25, Podman, docker-archive of Skopeo
//! oci-layout
//! repositories              when there are names
//! ```
//!
//! Owners, modes and times are fixed: the same images under the same names are the same bytes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read, Write};

use content::Blobs;
use layer::tar::{Header, Kind, Writer as TarWriter};
use spec::{Descriptor, Digest, PlatformMatcher, Reference};

use crate::error::{Error, Result};
use crate::graph::{Budget, walk};
use crate::lists::{Lists, SavedManifest};
use crate::names::blob_name;

/// An image to be saved.
#[derive(Clone, Debug)]
pub struct SavedImage {
    /// Its manifest or index, as it was received.
    pub target: Descriptor,
    /// The names to save it under, each with a tag; none to save it by its ID.
    pub names: Vec<Reference>,
}

/// An archive about to be written.
#[derive(Debug)]
pub struct Writer<'s> {
    blobs: &'s Blobs,
    /// What goes in under its digest, by its name in the archive.
    content: BTreeMap<String, (Digest, u64)>,
    lists: Lists,
}

/// Received content is not to be changed by whoever unpacks the archive.
const BLOB_MODE: u32 = 0o444;

impl<'s> Writer<'s> {
    /// Looks up what the images are made of. Of a multi-platform image everything that is in the store goes
    /// in; readers that know only one platform get the one that `platform` likes best.
    ///
    /// # Errors
    /// Content that is missing or damaged.
    pub fn new(blobs: &'s Blobs, images: &[SavedImage], platform: &PlatformMatcher) -> Result<Writer<'s>> {
        let mut writer = Writer { blobs, content: BTreeMap::new(), lists: Lists::default() };
        let mut budget = Budget::new();
        for image in &merged(images) {
            let contents = walk(blobs, &image.target, &mut budget)?;
            for descriptor in contents.bottom_up() {
                let entry = (descriptor.digest.clone(), descriptor.size);
                writer.content.insert(blob_name(&descriptor.digest), entry);
            }
            let chosen = SavedManifest::choose(blobs, &contents.manifests, platform)?;
            writer.lists.add(image, chosen.as_ref());
        }
        Ok(writer)
    }

    /// Everything that will be read from the store: what a lease has to pin.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.content.values().map(|(digest, _)| digest)
    }

    /// Writes the archive; each blob is proven on the way.
    ///
    /// # Errors
    /// A blob that is missing or damaged, a stream that fails. What was written by then is of no use.
    pub fn write(&self, out: impl Write) -> Result<()> {
        let mut tar = TarWriter::new(out);
        for folder in self.folders() {
            tar.start(&Header::new(folder, Kind::Directory)).map_err(Error::Write)?;
        }
        for (name, (digest, size)) in &self.content {
            let mut header = Header::new(name.as_str(), Kind::File);
            (header.size, header.mode) = (*size, BLOB_MODE);
            tar.start(&header).map_err(Error::Write)?;
            self.copy(digest, *size, &mut tar)?;
        }
        for (name, bytes) in self.lists.files()? {
            let mut header = Header::new(name, Kind::File);
            header.size = bytes.len() as u64;
            tar.start(&header).and_then(|()| tar.write_all(&bytes)).map_err(Error::Write)?;
        }
        tar.finish().and_then(|mut out| out.flush()).map_err(Error::Write)
    }

    /// The folders of the blobs; `sha512` only where it is needed.
    fn folders(&self) -> Vec<String> {
        let mut folders = vec!["blobs".to_owned(), "blobs/sha256".to_owned()];
        let algorithms = self.content.values().map(|(digest, _)| digest.algorithm().as_str());
        folders.extend(algorithms.map(|algorithm| format!("blobs/{algorithm}")));
        folders.sort();
        folders.dedup();
        folders
    }

    /// Copies a blob to its end, where the reader says whether it was the right one.
    fn copy(&self, digest: &Digest, size: u64, tar: &mut impl Write) -> Result<()> {
        let mut blob = self.blobs.open(digest)?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut copied = 0;
        loop {
            let n = blob.read(&mut buffer).map_err(from_store)?;
            copied += n as u64;
            if n == 0 && copied == size {
                return Ok(());
            }
            if n == 0 || copied > size {
                let (expected, found) = (format!("{size} bytes"), format!("{copied} bytes"));
                return Err(Error::Mismatch { digest: digest.clone(), expected, found });
            }
            tar.write_all(&buffer[..n]).map_err(Error::Write)?;
        }
    }
}

/// Each image once, with all its names, where it first stands.
fn merged(images: &[SavedImage]) -> Vec<SavedImage> {
    let mut merged: Vec<SavedImage> = Vec::new();
    let mut places: HashMap<&Digest, usize> = HashMap::new();
    for image in images {
        let at = *places.entry(&image.target.digest).or_insert(merged.len());
        if at == merged.len() {
            merged.push(SavedImage { target: image.target.clone(), names: Vec::new() });
        }
        let names = &mut merged[at].names;
        names.extend(image.names.iter().filter(|name| name.tag().is_some()).cloned());
    }
    for image in &mut merged {
        let mut seen = HashSet::new();
        image.names.retain(|name| seen.insert(name.clone()));
    }
    merged
}

const COPY_BYTES: usize = 128 << 10;

/// Gets the store's error back out of what [`Read`] could carry.
fn from_store(error: io::Error) -> Error {
    match error.downcast::<content::Error>() {
        Ok(error) => Error::Store(error),
        Err(error) => Error::from_stream(error),
    }
}
