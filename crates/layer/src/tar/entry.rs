//! What an archive says about one file.

pub use disk::tree::Time;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// One more name for a file of the tree.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A directory.
    Directory,
    /// A FIFO.
    Fifo,
    /// A type flag that means nothing here; to be skipped with its data (TAR-11).
    Other(u8),
}

impl Kind {
    /// Whether the entry has no data whatever its size says.
    pub(super) fn is_header_only(self) -> bool {
        !matches!(self, Kind::File | Kind::Other(_))
    }
}

/// The number of a device; both zero for what is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Device {
    /// Major number, at most 12 bits.
    pub major: u32,
    /// Minor number, at most 20 bits.
    pub minor: u32,
}

/// One extended attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xattr {
    /// Its name with the namespace.
    pub name: Vec<u8>,
    /// Its value; may be empty.
    pub value: Vec<u8>,
}

/// A piece of a sparse file that holds data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where it begins in the file.
    pub offset: u64,
    /// Its bytes.
    pub len: u64,
}

impl Region {
    pub(super) fn end(self) -> u64 {
        self.offset + self.len
    }
}

/// One entry of an archive, with all headers that belong to it merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place among the real entries, counted from 1.
    pub number: u64,
    /// Its name, normalised (TAR-5): relative, without `.`, `..`, or doubled slashes; empty for the root.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Where a link points: as given for a symlink, normalised like a name for a hard link, else empty.
    pub link: Vec<u8>,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Last modification.
    pub mtime: Time,
    /// Extended attributes as the archive has them, each name once, unfiltered.
    pub xattrs: Vec<Xattr>,
    /// Bytes of the file, holes included; 0 for what has no data.
    pub size: u64,
    /// Device number.
    pub device: Device,
    /// The regions of a sparse file; nothing when the file is stored whole.
    pub sparse: Option<Vec<Region>>,
    /// Bytes of data in the stream, from `data_offset`; less than `size` for sparse files.
    pub stored_bytes: u64,
    /// Where in the stream the first header block that belongs to the entry begins.
    pub start_offset: u64,
    /// Where its own header block begins, behind extended headers.
    pub header_offset: u64,
    /// Where its data begins, behind a sparse map.
    pub data_offset: u64,
}

impl Entry {
    pub(super) fn empty() -> Entry {
        Entry {
            number: 0,
            name: Vec::new(),
            kind: Kind::Other(0),
            link: Vec::new(),
            mode: 0,
            uid: 0,
            gid: 0,
            mtime: Time::default(),
            xattrs: Vec::new(),
            size: 0,
            device: Device::default(),
            sparse: None,
            stored_bytes: 0,
            start_offset: 0,
            header_offset: 0,
            data_offset: 0,
        }
    }
}
