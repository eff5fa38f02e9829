//! The sink that makes files (TAR-6 to TAR-17).

use std::collections::BTreeMap;

use disk::tree::{Folder, Follow, NewFile, NodeKind, Owner, Time, Tree};

use super::open::Open;
use super::policy::{Policy, Privileges, Recorded, Whiteouts};
use crate::changeset::{Below, Model, Node, Sink, Whiteout};
use crate::error::{EntryName, Error};
use crate::name::split;
use crate::stream::Stream;
use crate::tar::{Device, Entry, Kind, Member, Xattr};
use crate::xattr::{ACL_ACCESS, ACL_DEFAULT, CAPABILITY, kept_xattrs};

/// The metadata of a directory that no layer names: root's, 0755, from 1970, the same in every driver.
pub(super) const IMPLIED_MODE: u32 = 0o755;

const OWNER_MAY_WRITE: u32 = 0o200;

pub(super) struct Onto<'t> {
    pub(super) tree: &'t Tree,
    pub(super) policy: Policy,
    pub(super) open: Open<'t>,
    /// What is only settled at the end, by path.
    pub(super) late: BTreeMap<Vec<u8>, Late>,
    process: Owner,
    umask: Option<u32>,
    pub(super) recorded: Vec<Recorded>,
    pub(super) xattrs_dropped: u64,
}

/// What a directory gets at the end: set earlier it would be in the way of, or rub off on, what is put into it.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// A mode that locks out its owner, who is not root.
    pub(super) mode: Option<u32>,
    /// An access list for new files.
    pub(super) default_acl: Option<Vec<u8>>,
}

impl<'t> Onto<'t> {
    pub(super) fn new(tree: &'t Tree, policy: Policy) -> Result<Onto<'t>, Error> {
        let mut onto = Onto {
            tree,
            policy,
            open: Open::new(tree, policy.whiteouts == Whiteouts::Remove),
            late: BTreeMap::new(),
            process: Owner::of_process(),
            umask: disk::tree::umask(),
            recorded: Vec::new(),
            xattrs_dropped: 0,
        };
        if policy.whiteouts != Whiteouts::Remove {
            onto.prepare_root().map_err(Error::Directory)?;
        }
        Ok(onto)
    }

    fn prepare_root(&mut self) -> disk::Result<()> {
        let root = self.tree.folder(b"", Follow::Never)?;
        if !root.names()?.is_empty() {
            return Err(disk::Error::new("apply", root.path(), std::io::ErrorKind::DirectoryNotEmpty));
        }
        self.make_implied(b"", root)
    }

    /// Gives a directory the metadata of one that is not named, and holds it.
    pub(super) fn make_implied(&mut self, path: &[u8], folder: Folder) -> disk::Result<()> {
        clear_xattrs(&folder)?;
        if self.policy.privileges != Privileges::None {
            folder.set_owner(Owner::default())?;
        }
        folder.set_mode(IMPLIED_MODE)?;
        self.open.hold_new(path, folder, Time::default(), IMPLIED_MODE)
    }

    /// Whether something has to be given to its owner: what was just made belongs to this process, and to the
    /// group of a setgid directory.
    fn must_give(&self, owner: Owner, is_setgid: bool) -> bool {
        self.policy.privileges != Privileges::None && (owner != self.process || is_setgid)
    }

    /// Whether a new file's mode is not what was asked for; nobody changes the umask while this runs.
    fn needs_mode(&self, mode: u32) -> bool {
        self.umask.is_none_or(|umask| mode & !0o777 != 0 || mode & umask != 0)
    }

    /// Makes something, clearing away what is there.
    pub(super) fn make<T>(
        &mut self,
        path: &[u8],
        before: Option<Node>,
        make: impl Fn(&Folder, &[u8]) -> disk::Result<T>,
    ) -> disk::Result<T> {
        let (parent, name) = split(path);
        if before.is_none() {
            let held = self.open.touch(parent)?;
            match make(&held.folder, name) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                result => return result,
            }
        }
        self.remove(path)?;
        make(&self.open.touch(parent)?.folder, name)
    }

