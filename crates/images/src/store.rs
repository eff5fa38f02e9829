//! The store as a whole: content, storage driver, and the list of images.

use std::path::Path;

use content::{Access, Store};
use snapshot::Driver;
use spec::limits::{CONFIG_BYTES_MAX, MANIFEST_BYTES_MAX};
use spec::{Digest, Document, ImageConfig, Manifest};

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::index::Index;

/// 700 bytes for each of a hundred thousand references; more is not ours, and never written.
const INDEX_BYTES_MAX: u64 = 64 << 20;
const INDEX_FILE: &str = "index.json";

/// An open image store.
pub struct ImageStore {
    content: Store,
    driver: Box<dyn Driver>,
}

/// An image's documents, as they were received.
#[derive(Clone, Debug)]
pub struct Image {
    /// The manifest.
    pub manifest: Manifest,
    /// The config.
    pub config: ImageConfig,
}

impl ImageStore {
    /// Opens the store at `path` with the named storage driver, or the one that suits the machine.
    ///
    /// # Errors
    /// When there is no store and `access` does not make one, when it is not usable, or when there is no such
    /// driver.
    pub fn open(path: &Path, access: Access, driver: Option<&str>) -> Result<ImageStore> {
        let content = Store::open(path, access)?;
        let driver = snapshot::open(content.root(), driver)?;
        Ok(ImageStore { content, driver })
    }

    /// The content store.
    pub fn content(&self) -> &Store {
        &self.content
    }

    /// The storage driver.
    pub fn driver(&self) -> &dyn Driver {
        &*self.driver
    }

    /// The list of images, as it is now.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn index(&self) -> Result<Index> {
        let content = self.content.content();
        let Some(bytes) = content.read(INDEX_FILE, INDEX_BYTES_MAX)? else { return Ok(Index::default()) };
        Index::parse(&bytes)
            .map_err(|e| Error::Index { path: content.join(INDEX_FILE), reason: e.to_string() })
    }

    /// Changes the list of images in one step; nothing is written when `change` fails.
    ///
    /// # Errors
    /// As `change` says, or when the list cannot be read or written.
    pub fn update<T, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut Index) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let _lock = self.content.lock_index().map_err(Error::from)?;
        let mut index = self.index()?;
        let result = change(&mut index)?;
        let bytes = index.to_bytes();
        if bytes.len() as u64 > INDEX_BYTES_MAX {
            return Err(Error::IndexFull { size: bytes.len() as u64, limit: INDEX_BYTES_MAX }.into());
        }
        self.content.content().replace_alone(INDEX_FILE, &bytes, 0o600).map_err(Error::from)?;
        Ok(result)
    }

    /// As [`ImageStore::update`], for a change that adds names: the blobs they reach are made durable first.
    ///
    /// # Errors
    /// As [`ImageStore::update`].
    pub fn publish<T, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut Index) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.content.blobs().sync().map_err(Error::from)?;
        self.update(change)
    }

    /// Reads an image's documents.
    ///
    /// # Errors
    /// When one is missing or damaged.
    pub fn image(&self, entry: &Entry) -> Result<Image> {
        let manifest = self.manifest(entry.manifest())?;
        let config = self.config(&manifest.config.digest)?;
        Ok(Image { manifest, config })
    }

    /// Reads a stored manifest or index.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn document(&self, digest: &Digest) -> Result<Document> {
        let bytes = self.content.blobs().read(digest, MANIFEST_BYTES_MAX)?;
        Document::parse(&bytes, None).map_err(|source| Error::Document { digest: digest.clone(), source })
    }

    /// Reads a stored manifest.
    ///
    /// # Errors
    /// When it is missing, damaged or an index.
    pub fn manifest(&self, digest: &Digest) -> Result<Manifest> {
        match self.document(digest)? {
            Document::Manifest(manifest) => Ok(manifest),
            Document::Index(_) => Err(Error::NotAManifest(digest.clone())),
        }
    }

    /// Reads a stored config.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn config(&self, digest: &Digest) -> Result<ImageConfig> {
        let bytes = self.content.blobs().read(digest, CONFIG_BYTES_MAX)?;
        ImageConfig::parse(&bytes).map_err(|source| Error::Config { digest: digest.clone(), source })
    }
}

#[cfg(test)]
mod tests;
