//! Blobs: files named by the digest of their bytes, in the folders of an OCI image layout.

use std::io::{self, Write};

use disk::{Dir, Entry, EntryKind, File};
use spec::{Algorithm, Digest};

use crate::error::{Error, Result};
use crate::lease::Lease;
use crate::verify::Verifying;
use crate::writer::{BlobWriter, Collector};

/// The blobs of a store.
#[derive(Debug)]
pub struct Blobs {
    sha256: Dir,
    /// What is around it; the folder for SHA-512 is made in it when the first such blob arrives.
    blobs: Dir,
}

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];
/// Mode of a blob's file: nobody writes it again.
pub(crate) const BLOB_MODE: u32 = 0o400;

impl Blobs {
    pub(crate) fn below(content: &Dir) -> Result<Blobs> {
        let blobs = content.dir("blobs")?;
        Ok(Blobs { sha256: blobs.dir("sha256")?, blobs })
    }

    /// What there is to say of an algorithm's folder; of one that is not there, what is said of nothing.
    fn within<T: Default>(
        &self,
        algorithm: Algorithm,
        look: impl FnOnce(&Dir) -> disk::Result<T>,
    ) -> Result<T> {
        match algorithm {
            Algorithm::Sha256 => Ok(look(&self.sha256)?),
            Algorithm::Sha512 => match self.blobs.dir_if_exists(algorithm.as_str())? {
                Some(folder) => Ok(look(&folder)?),
                None => Ok(T::default()),
            },
        }
    }

    /// The size of a blob, if it is there. To rely on it, hold a lease that pins it.
    ///
    /// # Errors
    /// When the folder cannot be read, or something else than a file has the name.
    pub fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.within(digest.algorithm(), |folder| folder.file_len(digest.hex()))
    }

    /// Bytes that a blob takes on disk; none when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn disk_bytes(&self, digest: &Digest) -> Result<u64> {
        Ok(self.within(digest.algorithm(), |folder| folder.file_blocks(digest.hex()))?.unwrap_or(0))
    }

    /// The path of a blob's file, whether or not it is there.
    pub fn path(&self, digest: &Digest) -> std::path::PathBuf {
        self.blobs.path().join(digest.algorithm().as_str()).join(digest.hex())
    }

    /// Opens a blob for reading; what is read to the end is checked against the digest.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is not there.
    pub fn open(&self, digest: &Digest) -> Result<Verifying> {
        Ok(Verifying::new(self.file(digest)?, digest.clone()))
    }

    /// Opens a blob for reading at any place, unchecked.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is not there.
    pub fn file(&self, digest: &Digest) -> Result<File> {
        let file = self.within(digest.algorithm(), |folder| folder.file_if_exists(digest.hex()))?;
        file.ok_or_else(|| Error::Missing(digest.clone()))
    }

    /// Reads a whole document, checked against its digest each time (DISK-5).
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Corrupt`], or [`Error::TooLarge`] when it has more than `bytes_max` bytes.
    pub fn read(&self, digest: &Digest, bytes_max: u64) -> Result<Vec<u8>> {
        let mut file = self.file(digest)?;
        let size = file.len()?;
        if size > bytes_max {
            return Err(Error::TooLarge { digest: digest.clone(), size, limit: bytes_max });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        io::Read::read_to_end(&mut file, &mut bytes).map_err(|e| disk::Error::new("read", file.path(), e))?;
        if !digest.matches(&bytes) {
            let found = Digest::of(&bytes).to_string();
            return Err(Error::Corrupt { path: self.path(digest), expected: digest.to_string(), found });
        }
        Ok(bytes)
    }

    /// Begins to write a blob of this digest and size in the lease's scratch folder.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn writer<'s>(&'s self, lease: &Lease, digest: &Digest, size: u64) -> Result<BlobWriter<'s>> {
        BlobWriter::begin(self, lease, digest, size)
    }

    /// Begins to write a blob of which nothing is known yet in the lease's scratch folder.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn collect<'s>(&'s self, lease: &'s Lease) -> Result<Collector<'s>> {
        Collector::begin(self, lease)
    }

    /// Puts a whole document in. Nothing happens when it is there already and is what it has to be; a damaged
    /// one is replaced.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, lease: &Lease, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        let size = bytes.len() as u64;
        if !lease.pin_blob(self, &digest)? || self.read(&digest, size).is_err() {
            let mut writer = self.writer(lease, &digest, size)?;
            writer.write_all(bytes).map_err(|e| disk::Error::new("write", self.path(&digest), e))?;
            writer.commit()?;
        }
        Ok(digest)
    }

    /// Gives a complete file its name. The caller has checked its hash and made its bytes durable.
    pub(crate) fn publish(&self, from: &Dir, name: &str, digest: &Digest) -> Result<()> {
        let hex = digest.hex();
        match digest.algorithm() {
            Algorithm::Sha256 => from.rename(name, &self.sha256, hex)?,
            other => from.rename(name, &self.blobs.ensure_dir(other.as_str())?, hex)?,
        }
        Ok(())
    }

    /// Makes the names of blobs durable: once before a name is published that reaches them, also when this
    /// process wrote none of them.
    ///
    /// # Errors
    /// When the system does.
    pub fn sync(&self) -> Result<()> {
        ALGORITHMS.into_iter().try_for_each(|algorithm| self.within(algorithm, Dir::sync))
    }

    /// Every blob, in no particular order. Files that are no blobs are passed over.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn walk(&self) -> Result<Vec<Digest>> {
        let mut found = Vec::new();
        for algorithm in ALGORITHMS {
            let blob = |entry: Entry| {
                let text = format!("{}:{}", algorithm.as_str(), entry.name.to_string_lossy());
                Digest::parse(&text).ok().filter(|_| entry.kind == EntryKind::File)
            };
            found.extend(self.within(algorithm, Dir::entries)?.into_iter().filter_map(blob));
        }
        Ok(found)
    }

    /// Throws a blob away, as part of a sweep or a repair; the bytes that come back, or nothing.
    pub(crate) fn discard(&self, trash: &disk::Trash, digest: &Digest) -> Result<u64> {
        self.within(digest.algorithm(), |folder| {
            let size = folder.file_len(digest.hex())?.unwrap_or(0);
            Ok(if trash.take(folder, digest.hex().as_ref())? { size } else { 0 })
        })
    }
}
