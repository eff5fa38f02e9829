//! Files, one after the other, into whatever takes them.

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};

use disk::tree::{FileKind, Folder, Stat, Step, Walk};
use layer::tar::{Device, Header, Kind, Time, Writer, Xattr};

use super::path::{join, split};
use super::view::View;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// What takes files: an archive, or a folder.
pub(in crate::ops::container) trait Sink {
    /// Takes one: a directory before what is in it, a file before its other names.
    fn take(&mut self, header: &Header, data: &mut dyn Read) -> Result<()>;
}

/// An archive. Times are whole seconds there, as in Docker's.
pub(in crate::ops::container) struct Archive<W>(pub(in crate::ops::container) Writer<W>);

impl<W: Write> Sink for Archive<W> {
    fn take(&mut self, header: &Header, data: &mut dyn Read) -> Result<()> {
        let mtime = Time { nanoseconds: 0, ..header.mtime };
        self.0.append(&Header { mtime, ..header.clone() }, data).map_err(|error| not_written(&error))
    }
}

impl<W: Write> Archive<W> {
    /// Ends it.
    pub(in crate::ops::container) fn finish(self) -> Result<()> {
        let mut out = self.0.finish().map_err(|error| not_written(&error))?;
        out.flush().map_err(|error| not_written(&error))
    }
}

fn not_written(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("write: {}", disk::errno_text(error)))
}

/// Packs files of a view.
pub(in crate::ops::container) struct Packing<'p> {
    engine: &'p Engine,
    view: &'p View,
    sink: &'p mut dyn Sink,
    /// Names of files that have several.
    linked: HashMap<(u64, u64), Vec<u8>>,
    /// Mounts that were come by.
    seen: BTreeSet<Vec<u8>>,
    bytes: u64,
}

/// Bytes of an archive's end.
const END_BYTES: u64 = 1024;
const BLOCK_BYTES: u64 = layer::tar::BLOCK_BYTES;

