//! Files, one after the other, into a folder.

use std::io::Read;

use disk::tree::{FileKind, Folder, NewFile, NodeKind, Owner, Stat, Time, is_privileged};
use layer::tar::{Header, Kind, Reader};
use runner::user_namespace;

use super::pack::Sink;
use super::path::{clean, components, join, shown, split};
use super::view::{Lost, View};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Docker's mode of folders that an archive does not mention.
const IMPLIED_MODE: u32 = 0o755;
/// The system's number for what a file system does not know.
const NOT_SUPPORTED: i32 = 95;

/// Whom the files belong to that are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owners {
    /// Whom they belonged to.
    Kept,
    /// Whoever makes them.
    Caller,
}

/// A folder that files are unpacked into. What exists gives way, except that directories and other things never take
/// each other's place.
pub(super) struct Unpacking<'u> {
    view: &'u View,
    /// The folder, without links.
    base: Vec<u8>,
    /// The folder in messages.
    shown: String,
    owners: Owners,
    /// The folder of the last entry, by its name in the archive.
    last: Option<(Vec<u8>, Vec<u8>, Folder)>,
    /// Directories whose time is set when nothing is put into them any more.
    dirs: Vec<(Vec<u8>, Time)>,
}

impl<'u> Unpacking<'u> {
    pub(super) fn new(view: &'u View, base: Vec<u8>, shown: String, owners: Owners) -> Unpacking<'u> {
        Unpacking { view, base, shown, owners, last: None, dirs: Vec::new() }
    }

    /// Sets the times of directories, which filling them changed.
    pub(super) fn finish(self) -> Result<()> {
        for (path, mtime) in self.dirs.into_iter().rev() {
            self.view.folder(&path)?.set_mtime(mtime)?;
        }
        Ok(())
    }

    /// Unpacks a whole archive.
    pub(super) fn archive(&mut self, engine: &Engine, stream: impl Read) -> Result<()> {
        let refused = |error: layer::Error| Error::invalid(crate::error::chain(&error));
        let mut reader = Reader::buffered(stream);
        while let Some(mut member) = reader.next_entry().map_err(refused)? {
            engine.check_cancelled()?;
            let entry = member.entry();
            let header = Header {
                link: entry.link.clone(),
                mode: entry.mode,
                uid: entry.uid,
                gid: entry.gid,
                mtime: entry.mtime,
                xattrs: layer::kept_xattrs(entry).cloned().collect(),
                size: entry.size,
                device: entry.device,
                ..Header::new(entry.name.clone(), entry.kind)
            };
            self.take(&header, &mut member)?;
        }
        Ok(())
    }

    /// Where a name of the archive is in messages.
    fn shown(&self, name: &[u8]) -> String {
        let name = String::from_utf8_lossy(name);
        format!("{}/{name}", self.shown.trim_end_matches('/'))
    }

    /// The folder that a name is in: its path without links, made where the archive does not mention it.
    fn enter(&mut self, name: &[u8]) -> Result<&(Vec<u8>, Vec<u8>, Folder)> {
        if self.last.as_ref().is_none_or(|(known, ..)| known != name) {
            let path = match self.view.find(&join(&self.base, name), true) {
                Ok(found) if found.stat.is_some() => found.path,
                _ => self.make_way(name)?,
            };
            self.view.check_writable(&path)?;
            let folder = self.view.folder(&path)?;
            self.last = Some((name.to_vec(), path, folder));
        }
        Ok(self.last.as_ref().unwrap_or_else(|| unreachable!("it was just set")))
    }

    /// Makes the folders of a name that are missing.
    fn make_way(&self, name: &[u8]) -> Result<Vec<u8>> {
        let mut way = Vec::new();
        let mut at = self.base.clone();
        for part in components(name) {
            way = join(&way, part);
            let lost = |lost: Lost| lost.of(&self.shown(&way));
            let found = self.view.find(&join(&self.base, &way), true).map_err(lost)?;
            if found.stat.is_none() {
                let (folder, last) = split(&found.path).unwrap_or_default();
                self.view.check_writable(folder)?;
                self.view.folder(folder)?.make_dir(last, IMPLIED_MODE)?;
            }
            at = found.path;
        }
        Ok(at)
    }

    /// What may not take each other's place, in Docker's words.
    fn check_kinds(&self, name: &[u8], there: Option<Stat>, kind: Kind) -> Result<()> {
        let is_dir = there.map(|stat| stat.kind == FileKind::Dir);
        let text = match (is_dir, kind == Kind::Directory) {
            (Some(true), false) => "cannot overwrite directory {} with non-directory {}",
            (Some(false), true) => "cannot overwrite non-directory {} with directory {}",
            _ => return Ok(()),
        };
        let text = text.replacen("{}", &format!("{:?}", self.shown(name)), 1);
        Err(Error::invalid(text.replacen("{}", &format!("{:?}", self.shown), 1)))
    }

    fn owner(&self, header: &Header) -> Option<Owner> {
        let kept = self.owners == Owners::Kept && is_privileged();
        kept.then_some(Owner { uid: header.uid, gid: header.gid })
    }

    fn directory(&self, path: Vec<u8>, folder: &Folder, header: &Header, is_new: bool) -> Result<Vec<u8>> {
        let (_, last) = split(&path).unwrap_or_default();
        if is_new {
            folder.make_dir(last, 0o700)?;
        }
        let made = self.view.folder(&path)?;
        if let Some(owner) = self.owner(header) {
            owner.give(|owner| made.set_owner(owner))?;
        }
        for xattr in &header.xattrs {
            pass_unknown(made.set_xattr(&xattr.name, &xattr.value))?;
        }
        made.set_mode(header.mode)?;
        Ok(path)
    }

    fn file(&self, folder: &Folder, last: &[u8], header: &Header, data: &mut dyn Read) -> Result<()> {
        let mut file = folder.create(last, 0o600)?;
        fill(&mut file, header, data)?;
        if let Some(owner) = self.owner(header) {
            owner.give(|owner| file.set_owner(owner))?;
        }
        for xattr in &header.xattrs {
            pass_unknown(file.set_xattr(&xattr.name, &xattr.value))?;
        }
        file.set_mode(header.mode)?;
        Ok(file.set_mtime(header.mtime)?)
    }

    fn node(&self, folder: &Folder, last: &[u8], header: &Header) -> Result<()> {
        let device = header.device;
        let node = match header.kind {
            Kind::CharDevice => NodeKind::CharDevice(device.major, device.minor),
            Kind::BlockDevice => NodeKind::BlockDevice(device.major, device.minor),
            _ => NodeKind::Fifo,
        };
        // Nobody makes devices there; Docker leaves them out as well.
        if node != NodeKind::Fifo && user_namespace::is_inside() {
            return Ok(());
        }
        folder.make_node(last, node, 0o600)?;
        self.own_entry(folder, last, header)?;
        folder.set_mode_of(last, header.mode)?;
        Ok(folder.set_mtime_of(last, header.mtime)?)
    }

    fn own_entry(&self, folder: &Folder, last: &[u8], header: &Header) -> Result<()> {
        match self.owner(header) {
            Some(owner) => Ok(owner.give(|owner| folder.set_owner_of(last, owner))?),
            None => Ok(()),
        }
    }

    /// One more name of a file that was unpacked before, or was there.
    fn link(&self, folder: &Folder, last: &[u8], header: &Header) -> Result<()> {
        let target = join(&self.base, &clean(&header.link));
        let lost = |lost: Lost| lost.of(&self.shown(&header.link));
        let (parent, name) = split(&target).unwrap_or_default();
        let found = self.view.find(parent, true).map_err(lost)?;
        Ok(folder.link(&self.view.folder(&found.path)?, name, last)?)
    }
}

impl Sink for Unpacking<'_> {
    fn take(&mut self, header: &Header, data: &mut dyn Read) -> Result<()> {
        let name = clean(&header.name);
        let Some((parent, last)) = split(&name) else {
            return self.check_kinds(b".", Some(self.view.folder(&self.base)?.own_stat()?), header.kind);
        };
        self.enter(parent)?;
        // Taken out for as long as it is used, and put back: it serves the next entry.
        let Some((parent, way, folder)) = self.last.take() else { return Ok(()) };
        let path = join(&way, last);
        let there = self.view.stat(&path)?;
        self.check_kinds(&name, there, header.kind)?;
        if header.kind == Kind::Directory {
            self.view.check_writable(&path)?;
            let path = self.directory(path, &folder, header, there.is_none())?;
            self.dirs.push((path, header.mtime));
            self.last = Some((parent, way, folder));
            return Ok(());
        }
        if there.is_some() {
            if self.view.is_mount(&path) {
                let text = format!("unlinkat {}: device or resource busy", shown(&path));
                return Err(Error::invalid(text));
            }
            folder.remove(last)?;
        }
        match header.kind {
            Kind::File => self.file(&folder, last, header, data)?,
            Kind::HardLink => self.link(&folder, last, header)?,
            Kind::Symlink => {
                folder.symlink(&header.link, last)?;
                self.own_entry(&folder, last, header)?;
                folder.set_mtime_of(last, header.mtime)?;
                // It may lead somewhere else now.
                return Ok(());
            }
            Kind::CharDevice | Kind::BlockDevice | Kind::Fifo => self.node(&folder, last, header)?,
            Kind::Directory | Kind::Other(_) => {}
        }
        self.last = Some((parent, way, folder));
        Ok(())
    }
}

fn fill(file: &mut NewFile, header: &Header, data: &mut dyn Read) -> Result<()> {
    let mut data = data.take(header.size);
    let mut buffer = vec![0; 128 << 10];
    loop {
        let n = match data.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let name = String::from_utf8_lossy(&header.name);
                return Err(Error::invalid(format!("read {name}: {}", disk::errno_text(&error))));
            }
        };
        file.write_all(&buffer[..n])?;
    }
}

/// Attributes that the file system does not know are left out, as in Docker.
fn pass_unknown(result: disk::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(NOT_SUPPORTED) => Ok(()),
        result => Ok(result?),
    }
}