    /// Takes away what is at a path.
    pub(super) fn remove(&mut self, path: &[u8]) -> disk::Result<()> {
        self.open.forget(path);
        self.forget_late(path);
        let (parent, name) = split(path);
        self.open.touch(parent)?.folder.remove(name)
    }

    /// Forgets what a directory, and those in it, were to get at the end. In byte order all paths below one
    /// stand between it with a slash and it with what comes after a slash.
    fn forget_late(&mut self, path: &[u8]) {
        self.late.remove(path);
        let range = [path, b"/"].concat()..[path, b"0"].concat();
        let below: Vec<Vec<u8>> = self.late.range(range).map(|(path, _)| path.clone()).collect();
        for path in below {
            self.late.remove(&path);
        }
    }

    /// Makes a directory unless there is one; says whether it is new.
    fn make_dir(&mut self, path: &[u8], before: Option<Node>) -> disk::Result<(Folder, bool)> {
        let (parent, name) = split(path);
        let held = self.open.folder(parent)?;
        if matches!(before, Some(Node::Dir(_))) {
            return Ok((held.folder.folder(name)?, false));
        }
        if self.policy.whiteouts == Whiteouts::Remove
            && before.is_none()
            && held.folder.stat(name)?.is_some_and(|stat| stat.kind == disk::tree::FileKind::Dir)
        {
            return Ok((held.folder.folder(name)?, false));
        }
        self.make(path, before, |folder, name| folder.make_dir(name, 0o700))?;
        let held = self.open.folder(parent)?;
        let folder = held.folder.folder(name)?;
        if held.has_default_acl {
            clear_xattrs(&folder)?;
        }
        Ok((folder, true))
    }

    fn put_directory(&mut self, entry: &Entry, before: Option<Node>) -> disk::Result<()> {
        let path = &entry.name[..];
        let (folder, is_new) = if path.is_empty() {
            (self.tree.folder(b"", Follow::Never)?, false)
        } else {
            self.make_dir(path, before)?
        };
        if !is_new {
            clear_xattrs(&folder)?;
        }
        let setgid_parent = !path.is_empty() && self.open.folder(split(path).0)?.is_setgid;
        if self.must_give(owner(entry), !is_new || setgid_parent) {
            self.give(owner(entry), |owner| folder.set_owner(owner))?;
        }
        self.late.remove(path);
        self.set_dir_mode(path, &folder, entry.mode)?;
        for xattr in kept_xattrs(entry) {
            if xattr.name == ACL_DEFAULT {
                self.late.entry(path.to_vec()).or_default().default_acl = Some(xattr.value.clone());
            } else {
                let outcome = folder.set_xattr(&xattr.name, &xattr.value);
                self.tolerate(outcome)?;
            }
        }
        self.open.hold_new(path, folder, entry.mtime, entry.mode)
    }

    /// Who is not root still has to get into the directory; the final mode then comes at the end (TAR-17).
    fn set_dir_mode(&mut self, path: &[u8], folder: &Folder, mode: u32) -> disk::Result<()> {
        if mode & 0o700 == 0o700 || disk::tree::is_privileged() {
            return folder.set_mode(mode);
        }
        self.late.entry(path.to_vec()).or_default().mode = Some(mode);
        folder.set_mode(mode | 0o700)
    }

