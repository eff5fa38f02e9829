//! An archive of blocks and data.

use super::block::{BLOCK_BYTES, Block, Magic};
use super::pax::records;

/// An archive under construction; it has no end mark until [`Archive::end`].
#[derive(Clone, Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
}

impl Archive {
    /// An archive without entries.
    pub fn new() -> Archive {
        Archive::default()
    }

    /// Adds bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: impl AsRef<[u8]>) -> Archive {
        self.bytes.extend_from_slice(bytes.as_ref());
        self
    }

    /// Adds a header block and nothing else.
    #[must_use]
    pub fn header(self, block: Block) -> Archive {
        self.raw(block.bytes())
    }

    /// Adds data with its padding.
    #[must_use]
    pub fn data(mut self, data: impl AsRef<[u8]>) -> Archive {
        self = self.raw(data);
        let len = self.bytes.len().next_multiple_of(BLOCK_BYTES);
        self.bytes.resize(len, 0);
        self
    }

    /// Adds a header with the size of its data, and the data.
    #[must_use]
    pub fn entry(self, block: Block, data: impl AsRef<[u8]>) -> Archive {
        let block = block.size(data.as_ref().len() as u64);
        self.header(block).data(data)
    }

    /// Adds a regular file.
    #[must_use]
    pub fn file(self, name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Archive {
        self.entry(Block::new(b'0', name), data)
    }

    /// Adds a directory.
    #[must_use]
    pub fn dir(self, name: impl AsRef<[u8]>) -> Archive {
        self.header(Block::new(b'5', name).mode(0o755))
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Archive {
        self.header(Block::new(b'2', name).link(target).mode(0o777))
    }

    /// Adds a hard link.
    #[must_use]
    pub fn hardlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Archive {
        self.header(Block::new(b'1', name).link(target))
    }

    /// Adds an extended header for the next entry.
    #[must_use]
    pub fn pax<K: AsRef<[u8]>, V: AsRef<[u8]>>(self, pairs: &[(K, V)]) -> Archive {
        self.entry(Block::new(b'x', "PaxHeaders.0/x"), records(pairs))
    }

    /// Adds a global extended header.
    #[must_use]
    pub fn global<K: AsRef<[u8]>, V: AsRef<[u8]>>(self, pairs: &[(K, V)]) -> Archive {
        self.entry(Block::new(b'g', "pax_global_header"), records(pairs))
    }

    /// Adds a GNU header with the next entry's long name.
    #[must_use]
    pub fn long_name(self, name: impl AsRef<[u8]>) -> Archive {
        self.long(b'L', name.as_ref())
    }

    /// Adds a GNU header with the next entry's long link target.
    #[must_use]
    pub fn long_link(self, target: impl AsRef<[u8]>) -> Archive {
        self.long(b'K', target.as_ref())
    }

    fn long(self, flag: u8, text: &[u8]) -> Archive {
        self.entry(Block::new(flag, "././@LongLink").magic(Magic::Gnu), [text, b"\0"].concat())
    }

    /// The archive with its end mark.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        self.raw([0; 2 * BLOCK_BYTES]).bytes
    }

    /// The archive as it is.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}
