//! What a blob consists of: bytes in memory, a file, or bytes computed where they are read, so that a layer
//! of many hundred megabytes costs no memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::{Algorithm, Digest, Digester};

/// The bytes of a blob, readable from any offset.
#[derive(Clone, Debug)]
pub enum Content {
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
    /// A file; it must not change while it is served.
    File(Arc<BackingFile>),
    /// Pseudo-random bytes that do not compress, computed from a seed.
    Synthetic {
        /// Equal seeds give equal bytes.
        seed: u64,
        /// Number of bytes.
        len: u64,
    },
    /// Several contents one after the other.
    Joined(Arc<[Content]>),
}

/// A file behind a [`Content`], deleted with the last use of it when it was made for that purpose.
#[derive(Debug)]
pub struct BackingFile {
    path: PathBuf,
    len: u64,
    _temporary: Option<tempfile::TempPath>,
}

impl Content {
    /// The bytes of an existing file.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn file(path: &Path) -> io::Result<Content> {
        let len = std::fs::metadata(path)?.len();
        Ok(Content::File(Arc::new(BackingFile { path: path.to_owned(), len, _temporary: None })))
    }

    /// The bytes of a temporary file, which goes away with the content.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn temporary(file: tempfile::NamedTempFile) -> io::Result<Content> {
        let len = file.as_file().metadata()?.len();
        let path = file.into_temp_path();
        Ok(Content::File(Arc::new(BackingFile { path: path.to_path_buf(), len, _temporary: Some(path) })))
    }

    /// Number of bytes.
    pub fn len(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(file) => file.len,
            Content::Synthetic { len, .. } => *len,
            Content::Joined(parts) => parts.iter().map(Content::len).sum(),
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads from `offset` to the end.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn read_from(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Content::Bytes(bytes) => {
                let mut cursor = io::Cursor::new(Arc::clone(bytes));
                cursor.set_position(offset);
                Box::new(cursor)
            }
            Content::File(file) => {
                let mut reader = File::open(&file.path)?;
                reader.seek(SeekFrom::Start(offset))?;
                Box::new(reader)
            }
            Content::Synthetic { seed, len } => Box::new(Synthetic { seed: *seed, at: offset, end: *len }),
            Content::Joined(parts) => read_joined(parts, offset)?,
        })
    }

    /// All bytes, in memory.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_from(0)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The SHA-256 digest of the bytes.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn digest(&self) -> io::Result<Digest> {
        let mut digester = Digester::new(Algorithm::Sha256);
        io::copy(&mut self.read_from(0)?, &mut digester)?;
        Ok(digester.finish())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        Content::Bytes(bytes.into())
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Content {
        Content::Bytes(bytes.into())
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Content {
        Content::from(text.as_bytes())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Content {
        Content::from(text.into_bytes())
    }
}

fn read_joined(parts: &[Content], mut offset: u64) -> io::Result<Box<dyn Read + Send>> {
    let mut joined: Box<dyn Read + Send> = Box::new(io::empty());
    for part in parts {
        let skipped = offset.min(part.len());
        offset -= skipped;
        joined = Box::new(joined.chain(part.read_from(skipped)?));
    }
    Ok(joined)
}

/// Bytes computed from a seed and their position (SplitMix64 over the index of each eight).
struct Synthetic {
    seed: u64,
    at: u64,
    end: u64,
}

impl Synthetic {
    fn word(&self, index: u64) -> [u8; 8] {
        let mut z = self.seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    }
}

impl Read for Synthetic {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let mut done = 0;
        while done < wanted {
            let word = self.word(self.at / 8);
            let from = &word[(self.at % 8) as usize..];
            let count = from.len().min(wanted - done);
            buffer[done..done + count].copy_from_slice(&from[..count]);
            done += count;
            self.at += count as u64;
        }
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_the_same_from_any_offset() {
        let synthetic = Content::Synthetic { seed: 7, len: 1003 };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"0123456789").unwrap();
        let path = file.path().to_owned();
        let file = Content::temporary(file).unwrap();
        let joined = Content::Joined(vec!["head".into(), synthetic.clone(), "".into(), file.clone()].into());
        for content in [Content::from("plain bytes"), synthetic, file, joined] {
            let whole = content.to_vec().unwrap();
            assert_eq!(whole.len() as u64, content.len());
            assert_eq!(content.digest().unwrap(), Digest::of(&whole));
            for offset in 0..=whole.len() {
                let mut tail = Vec::new();
                content.read_from(offset as u64).unwrap().read_to_end(&mut tail).unwrap();
                assert_eq!(tail, whole[offset..], "{content:?} from {offset}");
            }
        }
        assert!(!path.exists(), "the temporary file outlived its content");
    }

    #[test]
    fn seeds_differ() {
        let bytes = |seed| Content::Synthetic { seed, len: 64 }.to_vec().unwrap();
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }
}
