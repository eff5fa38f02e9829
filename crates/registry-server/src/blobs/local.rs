//! Blobs in a local directory.
//!
//! ```text
//! blobs/<first two digits>/<key>
//! ```
//!
//! A file is made when its upload begins to be too large for the metadata and stays where it is: what makes it
//! a blob is its row. Sealing syncs the file and the name.

use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use disk::{Dir, File};
use hyper::body::Bytes;

use super::{Answer, BlobBackend, BlobKey, BlobReader, BlobWriter, Keys};
use crate::error::{Error, Result};
use crate::limits::DISK_RESERVE_BYTES;

/// Directories that the keys are spread over.
const PARTS: usize = 256;
/// Write-out is started when this much has been written since the last time, so that the sync is short.
const WRITEBACK_BYTES: u64 = 8 << 20;

/// A directory of blobs.
pub struct LocalBlobs {
    shared: Arc<Shared>,
}

struct Shared {
    root: Dir,
    parts: [OnceLock<Dir>; PARTS],
}

impl LocalBlobs {
    /// Uses a directory.
    pub fn new(root: Dir) -> LocalBlobs {
        LocalBlobs { shared: Arc::new(Shared { root, parts: [const { OnceLock::new() }; PARTS] }) }
    }
}

impl Shared {
    fn part(&self, key: &BlobKey) -> Result<&Dir> {
        let name = &key.as_str()[..2];
        let slot = &self.parts[usize::from_str_radix(name, 16).unwrap_or(0)];
        if let Some(dir) = slot.get() {
            return Ok(dir);
        }
        let dir = match self.root.dir_if_exists(name)? {
            Some(dir) => dir,
            None => {
                let dir = self.root.ensure_dir(name)?;
                self.root.sync()?;
                dir
            }
        };
        Ok(slot.get_or_init(|| dir))
    }

    fn open(&self, key: &BlobKey) -> Result<Option<Reader>> {
        let Some(file) = self.part(key)?.file_if_exists(key.as_str())? else { return Ok(None) };
        let size = file.len()?;
        Ok(Some(Reader { file: Arc::new(file), size }))
    }

    fn list(&self, part: u32) -> Result<Keys> {
        let name = format!("{part:02x}");
        let mut keys = Vec::new();
        let Some(dir) = self.root.dir_if_exists(&name)? else {
            return Ok(Keys { keys, parts: PARTS as u32 });
        };
        for entry in dir.entries()? {
            let Some(key) = entry.name.to_str().and_then(BlobKey::parse) else { continue };
            let (Some(modified), Some(size)) = (dir.modified(&entry.name)?, dir.file_len(&entry.name)?)
            else {
                continue;
            };
            let seconds = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            keys.push((key, seconds, size));
        }
        keys.sort_unstable();
        Ok(Keys { keys, parts: PARTS as u32 })
    }
}

impl BlobBackend for LocalBlobs {
    fn write<'a>(
        &'a self,
        key: &'a BlobKey,
        offset: u64,
        _kept: &'a [u8],
    ) -> Answer<'a, Box<dyn BlobWriter>> {
        Box::pin(async move {
            let (shared, key) = (Arc::clone(&self.shared), key.clone());
            let file = blocking(move || {
                let file = shared.part(&key)?.file_mut(key.as_str(), 0o600)?;
                let length = file.len()?;
                if length < offset {
                    let text = format!("has {length} bytes where {offset} were written");
                    let error = std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text);
                    return Err(disk::Error::new("write", file.path(), error).into());
                }
                // What an interrupted request left behind was never acknowledged.
                if length > offset {
                    file.set_len(offset)?;
                }
                Ok((file, key))
            });
            let (file, key) = file.await?;
            let shared = Arc::clone(&self.shared);
            let writer = Writer { file: Arc::new(file), offset, started: offset, shared, key };
            Ok(Box::new(writer) as Box<dyn BlobWriter>)
        })
    }

    fn open<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Option<Box<dyn BlobReader>>> {
        // Opening is a look into the directory's cache; no thread is changed for it.
        let reader = self.shared.open(key);
        Box::pin(async { Ok(reader?.map(|reader| Box::new(reader) as Box<dyn BlobReader>)) })
    }

    fn remove<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, ()> {
        let (shared, key) = (Arc::clone(&self.shared), key.clone());
        Box::pin(blocking(move || {
            shared.part(&key)?.remove_file(key.as_str())?;
            Ok(())
        }))
    }

    fn keys(&self, part: u32) -> Answer<'_, Keys> {
        let shared = Arc::clone(&self.shared);
        Box::pin(blocking(move || shared.list(part)))
    }

    fn has_room(&self, bytes: u64) -> Answer<'_, bool> {
        let free = self.shared.root.free_bytes();
        Box::pin(async move { Ok(free? >= bytes.saturating_add(DISK_RESERVE_BYTES)) })
    }
}

struct Writer {
    shared: Arc<Shared>,
    key: BlobKey,
    file: Arc<File>,
    offset: u64,
    /// Up to where write-out has been started.
    started: u64,
}

impl BlobWriter for Writer {
    fn append(&mut self, chunks: Vec<Bytes>) -> Answer<'_, ()> {
        let (file, offset) = (Arc::clone(&self.file), self.offset);
        self.offset += chunks.iter().map(Bytes::len).sum::<usize>() as u64;
        let writeback = (self.offset - self.started >= WRITEBACK_BYTES).then_some(self.started);
        if writeback.is_some() {
            self.started = self.offset;
        }
        let end = self.offset;
        let write = move || {
            let mut at = offset;
            for chunk in &chunks {
                file.write_all_at(chunk, at)?;
                at += chunk.len() as u64;
            }
            if let Some(from) = writeback {
                file.start_writeback(from, end - from);
            }
            Ok(())
        };
        let result = in_place(write);
        Box::pin(async { result })
    }

    fn pause(self: Box<Self>) -> Answer<'static, Vec<u8>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn seal(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(blocking(move || {
            self.file.sync()?;
            self.shared.part(&self.key)?.sync()?;
            Ok(())
        }))
    }
}

struct Reader {
    file: Arc<File>,
    size: u64,
}

impl BlobReader for Reader {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, offset: u64, bytes_max: usize) -> Answer<'_, Bytes> {
        let wanted = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes_max);
        if wanted == 0 {
            return Box::pin(async { Ok(Bytes::new()) });
        }
        let mut buffer = vec![0; wanted];
        // What the page cache has is read here; what has to come from the disk, on another thread.
        let cached = match self.file.read_at_cached(&mut buffer, offset) {
            Ok(cached) => cached,
            Err(error) => return Box::pin(async { Err(error.into()) }),
        };
        if cached == wanted {
            return Box::pin(async { Ok(buffer.into()) });
        }
        let file = Arc::clone(&self.file);
        Box::pin(blocking(move || {
            let mut filled = cached;
            while filled < buffer.len() {
                match file.read_at(&mut buffer[filled..], offset + filled as u64)? {
                    0 => break,
                    n => filled += n,
                }
            }
            buffer.truncate(filled);
            Ok(buffer.into())
        }))
    }
}

/// Runs work in the page cache here, where the bytes are still in the processor's: another thread takes over the
/// other requests, should this one have to wait for the disk.
fn in_place<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::current().runtime_flavor() {
        tokio::runtime::RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// Runs work that may wait for the disk where it holds up no other request.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Panicked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::conformance;

    #[test]
    fn keeps_the_contract() {
        conformance::run(|| {
            let temporary = tempfile::tempdir().unwrap();
            (LocalBlobs::new(Dir::open(temporary.path()).unwrap()), temporary)
        });
    }
}
