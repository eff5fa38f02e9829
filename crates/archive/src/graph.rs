//! What an image is made of: the walk from its root over the content that is there.
//!
//! An index may list platforms whose content is not at hand, here as in a store that pulled some of them: a
//! manifest counts when all its content is there, and an image when one such manifest is.

use std::collections::HashSet;

use spec::limits::{CONFIG_BYTES_MAX, INDEX_DEPTH_MAX, MANIFEST_BYTES_MAX, MANIFESTS_WALKED_MAX};
use spec::{Descriptor, Digest, Document, ImageConfig, Index, Manifest, MediaType};

use crate::error::{Error, Result};
use crate::limits::{WALKED_BYTES_MAX, WALKED_ENTRIES_MAX};
use crate::table::limit;

/// Who has content: an archive, a store.
pub(crate) trait Holder {
    /// The size of some content, if it is there.
    fn size(&self, digest: &Digest) -> Result<Option<u64>>;

    /// The bytes of a document, unproven, if they are not more than a limit of that name.
    fn read(&self, digest: &Digest, limit: &'static str, max: u64) -> Result<Vec<u8>>;
}

/// The content of an image, as far as it is there; everything once, in the order of the walk.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The indexes, the root first if it is one.
    pub indexes: Vec<Descriptor>,
    /// The manifests that have all their content, with the platforms that their indexes state.
    pub manifests: Vec<Descriptor>,
    /// Configs and layers of these manifests.
    pub blobs: Vec<Descriptor>,
    /// What the manifests that are images have as configs, in the manifests' order.
    pub(crate) configs: Vec<Digest>,
}

impl Contents {
    /// All of it, in the order in which it can be taken in: what is pointed at before what points.
    pub fn bottom_up(&self) -> impl Iterator<Item = &Descriptor> {
        self.blobs.iter().chain(&self.manifests).chain(self.indexes.iter().rev())
    }
}

/// How much may still be read; shared by all walks of one operation.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: u64,
    entries: u64,
}

impl Budget {
    pub(crate) fn new() -> Budget {
        Budget { bytes: 0, entries: 0 }
    }

    pub(crate) fn take_bytes(&mut self, bytes: u64) -> Result<()> {
        self.bytes += bytes;
        limit("the documents of all images", "WALKED_BYTES_MAX", WALKED_BYTES_MAX, self.bytes)
    }

    fn take_entries(&mut self, entries: usize) -> Result<()> {
        self.entries += entries as u64;
        limit("the index entries of all images", "WALKED_ENTRIES_MAX", WALKED_ENTRIES_MAX, self.entries)
    }
}

/// Walks an image from its root.
///
/// # Errors
/// Content that is damaged or of the wrong size; a root that is a manifest and lacks some; an index without a
/// complete manifest; a limit.
pub(crate) fn walk(holder: &dyn Holder, root: &Descriptor, budget: &mut Budget) -> Result<Contents> {
    let mut walk = Walk {
        holder,
        budget,
        root: &root.digest,
        contents: Contents::default(),
        visited: HashSet::new(),
        taken: HashSet::new(),
        todo: vec![(root.clone(), 0)],
    };
    while let Some((entry, depth)) = walk.todo.pop() {
        walk.visit(entry, depth)?;
    }
    let contents = walk.contents;
    if contents.manifests.is_empty() {
        return Err(Error::Incomplete(root.digest.clone()));
    }
    Ok(contents)
}

struct Walk<'w> {
    holder: &'w dyn Holder,
    budget: &'w mut Budget,
    root: &'w Digest,
    contents: Contents,
    /// Manifests and indexes, complete or not.
    visited: HashSet<Digest>,
    /// Configs and layers.
    taken: HashSet<Digest>,
    /// A stack: what was found last is walked first, so entries go on it in reverse.
    todo: Vec<(Descriptor, usize)>,
}

