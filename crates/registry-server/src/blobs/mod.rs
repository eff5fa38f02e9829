//! Bytes of blobs, under keys that the metadata hands out.
//!
//! A backend knows no digest and no repository. A key is random and is given to one upload only; its bytes are
//! written once, from the front, sealed, and then never change. So a key that the metadata has let go of can
//! be removed without looking round: nobody can have been given it again.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use hyper::body::Bytes;

use crate::error::Result;

pub mod conformance;
mod local;
mod memory;

pub use local::LocalBlobs;
pub(crate) use local::blocking;
pub use memory::MemoryBlobs;

/// What the slow calls return: a backend may have to ask another machine.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// The name of some bytes in a backend: 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobKey(Box<str>);

impl BlobKey {
    /// Reads a key.
    pub fn parse(text: &str) -> Option<BlobKey> {
        let shaped = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        shaped.then(|| BlobKey(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place for bytes.
pub trait BlobBackend: Send + Sync {
    /// Goes on writing at `offset`, 0 for a new key, with what [`BlobWriter::pause`] returned last.
    ///
    /// # Errors
    /// When the place cannot be written.
    fn write<'a>(&'a self, key: &'a BlobKey, offset: u64, kept: &'a [u8]) -> Answer<'a, Box<dyn BlobWriter>>;

    /// Opens sealed bytes, or what an unsealed key has so far; nothing when there is no such key.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn open<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Option<Box<dyn BlobReader>>>;

    /// Removes a key, sealed or not; one that is not there is fine.
    ///
    /// # Errors
    /// When the place cannot be changed.
    fn remove<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, ()>;

    /// The keys in order, for repair alone: those of one part, and the number of parts there are.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn keys(&self, part: u32) -> Answer<'_, Keys>;

    /// Refuses when the place has no room for `bytes` more.
    ///
    /// # Errors
    /// When the place cannot say.
    fn has_room(&self, bytes: u64) -> Answer<'_, bool>;
}

/// A part of all keys.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The keys of this part, with the seconds since 1970 when each was last written, and its size in bytes.
    pub keys: Vec<(BlobKey, u64, u64)>,
    /// How many parts there are.
    pub parts: u32,
}

/// Bytes on their way in.
pub trait BlobWriter: Send + Sync {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When the place is full or fails.
    fn append(&mut self, chunks: Vec<Bytes>) -> Answer<'_, ()>;

    /// Stops for now. Returns what [`BlobBackend::write`] needs to go on.
    ///
    /// # Errors
    /// When the place fails.
    fn pause(self: Box<Self>) -> Answer<'static, Vec<u8>>;

    /// Makes all bytes durable under the key.
    ///
    /// # Errors
    /// When the place fails.
    fn seal(self: Box<Self>) -> Answer<'static, ()>;
}

/// Bytes on their way out.
pub trait BlobReader: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// Reads at most `bytes_max` bytes at an offset; fewer only at the end.
    ///
    /// # Errors
    /// When the place fails.
    fn read(&self, offset: u64, bytes_max: usize) -> Answer<'_, Bytes>;
}
