//! A directory tree as it was at one moment.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{lgetxattr, llistxattr};
use rustix::io::Errno;
use spec::{Algorithm, Digest, Digester};

/// Bytes that the kernel lets a list of attributes or a value have (XATTR_LIST_MAX, XATTR_SIZE_MAX).
const XATTR_BYTES_MAX: usize = 64 << 10;

/// Everything about a directory tree that a layer can carry. The root itself is in it, as the empty path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// What is there, by path from the root.
    pub nodes: BTreeMap<PathBuf, Node>,
}

/// One thing in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits with set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time: seconds and nanoseconds.
    pub mtime: (i64, i64),
    /// Extended attributes.
    pub xattrs: BTreeMap<OsString, Vec<u8>>,
    /// The first path in the tree that is another name for the same thing; nothing for the first itself.
    pub link_to: Option<PathBuf>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file: size and digest.
    File(u64, Digest),
    /// A directory.
    Dir,
    /// A symbolic link: its target.
    Symlink(PathBuf),
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A character device: its number.
    CharDevice(u64),
    /// A block device: its number.
    BlockDevice(u64),
}

impl Tree {
    /// Reads the tree at `root`; no link in it is followed, and nothing but regular files is opened.
    ///
    /// # Errors
    /// With the path, when something cannot be read.
    pub fn read(root: &Path) -> io::Result<Tree> {
        let mut nodes = BTreeMap::new();
        let mut waiting = vec![PathBuf::new()];
        while let Some(path) = waiting.pop() {
            let full = if path.as_os_str().is_empty() { root.to_owned() } else { root.join(&path) };
            let at = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", full.display()));
            let metadata = fs::symlink_metadata(&full).map_err(at)?;
            if metadata.is_dir() {
                for entry in fs::read_dir(&full).map_err(at)? {
                    waiting.push(path.join(entry.map_err(at)?.file_name()));
                }
            }
            let node = read_node(&full, &metadata).map_err(at)?;
            nodes.insert(path, (node, (metadata.dev(), metadata.ino(), metadata.nlink())));
        }
        Ok(Tree { nodes: with_links(nodes) })
    }
}

/// What tells two names of one thing: device, inode, number of names.
type Identity = (u64, u64, u64);

fn with_links(nodes: BTreeMap<PathBuf, (Node, Identity)>) -> BTreeMap<PathBuf, Node> {
    let mut first: HashMap<(u64, u64), PathBuf> = HashMap::new();
    let mut named = BTreeMap::new();
    for (path, (mut node, (device, inode, names))) in nodes {
        if names > 1 && node.kind != NodeKind::Dir {
            match first.get(&(device, inode)) {
                Some(known) => node.link_to = Some(known.clone()),
                None => drop(first.insert((device, inode), path.clone())),
            }
        }
        named.insert(path, node);
    }
    named
}

fn read_node(path: &Path, metadata: &Metadata) -> io::Result<Node> {
    let kind = metadata.file_type();
    let kind = if kind.is_file() {
        NodeKind::File(metadata.len(), digest(path)?)
    } else if kind.is_dir() {
        NodeKind::Dir
    } else if kind.is_symlink() {
        NodeKind::Symlink(fs::read_link(path)?)
    } else if kind.is_fifo() {
        NodeKind::Fifo
    } else if kind.is_socket() {
        NodeKind::Socket
    } else if kind.is_char_device() {
        NodeKind::CharDevice(metadata.rdev())
    } else {
        NodeKind::BlockDevice(metadata.rdev())
    };
    Ok(Node {
        kind,
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
        mtime: (metadata.mtime(), metadata.mtime_nsec()),
        xattrs: xattrs(path)?,
        link_to: None,
    })
}

fn digest(path: &Path) -> io::Result<Digest> {
    let mut digester = Digester::new(Algorithm::Sha256);
    io::copy(&mut File::open(path)?, &mut digester)?;
    Ok(digester.finish())
}

fn xattrs(path: &Path) -> io::Result<BTreeMap<OsString, Vec<u8>>> {
    let mut buffer = vec![0; XATTR_BYTES_MAX];
    let count = match llistxattr(path, &mut buffer[..]) {
        Err(Errno::NOTSUP) => return Ok(BTreeMap::new()),
        other => other?,
    };
    let names: Vec<Vec<u8>> = buffer[..count]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    let mut attributes = BTreeMap::new();
    for name in names {
        let count = lgetxattr(path, name.as_slice(), &mut buffer[..])?;
        attributes.insert(OsString::from_vec(name), buffer[..count].to_vec());
    }
    Ok(attributes)
}