impl<'p> Packing<'p> {
    pub(in crate::ops::container) fn new(
        engine: &'p Engine,
        view: &'p View,
        sink: &'p mut dyn Sink,
    ) -> Packing<'p> {
        let (linked, seen) = (HashMap::new(), BTreeSet::new());
        Packing { engine, view, sink, linked, seen, bytes: END_BYTES }
    }

    /// Packs what is at a path without links under another name, with all that is below; bytes that it takes in an
    /// archive.
    pub(in crate::ops::container) fn pack(mut self, path: &[u8], name: &[u8]) -> Result<u64> {
        self.any(path, name)?;
        Ok(self.bytes)
    }

    fn any(&mut self, path: &[u8], name: &[u8]) -> Result<()> {
        match (self.view.stat(path)?, split(path)) {
            (Some(stat), Some((_, last))) if stat.kind != FileKind::Dir => match self.view.mount_of(path) {
                Some(mount) if mount.at == path => {
                    let (folder, file) = split(&mount.file).unwrap_or_default();
                    let folder = mount.tree.folder(folder, disk::tree::Follow::Never)?;
                    self.entry(&folder, file, name, stat)
                }
                _ => {
                    let folder = self.view.folder(split(path).unwrap_or_default().0)?;
                    self.entry(&folder, last, name, stat)
                }
            },
            (Some(_), _) => self.tree(path, name),
            // Gone meanwhile.
            (None, _) => Ok(()),
        }
    }

    /// A directory. Below mounts it goes on where those are: as often as there are mounts in one another.
    fn tree(&mut self, path: &[u8], name: &[u8]) -> Result<()> {
        let tree = self.view.folder(path)?.tree()?;
        let mut walk = Walk::across_mounts(&tree)?;
        while let Some(step) = walk.next()? {
            self.engine.check_cancelled()?;
            let inner = match &step {
                Step::Entry { path, .. } | Step::Enter { path, .. } | Step::Leave { path, .. } => *path,
            };
            let (at, called) = (join(path, inner), join(name, inner));
            if !inner.is_empty() && self.is_hidden(path, &at) {
                if self.view.is_mount(&at) && self.seen.insert(at.clone()) {
                    self.any(&at, &called)?;
                }
                continue;
            }
            match step {
                Step::Entry { folder, name, stat, .. } => self.entry(folder, name, &called, stat)?,
                Step::Enter { folder, stat, .. } => self.directory(folder, &called, stat)?,
                Step::Leave { .. } => self.without_place(&at, &called)?,
            }
        }
        Ok(())
    }

    /// Whether a path is under a mount below where the walk began.
    fn is_hidden(&self, start: &[u8], path: &[u8]) -> bool {
        self.view.mount_of(path).is_some_and(|mount| mount.at.len() > start.len())
    }

    /// Mounts in a directory that has nothing to mount them on: the container was never started.
    fn without_place(&mut self, folder: &[u8], called: &[u8]) -> Result<()> {
        let view = self.view;
        let mut here: Vec<&[u8]> = view.mounts.iter().map(|mount| &*mount.at).collect();
        here.retain(|at| split(at).is_some_and(|(parent, _)| parent == folder));
        here.sort_unstable();
        for at in here {
            if self.seen.insert(at.to_vec()) {
                self.any(at, &join(called, split(at).unwrap_or_default().1))?;
            }
        }
        Ok(())
    }

    fn directory(&mut self, folder: &Folder, name: &[u8], stat: Stat) -> Result<()> {
        if name.is_empty() {
            return Ok(());
        }
        let xattrs = kept(folder.xattrs()?);
        self.put(Header { xattrs, ..header(name, Kind::Directory, stat) }, &mut std::io::empty())
    }

    fn entry(&mut self, folder: &Folder, name: &[u8], called: &[u8], stat: Stat) -> Result<()> {
        let kind = match stat.kind {
            FileKind::File => Kind::File,
            FileKind::Symlink => Kind::Symlink,
            FileKind::CharDevice => Kind::CharDevice,
            FileKind::BlockDevice => Kind::BlockDevice,
            FileKind::Fifo => Kind::Fifo,
            // Belongs to a process; there is nothing to copy.
            FileKind::Dir | FileKind::Socket => return Ok(()),
        };
        let mut header = header(called, kind, stat);
        if stat.links > 1 {
            if let Some(first) = self.linked.get(&stat.id) {
                header = Header { kind: Kind::HardLink, link: first.clone(), size: 0, ..header };
                header.device = Device::default();
                return self.put(header, &mut std::io::empty());
            }
            self.linked.insert(stat.id, called.to_vec());
        }
        match kind {
            Kind::File => {
                let mut file = folder.open_file(name)?;
                header.xattrs = kept(folder.xattrs_of(name)?);
                self.put(header, &mut file)
            }
            Kind::Symlink => {
                header.link = folder.read_link(name)?;
                self.put(header, &mut std::io::empty())
            }
            _ => self.put(header, &mut std::io::empty()),
        }
    }

    fn put(&mut self, header: Header, data: &mut dyn Read) -> Result<()> {
        self.bytes += BLOCK_BYTES + header.size.next_multiple_of(BLOCK_BYTES);
        self.sink.take(&header, data)
    }
}

fn header(name: &[u8], kind: Kind, stat: Stat) -> Header {
    let (major, minor) = stat.device;
    Header {
        mode: stat.mode,
        uid: stat.owner.uid,
        gid: stat.owner.gid,
        mtime: stat.mtime,
        size: if kind == Kind::File { stat.size } else { 0 },
        device: if matches!(kind, Kind::CharDevice | Kind::BlockDevice) {
            Device { major, minor }
        } else {
            Device::default()
        },
        ..Header::new(name, kind)
    }
}

/// The attributes that travel: capabilities, and what users noted.
fn kept(xattrs: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<Xattr> {
    let travels = |name: &[u8]| {
        name == b"security.capability" || (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
    };
    let kept = xattrs.into_iter().filter(|(name, _)| travels(name));
    kept.map(|(name, value)| Xattr { name, value }).collect()
}
