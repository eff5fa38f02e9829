//! The reading of a layer: entries in, calls to a sink and facts out.

use std::io::Read;

use super::copies::Copies;
use super::facts::{Facts, LinkBelow, Whiteout};
use super::model::{Dir, Found, Model, Node};
use super::sink::{Below, Sink};
use super::whiteout::{Meaning, meaning};
use crate::error::{EntryFault, EntryName, Error, malformed};
use crate::limits::{LINKS_PER_INODE_MAX, Limits};
use crate::name::{join, split, within};
use crate::stream::{self, Digested, Stream};
use crate::tar::{Entry, Kind, Member, Reader};

/// Reads an inflated layer to the end of its stream and tells a sink what is in it.
///
/// The stream is read on a thread of its own, so that inflating it overlaps with what the sink does.
///
/// # Errors
/// A stream that fails, a layer that breaks a rule or a limit, and what the sink cannot do. What the sink has
/// made by then is its owner's to throw away.
pub fn read(stream: impl Read + Send, limits: &Limits, sink: &mut impl Sink) -> Result<Facts, Error> {
    let (reading, digested) = stream::digested(stream, |stream| {
        let mut reading = Reading::new(*limits, sink);
        let mut reader = Reader::new(stream).with_entries_max(limits.entries);
        while let Some(mut member) = reader.next_entry()? {
            reading.take(&mut member)?;
        }
        reader.finish()?;
        reading.settle()
    })?;
    Ok(reading.into_facts(digested))
}

/// Blocks of the file systems in use.
const DISK_BLOCK_BYTES: u64 = 4096;

/// Longest symbolic link that needs no block of its own (ext4).
const INLINE_LINK_BYTES_MAX: u64 = 59;

struct Reading<'s, S> {
    sink: &'s mut S,
    limits: Limits,
    model: Model,
    tally: Tally,
    implied: Vec<(Dir, Vec<u8>)>,
    whiteouts: Vec<(Dir, Vec<u8>)>,
    opaque: Vec<(Dir, Vec<u8>)>,
    reserved: Vec<Vec<u8>>,
    below: Copies,
}

/// Sums over the entries.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    entries: u64,
    bytes: u64,
    disk_bytes: u64,
}

/// What is left when a layer was read to its end.
struct Outcome {
    tally: Tally,
    implied: Vec<Vec<u8>>,
    links_below: Vec<LinkBelow>,
    whiteouts: Vec<Whiteout>,
}

impl Outcome {
    fn into_facts(self, digested: Digested) -> Facts {
        Facts {
            diff_id: digested.diff_id,
            stream_bytes: digested.bytes,
            entries: self.tally.entries,
            bytes: self.tally.bytes,
            disk_bytes: self.tally.disk_bytes,
            implied: self.implied,
            links_below: self.links_below,
            whiteouts: self.whiteouts,
        }
    }
}

