//! What is known about a layer once it has been read.

use spec::DiffId;

/// What reading a layer found out; the same whatever was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The digest of the whole inflated stream.
    pub diff_id: DiffId,
    /// Bytes of that stream.
    pub stream_bytes: u64,
    /// Entries of the archive.
    pub entries: u64,
    /// Bytes of its regular files, holes included, hard links once: what Docker calls the layer's size.
    pub bytes: u64,
    /// Bytes that the tree takes on a file system with blocks of 4 KiB, holes excluded, as an estimate.
    pub disk_bytes: u64,
    /// Directories that the layer needs but does not name, parents before children, the root (an empty path)
    /// included. Where a lower layer has a directory that this layer does not hide, that one's metadata count.
    pub implied: Vec<Vec<u8>>,
    /// Hard links whose target this layer does not have.
    pub links_below: Vec<LinkBelow>,
    /// What the layer hides of the layers below.
    pub whiteouts: Vec<Whiteout>,
}

/// A hard link to a file of a lower layer, which becomes a copy of that file (TAR-8). Links with the same
/// target are names of one copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkBelow {
    /// Where the link is; the layer itself has nothing there.
    pub path: Vec<u8>,
    /// The file in the merged view of the lower layers.
    pub target: Vec<u8>,
}

/// Something that a layer hides of the layers below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whiteout {
    /// Whatever is at this path, where this layer has nothing.
    Path(Vec<u8>),
    /// Whatever is in this directory, which this layer has.
    Opaque(Vec<u8>),
}
