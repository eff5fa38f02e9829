//! Blobs in memory, for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;

use super::{Answer, BlobBackend, BlobKey, BlobReader, BlobWriter, Keys};

type Shared = Arc<Mutex<BTreeMap<BlobKey, Vec<u8>>>>;

/// A place that is gone with the process.
#[derive(Clone, Debug, Default)]
pub struct MemoryBlobs {
    blobs: Shared,
}

impl BlobBackend for MemoryBlobs {
    fn write<'a>(
        &'a self,
        key: &'a BlobKey,
        offset: u64,
        _kept: &'a [u8],
    ) -> Answer<'a, Box<dyn BlobWriter>> {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.entry(key.clone()).or_default().truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        let writer = Writer { blobs: Arc::clone(&self.blobs), key: key.clone() };
        Box::pin(async move { Ok(Box::new(writer) as Box<dyn BlobWriter>) })
    }

    fn open<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Option<Box<dyn BlobReader>>> {
        let blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = blobs.get(key).map(|bytes| Bytes::copy_from_slice(bytes));
        Box::pin(async move { Ok(bytes.map(|bytes| Box::new(Reader(bytes)) as Box<dyn BlobReader>)) })
    }

    fn remove<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, ()> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        Box::pin(async { Ok(()) })
    }

    fn keys(&self, _part: u32) -> Answer<'_, Keys> {
        let blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = blobs.iter().map(|(key, bytes)| (key.clone(), 0, bytes.len() as u64)).collect();
        Box::pin(async { Ok(Keys { keys, parts: 1 }) })
    }

    fn has_room(&self, _bytes: u64) -> Answer<'_, bool> {
        Box::pin(async { Ok(true) })
    }
}

struct Writer {
    blobs: Shared,
    key: BlobKey,
}

impl BlobWriter for Writer {
    fn append(&mut self, chunks: Vec<Bytes>) -> Answer<'_, ()> {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = blobs.entry(self.key.clone()).or_default();
        chunks.iter().for_each(|chunk| bytes.extend_from_slice(chunk));
        Box::pin(async { Ok(()) })
    }

    fn pause(self: Box<Self>) -> Answer<'static, Vec<u8>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn seal(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async { Ok(()) })
    }
}

struct Reader(Bytes);

impl BlobReader for Reader {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, offset: u64, bytes_max: usize) -> Answer<'_, Bytes> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let end = start.saturating_add(bytes_max).min(self.0.len());
        let bytes = self.0.slice(start..end);
        Box::pin(async move { Ok(bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::conformance;

    #[test]
    fn keeps_the_contract() {
        conformance::run(|| (MemoryBlobs::default(), ()));
    }
}