    /// Passes over a file system that has no place for an attribute.
    fn tolerate(&mut self, outcome: disk::Result<()>) -> disk::Result<()> {
        match outcome {
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
                self.xattrs_dropped += 1;
                Ok(())
            }
            // An access list can speak of numbers that a user namespace does not have.
            Err(error)
                if error.kind() == std::io::ErrorKind::InvalidInput
                    && self.policy.privileges == Privileges::NoDevices =>
            {
                self.xattrs_dropped += 1;
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn create(&mut self, entry: &Entry, before: Option<Node>) -> disk::Result<NewFile> {
        let mode = entry.mode & 0o777 | if self.is_locked(entry) { OWNER_MAY_WRITE } else { 0 };
        self.make(&entry.name, before, |folder, name| folder.create(name, mode))
    }

    /// Whether the file's own mode keeps its owner, who is not root, from giving it its attributes.
    fn is_locked(&self, entry: &Entry) -> bool {
        entry.mode & OWNER_MAY_WRITE == 0
            && self.policy.privileges == Privileges::None
            && kept_xattrs(entry).next().is_some()
    }

    /// Metadata come after the data, and the owner before what its change would clear (TAR-12).
    fn finish_file(&mut self, entry: &Entry, file: &NewFile) -> disk::Result<()> {
        let held = self.open.folder(split(&entry.name).0)?;
        let has_default_acl = held.has_default_acl;
        if has_default_acl {
            file.remove_xattr(ACL_ACCESS)?;
        }
        let is_setgid = held.is_setgid;
        if self.must_give(owner(entry), is_setgid) {
            self.give(owner(entry), |owner| file.set_owner(owner))?;
        }
        let is_locked = self.is_locked(entry);
        if !is_locked && (has_default_acl || self.needs_mode(entry.mode)) {
            file.set_mode(entry.mode)?;
        }
        for xattr in kept_xattrs(entry) {
            if self.may_set(xattr) {
                let outcome = file.set_xattr(&xattr.name, &xattr.value);
                self.tolerate(outcome)?;
            }
        }
        if is_locked {
            file.set_mode(entry.mode)?;
        }
        file.set_mtime(entry.mtime)
    }

    /// Capabilities are root's to give.
    fn may_set(&self, xattr: &Xattr) -> bool {
        self.policy.privileges != Privileges::None || xattr.name != CAPABILITY
    }

    fn put_special(&mut self, entry: &Entry, before: Option<Node>) -> disk::Result<()> {
        let Device { major, minor } = entry.device;
        let kind = match entry.kind {
            Kind::CharDevice => NodeKind::CharDevice(major, minor),
            Kind::BlockDevice => NodeKind::BlockDevice(major, minor),
            Kind::Fifo => NodeKind::Fifo,
            _ => return self.put_symlink(entry, before),
        };
        if kind != NodeKind::Fifo && self.policy.privileges != Privileges::All {
            return self.remove(&entry.name);
        }
        self.make(&entry.name, before, |folder, name| folder.make_node(name, kind, 0o600))?;
        let (parent, name) = split(&entry.name);
        let held = self.open.folder(parent)?;
        if held.has_default_acl {
            held.folder.remove_xattr_of(name, ACL_ACCESS)?;
        }
        self.own_entry(entry)?;
        let folder = &self.open.folder(parent)?.folder;
        folder.set_mode_of(name, entry.mode)?;
        for xattr in kept_xattrs(entry) {
            let outcome = self.open.folder(parent)?.folder.set_xattr_of(name, &xattr.name, &xattr.value);
            self.tolerate(outcome)?;
        }
        self.open.folder(parent)?.folder.set_mtime_of(name, entry.mtime)
    }

    fn put_symlink(&mut self, entry: &Entry, before: Option<Node>) -> disk::Result<()> {
        self.make(&entry.name, before, |folder, name| folder.symlink(&entry.link, name))?;
        self.own_entry(entry)?;
        let (parent, name) = split(&entry.name);
        self.open.folder(parent)?.folder.set_mtime_of(name, entry.mtime)
    }

    fn own_entry(&mut self, entry: &Entry) -> disk::Result<()> {
        let (parent, name) = split(&entry.name);
        let is_setgid = self.open.folder(parent)?.is_setgid;
        if self.must_give(owner(entry), is_setgid) {
            let folder = &self.open.folder(parent)?.folder;
            give(self.policy.privileges, owner(entry), |owner| folder.set_owner_of(name, owner))?;
        }
        Ok(())
    }

    fn give(&self, owner: Owner, set: impl Fn(Owner) -> disk::Result<()>) -> disk::Result<()> {
        give(self.policy.privileges, owner, set)
    }

    /// Notes what an entry loses for want of privileges.
    fn record(&mut self, entry: &Entry) {
        let is_device = matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice);
        let is_missing = is_device && self.policy.privileges != Privileges::All;
        let is_lesser = self.policy.privileges == Privileges::None
            && (owner(entry) != Owner::default() || kept_xattrs(entry).any(|xattr| !self.may_set(xattr)));
        if !is_missing && !is_lesser {
            return;
        }
        let xattrs = kept_xattrs(entry).filter(|xattr| is_missing || !self.may_set(xattr)).cloned().collect();
        self.recorded.push(Recorded {
            path: entry.name.clone(),
            kind: entry.kind,
            uid: entry.uid,
            gid: entry.gid,
            mode: entry.mode,
            device: entry.device,
            xattrs,
        });
    }
}

/// In a user namespace there are owners that nothing can be given to.
fn give(privileges: Privileges, owner: Owner, set: impl Fn(Owner) -> disk::Result<()>) -> disk::Result<()> {
    match privileges {
        Privileges::NoDevices => owner.give(set),
        _ => set(owner),
    }
}

impl Sink for Onto<'_> {
    fn implied(&mut self, entry: &Entry, path: &[u8]) -> Result<(), Error> {
        let outcome = self
            .make_dir(path, None)
            .and_then(|(folder, is_new)| if is_new { self.make_implied(path, folder) } else { Ok(()) });
        outcome.map_err(|source| applying(entry, source))
    }

