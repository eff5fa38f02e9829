//! Short words for entries of layers.

use layer::tar::{Device, Header, Kind, Time, Xattr};

use crate::conformance::model::Item;

fn item(path: &str, kind: Kind) -> Item {
    let mut header = Header::new(path, kind);
    header.mtime = Time { seconds: 1_000_000_000, nanoseconds: 0 };
    Item { header, data: Vec::new() }
}

pub(crate) fn dir(path: &str) -> Item {
    item(path, Kind::Directory)
}

pub(crate) fn file(path: &str, content: &str) -> Item {
    Item { data: content.into(), ..item(path, Kind::File) }
}

pub(crate) fn symlink(path: &str, target: &str) -> Item {
    let mut item = item(path, Kind::Symlink);
    item.header.link = target.into();
    item
}

pub(crate) fn link(path: &str, target: &str) -> Item {
    let mut item = item(path, Kind::HardLink);
    item.header.link = target.into();
    item
}

pub(crate) fn fifo(path: &str) -> Item {
    item(path, Kind::Fifo)
}

pub(crate) fn device(path: &str, major: u32, minor: u32) -> Item {
    let mut item = item(path, Kind::CharDevice);
    item.header.device = Device { major, minor };
    item
}

/// Hides a path of lower layers.
pub(crate) fn gone(path: &str) -> Item {
    match path.rsplit_once('/') {
        Some((parent, name)) => file(&format!("{parent}/.wh.{name}"), ""),
        None => file(&format!(".wh.{path}"), ""),
    }
}

/// Hides what lower layers have in a directory.
pub(crate) fn opaque(path: &str) -> Item {
    file(&if path.is_empty() { ".wh..wh..opq".to_owned() } else { format!("{path}/.wh..wh..opq") }, "")
}

impl Item {
    pub(crate) fn mode(mut self, mode: u32) -> Item {
        self.header.mode = mode;
        self
    }

    pub(crate) fn owner(mut self, uid: u32, gid: u32) -> Item {
        (self.header.uid, self.header.gid) = (uid, gid);
        self
    }

    pub(crate) fn time(mut self, seconds: i64, nanoseconds: u32) -> Item {
        self.header.mtime = Time { seconds, nanoseconds };
        self
    }

    pub(crate) fn xattr(mut self, name: &str, value: &[u8]) -> Item {
        self.header.xattrs.push(Xattr { name: name.into(), value: value.into() });
        self
    }
}
