//! The tree of a layer as far as it has been read: which paths it has, and what stands there.
//!
//! A path is found component by component under the key (directory, name), so that a directory that is
//! replaced takes all that was in it along without being searched. Names are not kept: keys are 64-bit hashes
//! with a secret that is new in every process, so that nobody can aim for a collision, and at the largest
//! allowed number of entries one is expected in a million layers. An entry takes some twenty bytes.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use crate::name::split;

/// A directory of the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dir(pub(super) u32);

impl Dir {
    /// The root of the tree.
    pub const ROOT: Dir = Dir(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a layer has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// A directory.
    Dir(Dir),
    /// Anything else with this one name.
    File,
    /// A file with several names.
    Linked(u32),
}

#[derive(Clone, Copy, Debug, Default)]
struct DirState {
    parent: u32,
    is_named: bool,
    /// Nothing of lower layers shows in it.
    is_opaque: bool,
    /// Not even a lower directory at its own place counts for anything.
    is_hiding: bool,
    /// It, or a directory around it, came after something that was no directory: that has replaced whatever
    /// lower layers have there.
    is_replacing: bool,
    /// Something else took its place.
    is_replaced: bool,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'p> {
    /// This, under a name in a directory.
    Node(Dir, &'p [u8], Node),
    /// Nothing of this layer; a lower one may have something.
    Nothing,
    /// Nothing, and what lower layers have there is gone: this layer put something that is no directory in the
    /// way, now or before.
    Blocked,
}

/// The components of a normalised path.
pub(super) fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|component| !component.is_empty())
}

/// A file with several names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inode {
    pub(super) names: u64,
    /// Which of the targets below it is a copy of, when it is one.
    pub(super) below: Option<u32>,
}

/// The tree read so far.
#[derive(Debug)]
pub struct Model {
    nodes: HashMap<u64, u32, BuildHasherDefault<Ready>>,
    dirs: Vec<DirState>,
    pub(super) inodes: Vec<Inode>,
    secret: RandomState,
    /// The parent that was asked for last: most entries stand in the same directory as the one before.
    last: (Vec<u8>, Dir),
}

const TAG_BITS: u32 = 2;
const TAG_DIR: u32 = 0;
const TAG_FILE: u32 = 1;
const TAG_LINKED: u32 = 2;
/// Not a node: a whiteout that was noted, so that it is noted once.
const TAG_WHITEOUT: u32 = 3;

impl Node {
    fn pack(self) -> u32 {
        match self {
            Node::Dir(dir) => dir.0 << TAG_BITS | TAG_DIR,
            Node::File => TAG_FILE,
            Node::Linked(inode) => inode << TAG_BITS | TAG_LINKED,
        }
    }

    fn unpack(packed: u32) -> Node {
        match packed & 3 {
            TAG_DIR => Node::Dir(Dir(packed >> TAG_BITS)),
            TAG_LINKED => Node::Linked(packed >> TAG_BITS),
            _ => Node::File,
        }
    }
}

impl Model {
    pub(super) fn new() -> Model {
        Model {
            nodes: HashMap::default(),
            dirs: vec![DirState::default()],
            inodes: Vec::new(),
            secret: RandomState::new(),
            last: (Vec::new(), Dir::ROOT),
        }
    }

    fn key(&self, dir: Dir, name: &[u8], tag: u32) -> u64 {
        let mut hasher = self.secret.build_hasher();
        hasher.write_u32(dir.0);
        hasher.write_u32(tag);
        hasher.write(name);
        hasher.finish()
    }

    /// What the layer has under a name in one of its directories.
    pub fn child(&self, dir: Dir, name: &[u8]) -> Option<Node> {
        self.nodes.get(&self.key(dir, name, TAG_DIR)).map(|packed| Node::unpack(*packed))
    }

    /// The layer's directory at a path, if it has one.
    pub fn dir_at(&self, path: &[u8]) -> Option<Dir> {
        if path.is_empty() {
            return Some(Dir::ROOT);
        }
        match self.find(path) {
            Found::Node(_, _, Node::Dir(dir)) => Some(dir),
            _ => None,
        }
    }

