//! The list of changes as the archive of a layer.

use std::collections::HashMap;
use std::io::{self, Write};

use disk::tree::{FileKind, Folder, Stat, Tree};

use super::compare::{kept, parent_of};
use super::{Change, ChangeKind};
use crate::error::Error;
use crate::name::{join, split};
use crate::tar::{Device, Header, Kind, Writer, Xattr};

/// What a file is called that says that another one is gone.
const WHITEOUT: &[u8] = b".wh.";

/// Writes the archive of a layer with these changes, taken from the tree as it is now.
///
/// # Errors
/// When the tree cannot be read, or `out` fails.
pub fn write<W: Write>(now: &Tree, changes: &[Change], out: W) -> Result<W, Error> {
    let mut writing = Writing { now, tar: Writer::new(out), names: HashMap::new(), folder: None };
    for change in changes {
        match change.kind {
            ChangeKind::Deleted => writing.whiteout(&change.path)?,
            ChangeKind::Added | ChangeKind::Modified => writing.put(&change.path)?,
        }
    }
    writing.tar.finish().map_err(Error::Write)
}

struct Writing<'w, W> {
    now: &'w Tree,
    tar: Writer<W>,
    /// The first name of each file that has several.
    names: HashMap<(u64, u64), Vec<u8>>,
    /// The folder that was looked into last.
    folder: Option<(Vec<u8>, Folder)>,
}

impl<W: Write> Writing<'_, W> {
    fn whiteout(&mut self, path: &[u8]) -> Result<(), Error> {
        let (parent, name) = split(path);
        let header = Header::new(join(parent, &[WHITEOUT, name].concat()), Kind::File);
        self.append(&header, io::empty())
    }

    fn append(&mut self, header: &Header, data: impl io::Read) -> Result<(), Error> {
        self.tar.append(header, data).map_err(Error::Write)
    }

    /// Something that went meanwhile is left out.
    fn put(&mut self, path: &[u8]) -> Result<(), Error> {
        let (parent, name) = split(path);
        if self.folder.as_ref().is_none_or(|(of, _)| of != parent) {
            match parent_of(self.now, path) {
                Ok(folder) => self.folder = Some((parent.to_owned(), folder)),
                Err(Error::Tree(error)) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let Some((_, folder)) = &self.folder else { return Ok(()) };
        let Some(stat) = folder.stat(name)? else { return Ok(()) };
        let Some(mut header) = header(folder, path, name, &stat)? else { return Ok(()) };
        if stat.kind != FileKind::Dir && stat.links > 1 {
            if let Some(first) = self.names.get(&stat.id) {
                header = Header { link: first.clone(), size: 0, kind: Kind::HardLink, ..header };
                return self.append(&header, io::empty());
            }
            self.names.insert(stat.id, path.to_owned());
        }
        match stat.kind {
            FileKind::File => {
                let file = Exactly::new(folder.open_file(name)?, stat.size);
                self.append(&header, file)
            }
            _ => self.append(&header, io::empty()),
        }
    }
}

/// What an archive says of a file; nothing for what it cannot hold.
fn header(folder: &Folder, path: &[u8], name: &[u8], stat: &Stat) -> Result<Option<Header>, Error> {
    let kind = match stat.kind {
        FileKind::File => Kind::File,
        FileKind::Dir => Kind::Directory,
        FileKind::Symlink => Kind::Symlink,
        FileKind::CharDevice => Kind::CharDevice,
        FileKind::BlockDevice => Kind::BlockDevice,
        FileKind::Fifo => Kind::Fifo,
        FileKind::Socket => return Ok(None),
    };
    let link = if kind == Kind::Symlink { folder.read_link(name)? } else { Vec::new() };
    let is_device = matches!(kind, Kind::CharDevice | Kind::BlockDevice);
    let xattrs = match stat.kind {
        FileKind::File | FileKind::Dir => kept(folder.xattrs_of(name)?),
        _ => Vec::new(),
    };
    Ok(Some(Header {
        link,
        mode: stat.mode,
        uid: stat.owner.uid,
        gid: stat.owner.gid,
        mtime: stat.mtime,
        xattrs: xattrs.into_iter().map(|(name, value)| Xattr { name, value }).collect(),
        size: if kind == Kind::File { stat.size } else { 0 },
        device: if is_device {
            Device { major: stat.device.0, minor: stat.device.1 }
        } else {
            Device::default()
        },
        ..Header::new(path, kind)
    }))
}

/// As many bytes as were promised: a file that shrinks meanwhile ends in zeros, one that grows is cut.
struct Exactly {
    file: std::fs::File,
    left: u64,
}

impl Exactly {
    fn new(file: std::fs::File, size: u64) -> Exactly {
        Exactly { file, left: size }
    }
}

impl io::Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let mut read = self.file.read(&mut buffer[..room])?;
        if read == 0 {
            buffer[..room].fill(0);
            read = room;
        }
        self.left -= read as u64;
        Ok(read)
    }
}