impl<'s, S: Sink> Reading<'s, S> {
    fn new(limits: Limits, sink: &'s mut S) -> Reading<'s, S> {
        Reading {
            sink,
            limits,
            model: Model::new(),
            tally: Tally::default(),
            implied: Vec::new(),
            whiteouts: Vec::new(),
            opaque: Vec::new(),
            reserved: Vec::new(),
            below: Copies::default(),
        }
    }

    fn take(&mut self, member: &mut Member<'_, &mut Stream>) -> Result<(), Error> {
        let entry = member.entry();
        self.tally.entries += 1;
        if matches!(entry.kind, Kind::Other(_)) {
            return Ok(());
        }
        crate::xattr::validate(entry).map_err(|fault| refused(entry, fault))?;
        match meaning(&entry.name).map_err(|fault| refused(entry, fault))? {
            Meaning::Whiteout(name) => self.note_whiteout(entry, name),
            Meaning::Opaque => self.note_opaque(entry),
            Meaning::Plain if is_whiteout_device(entry) => self.note_whiteout(entry, split(&entry.name).1),
            Meaning::Plain => self.put(member),
            Meaning::Reserved(path) => {
                if self.reserved.last().is_none_or(|last| last != path) {
                    self.reserved.push(path.to_vec());
                }
                self.put(member)
            }
        }
    }

    fn note_whiteout(&mut self, entry: &Entry, name: &[u8]) -> Result<(), Error> {
        let parent = split(&entry.name).0;
        let dir = self.parent(entry, parent)?;
        if self.model.note_whiteout(dir, name) {
            self.whiteouts.push((dir, join(parent, name)));
        }
        Ok(())
    }

    fn note_opaque(&mut self, entry: &Entry) -> Result<(), Error> {
        let path = split(&entry.name).0;
        let dir = self.parent(entry, path)?;
        if self.model.make_opaque(dir) {
            self.opaque.push((dir, path.to_vec()));
        }
        Ok(())
    }

    /// The directory at a path, implied as far as it is not there.
    fn parent(&mut self, entry: &Entry, path: &[u8]) -> Result<Dir, Error> {
        if let Some(dir) = self.model.recall(path) {
            return Ok(dir);
        }
        let mut dir = Dir::ROOT;
        let mut end = 0;
        for name in super::model::components(path) {
            end += name.len() + usize::from(end > 0);
            dir = match self.model.child(dir, name) {
                Some(Node::Dir(child)) => child,
                Some(_) => {
                    return Err(refused(
                        entry,
                        malformed("TAR-16", "an entry below something that is no directory"),
                    ));
                }
                None => {
                    let child = self.model.add_dir(dir, name, false);
                    self.sink.implied(entry, &path[..end])?;
                    self.implied.push((child, path[..end].to_vec()));
                    self.tally.disk_bytes += DISK_BLOCK_BYTES;
                    child
                }
            };
        }
        self.model.remember(path, dir);
        Ok(dir)
    }

    /// Puts an ordinary entry into the tree.
    fn put(&mut self, member: &mut Member<'_, &mut Stream>) -> Result<(), Error> {
        let entry = member.entry();
        if entry.name.is_empty() {
            self.model.name_dir(Dir::ROOT);
            return self.sink.directory(entry, Some(Node::Dir(Dir::ROOT)));
        }
        let (parent, name) = split(&entry.name);
        let dir = self.parent(entry, parent)?;
        let before = self.model.child(dir, name);
        match entry.kind {
            Kind::Directory => return self.put_directory(entry, dir, before),
            Kind::HardLink => return self.put_link(entry, dir, before),
            Kind::File => {
                self.count_file(entry)?;
                self.sink.file(member, before)?;
            }
            _ => {
                self.count_special(entry);
                self.sink.special(entry, before)?;
            }
        }
        self.model.put(dir, name, Node::File);
        Ok(())
    }

    fn put_directory(&mut self, entry: &Entry, parent: Dir, before: Option<Node>) -> Result<(), Error> {
        self.sink.directory(entry, before)?;
        let dir = match before {
            Some(Node::Dir(dir)) => dir,
            other => {
                self.tally.disk_bytes += DISK_BLOCK_BYTES;
                let dir = self.model.add_dir(parent, split(&entry.name).1, other.is_some());
                if other.is_some() && self.model.make_hiding(dir) {
                    self.opaque.push((dir, entry.name.clone()));
                }
                dir
            }
        };
        self.model.name_dir(dir);
        Ok(())
    }

    /// A hard link (TAR-8), to a file of this layer or else of one below.
    fn put_link(&mut self, entry: &Entry, dir: Dir, before: Option<Node>) -> Result<(), Error> {
        let (link, name) = (&entry.link[..], &entry.name[..]);
        let is_inside = link.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
        if link.is_empty() || is_inside {
            return Err(refused(entry, malformed("TAR-8", "a hard link to itself or to a directory")));
        }
        let inode = match self.model.find(link) {
            Found::Blocked => {
                return Err(refused(entry, EntryFault::LinkTarget(EntryName::new(link))));
            }
            Found::Node(_, _, Node::Dir(_)) => {
                return Err(refused(entry, malformed("TAR-8", "a hard link to itself or to a directory")));
            }
            Found::Node(target_dir, target_name, node) => self.model.inode(target_dir, target_name, node),
            Found::Nothing => self.below.inode(link, &mut self.model),
        };
        let names = self.model.inodes[inode as usize].names + 1;
        within("LINKS_PER_INODE_MAX", LINKS_PER_INODE_MAX, names).map_err(|fault| refused(entry, fault))?;
        match self.model.inodes[inode as usize].below {
            None => self.sink.link(entry, before)?,
            Some(copy) => self.put_link_below(entry, copy, before)?,
        }
        self.model.put(dir, split(name).1, Node::Linked(inode));
        self.model.inodes[inode as usize].names += 1;
        Ok(())
    }

    fn put_link_below(&mut self, entry: &Entry, copy: u32, before: Option<Node>) -> Result<(), Error> {
        let (target, sibling) = self.below.target_and_sibling(copy, &entry.name, &self.model);
        let below = Below { target, sibling };
        self.sink.link_below(entry, below, before)?;
        self.below.add(copy, &entry.name, &self.model);
        Ok(())
    }

    fn count_file(&mut self, entry: &Entry) -> Result<(), Error> {
        let bytes = self.tally.bytes.saturating_add(entry.size);
        within("LAYER_UNPACKED_BYTES_MAX", self.limits.unpacked_bytes, bytes)
            .map_err(|fault| refused(entry, fault))?;
        self.tally.bytes = bytes;
        let whole = blocks(entry.size);
        self.tally.disk_bytes += match &entry.sparse {
            None => whole,
            Some(regions) => whole.min(regions.iter().map(|region| blocks(region.len)).sum()),
        };
        Ok(())
    }

    fn count_special(&mut self, entry: &Entry) {
        if entry.link.len() as u64 > INLINE_LINK_BYTES_MAX {
            self.tally.disk_bytes += DISK_BLOCK_BYTES;
        }
    }

    /// Settles what could only be settled at the end, and keeps what a driver has to know.
    fn settle(mut self) -> Result<Outcome, Error> {
        for path in &self.reserved {
            self.sink.vanish(path)?;
        }
        let whiteouts = self.settle_whiteouts()?;
        let implied = self.settle_implied()?;
        let links_below = self.below.settle(&self.model);
        Ok(Outcome { tally: self.tally, implied, links_below, whiteouts })
    }

    /// A whiteout of something that this layer has too hides the lower one behind it.
    fn settle_whiteouts(&mut self) -> Result<Vec<Whiteout>, Error> {
        let mut paths = Vec::new();
        for (dir, path) in std::mem::take(&mut self.whiteouts) {
            match self.model.child(dir, split(&path).1) {
                Some(Node::Dir(hiding)) => {
                    if self.model.make_hiding(hiding) {
                        self.opaque.push((hiding, path));
                    }
                }
                Some(_) => {}
                None => paths.push((dir, path)),
            }
        }
        let settled = self.model.settle();
        let mut whiteouts = Vec::new();
        for (dir, path) in std::mem::take(&mut self.opaque) {
            if settled.is_live(dir) && !settled.is_covered(dir) && !is_reserved(&path) {
                whiteouts.push(Whiteout::Opaque(path));
            }
        }
        for (dir, path) in paths {
            if settled.is_live(dir) && !settled.is_covered(dir) && !self.model.is_opaque(dir) {
                whiteouts.push(Whiteout::Path(path));
            }
        }
        for whiteout in &whiteouts {
            self.sink.hide(whiteout, &self.model)?;
        }
        Ok(whiteouts)
    }

    fn settle_implied(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        let settled = self.model.settle();
        let mut implied = Vec::new();
        if !self.model.is_named(Dir::ROOT) {
            implied.push(Vec::new());
        }
        for (dir, path) in std::mem::take(&mut self.implied) {
            if !settled.is_live(dir) || self.model.is_named(dir) || is_reserved(&path) {
                continue;
            }
            if settled.is_covered(dir) || self.model.is_hiding(dir) {
                self.sink.renew(&path)?;
            } else {
                implied.push(path);
            }
        }
        Ok(implied)
    }
}

/// A character device 0:0 is what overlayfs takes for a whiteout; here it is one in every driver (TAR-11).
fn is_whiteout_device(entry: &Entry) -> bool {
    entry.kind == Kind::CharDevice && entry.device == crate::tar::Device::default()
}

/// Whether a path of this layer has vanished.
fn is_reserved(path: &[u8]) -> bool {
    matches!(meaning(path), Ok(Meaning::Reserved(_)))
}

fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(DISK_BLOCK_BYTES).saturating_mul(DISK_BLOCK_BYTES)
}

fn refused(entry: &Entry, source: EntryFault) -> Error {
    Error::Entry { number: entry.number, name: EntryName::new(&entry.name), source }
}
