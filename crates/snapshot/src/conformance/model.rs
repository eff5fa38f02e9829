//! The merge rule once more, as plainly as it can be written: what every driver's trees are compared with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use layer::tar::{Device, Header, Kind, Time};

/// One entry of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) header: Header,
    pub(crate) data: Vec<u8>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mtime: Time,
    pub(crate) xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Content of a file, target of a symlink.
    pub(crate) data: Vec<u8>,
    pub(crate) device: Device,
    /// Equal for names of one file.
    pub(crate) inode: u64,
}

/// A tree by path; the root is the empty one.
pub(crate) type Tree = BTreeMap<Vec<u8>, Node>;

/// A layer or stack that must be refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// The tree of a stack, bottom first.
pub(crate) fn merged(layers: &[Vec<Item>]) -> Result<Tree, Refused> {
    let mut inodes = 1..;
    let mut tree = Tree::from([(Vec::new(), new_directory())]);
    for layer in layers {
        tree = Own::read(layer, &tree, &mut inodes)?.over(tree);
    }
    Ok(tree)
}

fn new_directory() -> Node {
    Node {
        kind: Kind::Directory,
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: Time::default(),
        xattrs: BTreeMap::new(),
        data: Vec::new(),
        device: Device::default(),
        inode: 0,
    }
}

/// What one layer has.
struct Own {
    nodes: Tree,
    /// Directories that the layer names.
    named: BTreeSet<Vec<u8>>,
    /// Paths where nothing of the lower layers is seen, itself included.
    gone: BTreeSet<Vec<u8>>,
    /// Directories in which nothing of the lower layers is seen.
    opaque: BTreeSet<Vec<u8>>,
}

impl Own {
    fn read(layer: &[Item], below: &Tree, inodes: &mut impl Iterator<Item = u64>) -> Result<Own, Refused> {
        let mut own = Own {
            nodes: Tree::from([(Vec::new(), new_directory())]),
            named: BTreeSet::new(),
            gone: BTreeSet::new(),
            opaque: BTreeSet::new(),
        };
        let mut copies: HashMap<Vec<u8>, Node> = HashMap::new();
        for item in layer {
            own.take(item, below, inodes, &mut copies)?;
        }
        // A link to nothing does no harm once something else has taken its place.
        match own.nodes.values().any(|node| node.kind == Kind::HardLink) {
            true => Err(Refused),
            false => Ok(own),
        }
    }

    fn take(
        &mut self,
        item: &Item,
        below: &Tree,
        inodes: &mut impl Iterator<Item = u64>,
        copies: &mut HashMap<Vec<u8>, Node>,
    ) -> Result<(), Refused> {
        let path = &item.header.name;
        let (parent, name) = split(path);
        if !path.is_empty() {
            self.imply(parent)?;
        }
        if name == b".wh..wh..opq" {
            self.opaque.insert(parent.to_vec());
            return Ok(());
        }
        if let Some(hidden) = name.strip_prefix(b".wh.") {
            self.gone.insert(join(parent, hidden));
            return Ok(());
        }
        if item.header.kind == Kind::CharDevice && item.header.device == Device::default() {
            self.gone.insert(path.clone());
            return Ok(());
        }
        let node = match item.header.kind {
            Kind::HardLink => self.linked(item, below, inodes, copies)?,
            _ => node_of(item, inodes),
        };
        self.put(path, node);
        Ok(())
    }

    fn imply(&mut self, path: &[u8]) -> Result<(), Refused> {
        for parent in prefixes(path) {
            match self.nodes.get(parent) {
                None => {
                    self.nodes.insert(parent.to_vec(), new_directory());
                }
                Some(node) if node.kind == Kind::Directory => {}
                Some(_) => return Err(Refused),
            }
        }
        Ok(())
    }

    fn linked(
        &mut self,
        item: &Item,
        below: &Tree,
        inodes: &mut impl Iterator<Item = u64>,
        copies: &mut HashMap<Vec<u8>, Node>,
    ) -> Result<Node, Refused> {
        let target = &item.header.link;
        let is_file = |node: &Node| node.kind != Kind::Directory;
        if within(target, &item.header.name) {
            return Err(Refused);
        }
        for parent in prefixes(split(target).0) {
            if self.nodes.get(parent).is_some_and(is_file) {
                return Err(Refused);
            }
        }
        if let Some(node) = self.nodes.get(target) {
            return if is_file(node) { Ok(node.clone()) } else { Err(Refused) };
        }
        let Some(node) = below.get(target).filter(|node| is_file(node)) else {
            return Ok(Node { kind: Kind::HardLink, ..new_directory() });
        };
        let copy = copies
            .entry(target.clone())
            .or_insert_with(|| Node { inode: inodes.next().unwrap(), ..node.clone() });
        Ok(copy.clone())
    }

    fn put(&mut self, path: &[u8], node: Node) {
        if node.kind == Kind::Directory {
            self.named.insert(path.to_vec());
            if self.nodes.get(path).is_some_and(|before| before.kind != Kind::Directory) {
                self.gone.insert(path.to_vec());
            }
        } else {
            let inside = |other: &Vec<u8>| within(other, path);
            self.nodes.retain(|other, _| !inside(other));
            self.named.retain(|other| !inside(other));
            self.gone.retain(|other| !inside(other) || other == path);
            self.opaque.retain(|other| !inside(other));
        }
        self.nodes.insert(path.to_vec(), node);
    }

    /// This layer over a tree.
    fn over(self, below: Tree) -> Tree {
        let is_hidden = |path: &Vec<u8>| {
            self.gone.iter().any(|gone| within(path, gone))
                || self.opaque.iter().any(|opaque| path != opaque && within(path, opaque))
                || prefixes(path).any(|p| self.nodes.get(p).is_some_and(|own| own.kind != Kind::Directory))
        };
        let mut tree: Tree = below.into_iter().filter(|(path, _)| !is_hidden(path)).collect();
        for (path, node) in self.nodes {
            let is_implied = node.kind == Kind::Directory && !self.named.contains(&path);
            if tree.get(&path).is_some_and(|lower| lower.kind != Kind::Directory) {
                tree.remove(&path);
            }
            match tree.get_mut(&path) {
                Some(_) if is_implied => {}
                Some(lower) => *lower = node,
                None => drop(tree.insert(path, node)),
            }
        }
        tree
    }
}

fn node_of(item: &Item, inodes: &mut impl Iterator<Item = u64>) -> Node {
    let header = &item.header;
    let is_directory = header.kind == Kind::Directory;
    let data = if header.kind == Kind::Symlink { header.link.clone() } else { item.data.clone() };
    Node {
        kind: header.kind,
        mode: if header.kind == Kind::Symlink { 0o777 } else { header.mode },
        uid: header.uid,
        gid: header.gid,
        mtime: header.mtime,
        xattrs: header.xattrs.iter().map(|xattr| (xattr.name.clone(), xattr.value.clone())).collect(),
        data,
        device: header.device,
        inode: if is_directory { 0 } else { inodes.next().unwrap() },
    }
}

/// Whether a path is another or below it.
fn within(path: &[u8], other: &[u8]) -> bool {
    other.is_empty() || path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// All directories on the way to a path, and itself; without the root.
fn prefixes(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = (0..path.len()).filter(|i| path[*i] == b'/');
    slashes.chain((!path.is_empty()).then_some(path.len())).map(|end| &path[..end])
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}

fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    if parent.is_empty() { name.to_vec() } else { [parent, b"/", name].concat() }
}
