//! The entries of a layer.

use crate::registry::Content;

/// 2023-05-09T23:11:10Z, the day the look-alikes' originals were made.
const MTIME_DEFAULT: i64 = 1_683_673_870;

/// One entry of a layer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Path as it stands in the tar; directories get their slash when they are written.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Modification time in seconds since 1970.
    pub mtime: i64,
    /// Nanoseconds beyond that.
    pub mtime_nanos: u32,
    /// Extended attributes, name and value.
    pub xattrs: Vec<(String, Vec<u8>)>,
}

/// What an entry is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A regular file.
    File(Content),
    /// A directory.
    Dir,
    /// A symbolic link and its target.
    Symlink(String),
    /// Another name for a path that came before.
    Hardlink(String),
    /// A named pipe.
    Fifo,
    /// A character device, major and minor.
    CharDevice(u32, u32),
    /// A block device, major and minor.
    BlockDevice(u32, u32),
}

impl Entry {
    /// An entry of any kind.
    pub fn new(path: &str, kind: Kind, mode: u32) -> Entry {
        Entry {
            path: path.to_owned(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime: MTIME_DEFAULT,
            mtime_nanos: 0,
            xattrs: Vec::new(),
        }
    }

    /// A file, mode 0644.
    pub fn file(path: &str, content: impl Into<Content>) -> Entry {
        Entry::new(path, Kind::File(content.into()), 0o644)
    }

    /// A file of so many bytes that do not compress.
    pub fn noise(path: &str, seed: u64, len: u64) -> Entry {
        Entry::new(path, Kind::File(Content::Synthetic { seed, len }), 0o644)
    }

    /// A directory, mode 0755.
    pub fn dir(path: &str) -> Entry {
        Entry::new(path, Kind::Dir, 0o755)
    }

    /// A symbolic link.
    pub fn symlink(path: &str, target: &str) -> Entry {
        Entry::new(path, Kind::Symlink(target.to_owned()), 0o777)
    }

    /// Another name for a path that came before.
    pub fn hardlink(path: &str, target: &str) -> Entry {
        Entry::new(path, Kind::Hardlink(target.to_owned()), 0o644)
    }

    /// Takes away what lower layers have at a path.
    pub fn whiteout(path: &str) -> Entry {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let slash = if parent.is_empty() { "" } else { "/" };
        Entry::file(&format!("{parent}{slash}.wh.{name}"), "")
    }

    /// Hides everything that lower layers have below a directory.
    pub fn opaque(directory: &str) -> Entry {
        Entry::file(&format!("{directory}/.wh..wh..opq"), "")
    }

    /// Sets the permission bits.
    pub fn mode(mut self, mode: u32) -> Entry {
        self.mode = mode;
        self
    }

    /// Sets owner and group.
    pub fn owner(mut self, uid: u64, gid: u64) -> Entry {
        (self.uid, self.gid) = (uid, gid);
        self
    }

    /// Sets the modification time.
    pub fn mtime(mut self, seconds: i64, nanos: u32) -> Entry {
        (self.mtime, self.mtime_nanos) = (seconds, nanos);
        self
    }

    /// Adds an extended attribute.
    pub fn xattr(mut self, name: &str, value: impl AsRef<[u8]>) -> Entry {
        self.xattrs.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }
}