    /// Where a path leads in the tree read so far.
    pub(super) fn find<'p>(&self, path: &'p [u8]) -> Found<'p> {
        let (parent, name) = split(path);
        let mut dir = Dir::ROOT;
        match self.recall(parent) {
            Some(known) => dir = known,
            None => {
                for component in components(parent) {
                    match self.child(dir, component) {
                        Some(Node::Dir(child)) => dir = child,
                        Some(_) => return Found::Blocked,
                        None => return self.absent(dir),
                    }
                }
            }
        }
        self.child(dir, name).map_or_else(|| self.absent(dir), |node| Found::Node(dir, name, node))
    }

    fn absent<'p>(&self, dir: Dir) -> Found<'p> {
        if self.dirs[dir.index()].is_replacing { Found::Blocked } else { Found::Nothing }
    }

    /// Whether the layer has a directory with an entry of its own, not one that is only implied.
    pub fn is_named(&self, dir: Dir) -> bool {
        self.dirs[dir.index()].is_named
    }

    /// Whether a directory hides what lower layers have in it.
    pub fn is_opaque(&self, dir: Dir) -> bool {
        self.dirs[dir.index()].is_opaque
    }

    pub(super) fn name_dir(&mut self, dir: Dir) {
        self.dirs[dir.index()].is_named = true;
    }

    /// Makes a directory hide what lower layers have in it; false when it did already.
    pub(super) fn make_opaque(&mut self, dir: Dir) -> bool {
        !std::mem::replace(&mut self.dirs[dir.index()].is_opaque, true)
    }

    /// Makes a directory hide what lower layers have at its place; false when it was opaque already.
    pub(super) fn make_hiding(&mut self, dir: Dir) -> bool {
        self.dirs[dir.index()].is_hiding = true;
        self.make_opaque(dir)
    }

    /// Adds a directory where there was none; `is_replacing` when there was something else of this layer.
    pub(super) fn add_dir(&mut self, parent: Dir, name: &[u8], is_replacing: bool) -> Dir {
        let dir = Dir(self.dirs.len() as u32);
        let is_replacing = is_replacing || self.dirs[parent.index()].is_replacing;
        self.dirs.push(DirState { parent: parent.0, is_replacing, ..DirState::default() });
        self.put(parent, name, Node::Dir(dir));
        dir
    }

    /// Puts something under a name.
    pub(super) fn put(&mut self, parent: Dir, name: &[u8], node: Node) {
        let key = self.key(parent, name, TAG_DIR);
        let before = self.nodes.insert(key, node.pack()).map(Node::unpack);
        match before {
            Some(Node::Dir(dir)) => {
                self.dirs[dir.index()].is_replaced = true;
                self.last = (Vec::new(), Dir::ROOT);
            }
            Some(Node::Linked(inode)) => self.inodes[inode as usize].names -= 1,
            Some(Node::File) | None => {}
        }
    }

    /// Notes a whiteout; false when it was noted before.
    pub(super) fn note_whiteout(&mut self, parent: Dir, name: &[u8]) -> bool {
        let key = self.key(parent, name, TAG_WHITEOUT);
        self.nodes.insert(key, TAG_WHITEOUT).is_none()
    }

    /// The file at a name as one that can have several: its inode, made when there is none yet.
    pub(super) fn inode(&mut self, parent: Dir, name: &[u8], node: Node) -> u32 {
        if let Node::Linked(inode) = node {
            return inode;
        }
        let inode = self.inodes.len() as u32;
        self.inodes.push(Inode { names: 1, below: None });
        let key = self.key(parent, name, TAG_DIR);
        self.nodes.insert(key, Node::Linked(inode).pack());
        inode
    }

    pub(super) fn remember(&mut self, path: &[u8], dir: Dir) {
        self.last.0.clear();
        self.last.0.extend_from_slice(path);
        self.last.1 = dir;
    }

    pub(super) fn recall(&self, path: &[u8]) -> Option<Dir> {
        (self.last.0 == path).then_some(self.last.1)
    }

    /// What became of each directory. Parents stand before their children.
    pub(super) fn settle(&self) -> Settled {
        let mut settled: Vec<SettledDir> = Vec::with_capacity(self.dirs.len());
        for (i, dir) in self.dirs.iter().enumerate() {
            let parent =
                (i > 0).then(|| (settled[dir.parent as usize], self.dirs[dir.parent as usize].is_opaque));
            settled.push(SettledDir {
                is_live: parent.is_none_or(|(parent, _)| parent.is_live && !dir.is_replaced),
                is_covered: parent.is_some_and(|(parent, is_opaque)| parent.is_covered || is_opaque),
            });
        }
        Settled { dirs: settled }
    }

    /// Whether nothing that lower layers have at a directory's own place shows.
    pub(super) fn is_hiding(&self, dir: Dir) -> bool {
        self.dirs[dir.index()].is_hiding
    }
}

/// What became of the directories when the archive was read to its end.
#[derive(Debug)]
pub(super) struct Settled {
    dirs: Vec<SettledDir>,
}

#[derive(Clone, Copy, Debug)]
struct SettledDir {
    is_live: bool,
    is_covered: bool,
}

impl Settled {
    /// Whether it is still part of the tree.
    pub(super) fn is_live(&self, dir: Dir) -> bool {
        self.dirs[dir.index()].is_live
    }

    /// Whether a directory around it is opaque.
    pub(super) fn is_covered(&self, dir: Dir) -> bool {
        self.dirs[dir.index()].is_covered
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