impl Walk<'_> {
    fn visit(&mut self, entry: Descriptor, depth: usize) -> Result<()> {
        let is_root = entry.digest == *self.root;
        let is_absent = !is_root && self.holder.size(&entry.digest)?.is_none();
        if is_absent || !self.visited.insert(entry.digest.clone()) {
            return Ok(());
        }
        match self.document(&entry)? {
            Document::Manifest(manifest) => self.manifest(entry, &manifest, is_root),
            Document::Index(index) => self.index(entry, index, depth),
        }
    }

    fn document(&mut self, entry: &Descriptor) -> Result<Document> {
        let (max, found) = (MANIFESTS_WALKED_MAX as u64, self.visited.len() as u64);
        limit(&format!("the manifests of {}", self.root), "MANIFESTS_WALKED_MAX", max, found)?;
        let bytes = self.read(entry, "MANIFEST_BYTES_MAX", MANIFEST_BYTES_MAX)?;
        Document::parse(&bytes, Some(entry.media_type.as_str()))
            .map_err(|source| Error::Document { digest: entry.digest.clone(), source })
    }

    fn index(&mut self, entry: Descriptor, index: Index, depth: usize) -> Result<()> {
        limit(
            &format!("the depth of {}", self.root),
            "INDEX_DEPTH_MAX",
            INDEX_DEPTH_MAX as u64,
            depth as u64 + 1,
        )?;
        self.budget.take_entries(index.manifests.len())?;
        self.contents.indexes.push(entry);
        // Anything may be listed in an index; what is no image and no list of images stays behind.
        let images = index.manifests.into_iter().filter(|entry| is_document(&entry.media_type));
        let mut images: Vec<_> = images.map(|entry| (entry, depth + 1)).collect();
        images.reverse();
        self.todo.append(&mut images);
        Ok(())
    }

    fn manifest(&mut self, entry: Descriptor, manifest: &Manifest, is_root: bool) -> Result<()> {
        for content in std::iter::once(&manifest.config).chain(&manifest.layers) {
            match self.holder.size(&content.digest)? {
                Some(size) => check_size(content, size)?,
                None if content.media_type.is_foreign_layer() => {}
                None if is_root => {
                    return Err(Error::Missing { digest: content.digest.clone(), root: self.root.clone() });
                }
                None => return Ok(()),
            }
        }
        if manifest.is_image() && !entry.is_attestation() {
            self.config(manifest)?;
            self.contents.configs.push(manifest.config.digest.clone());
        }
        self.contents.manifests.push(entry);
        for content in std::iter::once(&manifest.config).chain(&manifest.layers) {
            let is_new = self.taken.insert(content.digest.clone());
            if is_new && self.holder.size(&content.digest)?.is_some() {
                self.contents.blobs.push(content.clone());
            }
        }
        Ok(())
    }

    /// Proves a config, and that it and the manifest speak of as many layers (REF-8).
    fn config(&mut self, manifest: &Manifest) -> Result<()> {
        let bytes = self.read(&manifest.config, "CONFIG_BYTES_MAX", CONFIG_BYTES_MAX)?;
        let config = ImageConfig::parse(&bytes)
            .map_err(|source| Error::Config { digest: manifest.config.digest.clone(), source })?;
        check_layers(manifest.layers.len(), config.diff_ids().len())
    }

    fn read(&mut self, entry: &Descriptor, limit: &'static str, max: u64) -> Result<Vec<u8>> {
        let missing = || Error::Missing { digest: entry.digest.clone(), root: self.root.clone() };
        let size = self.holder.size(&entry.digest)?.ok_or_else(missing)?;
        check_size(entry, size)?;
        self.budget.take_bytes(size)?;
        document(self.holder, entry, limit, max)
    }
}

/// Reads a document and proves it (ARC-5).
pub(crate) fn document(
    holder: &dyn Holder,
    entry: &Descriptor,
    name: &'static str,
    max: u64,
) -> Result<Vec<u8>> {
    limit(&format!("blob {}", entry.digest), name, max, entry.size)?;
    let bytes = holder.read(&entry.digest, name, max)?;
    check_size(entry, bytes.len() as u64)?;
    check_digest(&entry.digest, &bytes)?;
    Ok(bytes)
}

/// Whether a media type is that of a manifest or index; schema 1 is, so that it is refused by name.
pub(crate) fn is_document(media_type: &MediaType) -> bool {
    media_type.is_manifest() || media_type.is_index() || media_type.is_schema_1()
}

pub(crate) fn check_layers(layers: usize, diff_ids: usize) -> Result<()> {
    if layers == diff_ids { Ok(()) } else { Err(Error::Layers { layers, diff_ids }) }
}

fn check_size(entry: &Descriptor, found: u64) -> Result<()> {
    if entry.size == found {
        return Ok(());
    }
    let (expected, found) = (format!("{} bytes", entry.size), format!("{found} bytes"));
    Err(Error::Mismatch { digest: entry.digest.clone(), expected, found })
}

fn check_digest(digest: &Digest, bytes: &[u8]) -> Result<()> {
    if digest.matches(bytes) {
        return Ok(());
    }
    let found = Digest::of(bytes).to_string();
    Err(Error::Mismatch { digest: digest.clone(), expected: digest.to_string(), found })
}

impl Holder for content::Blobs {
    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        Ok(content::Blobs::size(self, digest)?)
    }

    fn read(&self, digest: &Digest, _limit: &'static str, max: u64) -> Result<Vec<u8>> {
        Ok(content::Blobs::read(self, digest, max)?)
    }
}