    fn directory(&mut self, entry: &Entry, before: Option<Node>) -> Result<(), Error> {
        self.record(entry);
        self.put_directory(entry, before).map_err(|source| applying(entry, source))
    }

    fn file(&mut self, member: &mut Member<'_, &mut Stream>, before: Option<Node>) -> Result<(), Error> {
        let entry = member.entry();
        let failed = |source| applying(entry, source);
        self.record(entry);
        let mut file = self.create(entry, before).map_err(failed)?;
        let mut end = 0;
        while let Some((offset, bytes)) = member.piece()? {
            if offset == end { file.write_all(bytes) } else { file.write_all_at(bytes, offset) }
                .map_err(failed)?;
            end = offset + bytes.len() as u64;
        }
        if end < entry.size {
            file.set_len(entry.size).map_err(failed)?;
        }
        self.finish_file(entry, &file).map_err(failed)
    }

    fn special(&mut self, entry: &Entry, before: Option<Node>) -> Result<(), Error> {
        self.record(entry);
        self.put_special(entry, before).map_err(|source| applying(entry, source))
    }

    fn link(&mut self, entry: &Entry, before: Option<Node>) -> Result<(), Error> {
        self.put_link(&entry.name, &entry.link, before).map_err(|source| applying(entry, source))
    }

    fn link_below(&mut self, entry: &Entry, below: Below<'_>, before: Option<Node>) -> Result<(), Error> {
        if self.policy.whiteouts == Whiteouts::Remove {
            return self.copy_below(entry, below, before);
        }
        match before {
            Some(_) => self.remove(&entry.name).map_err(|source| applying(entry, source)),
            None => Ok(()),
        }
    }

    fn vanish(&mut self, path: &[u8]) -> Result<(), Error> {
        self.remove(path).map_err(Error::Directory)
    }

    fn hide(&mut self, whiteout: &Whiteout, model: &Model) -> Result<(), Error> {
        let outcome = match self.policy.whiteouts {
            Whiteouts::Overlay => self.mark(whiteout),
            Whiteouts::Remove => self.carry_out(whiteout, model),
            Whiteouts::Leave => Ok(()),
        };
        outcome.map_err(Error::Directory)
    }

    fn renew(&mut self, path: &[u8]) -> Result<(), Error> {
        let outcome = match self.policy.whiteouts {
            Whiteouts::Overlay | Whiteouts::Leave => Ok(()),
            Whiteouts::Remove => {
                self.tree.folder(path, Follow::Never).and_then(|folder| self.make_implied(path, folder))
            }
        };
        outcome.map_err(Error::Directory)
    }
}

pub(super) fn applying(entry: &Entry, source: disk::Error) -> Error {
    Error::Apply { number: entry.number, name: EntryName::new(&entry.name), source }
}

pub(super) fn owner(entry: &Entry) -> Owner {
    Owner { uid: entry.uid, gid: entry.gid }
}

/// Takes away what a directory has from before, or from the directory that it was made in.
pub(super) fn clear_xattrs(folder: &Folder) -> disk::Result<()> {
    for name in folder.xattr_names()? {
        if name.starts_with(b"user.") || matches!(&name[..], CAPABILITY | ACL_ACCESS | ACL_DEFAULT) {
            folder.remove_xattr(&name)?;
        }
    }
    Ok(())
}
