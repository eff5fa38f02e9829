//! Files of lower layers that a layer has hard links to, and the copies that these become (TAR-8).

use std::collections::{HashMap, HashSet};

use super::facts::LinkBelow;
use super::model::{Found, Inode, Model, Node};

/// The files of lower layers that this layer has links to.
#[derive(Debug, Default)]
pub(super) struct Copies {
    targets: Vec<Vec<u8>>,
    /// The inode that stands for the copy, by target.
    inodes: HashMap<Vec<u8>, u32>,
    /// A name of each copy that was made last.
    siblings: Vec<Vec<u8>>,
    links: Vec<(u32, Vec<u8>)>,
}

impl Copies {
    /// The inode that stands for the copy of a target.
    pub(super) fn inode(&mut self, target: &[u8], model: &mut Model) -> u32 {
        if let Some(inode) = self.inodes.get(target) {
            return *inode;
        }
        let inode = model.inodes.len() as u32;
        model.inodes.push(Inode { names: 0, below: Some(self.targets.len() as u32) });
        self.targets.push(target.to_vec());
        self.siblings.push(Vec::new());
        self.inodes.insert(target.to_vec(), inode);
        inode
    }

    /// The file that is copied, and a name that the copy has already beside `path`.
    pub(super) fn target_and_sibling(&self, copy: u32, path: &[u8], model: &Model) -> (&[u8], Option<&[u8]>) {
        let sibling = &self.siblings[copy as usize][..];
        let is_there = sibling != path && self.is_name_of(copy, sibling, model);
        (&self.targets[copy as usize], is_there.then_some(sibling))
    }

    /// Notes that the copy has one more name.
    pub(super) fn add(&mut self, copy: u32, path: &[u8], model: &Model) {
        if self.target_and_sibling(copy, path, model).1.is_none() {
            self.siblings[copy as usize] = path.to_vec();
        }
        self.links.push((copy, path.to_vec()));
    }

    /// Whether a path is, now, a name of the copy.
    fn is_name_of(&self, copy: u32, path: &[u8], model: &Model) -> bool {
        let Found::Node(_, _, Node::Linked(inode)) = model.find(path) else { return false };
        !path.is_empty() && model.inodes[inode as usize].below == Some(copy)
    }

    /// The links that are still there, each once.
    pub(super) fn settle(&self, model: &Model) -> Vec<LinkBelow> {
        let mut seen = HashSet::new();
        let is_left = |(copy, path): &&(u32, Vec<u8>)| self.is_name_of(*copy, path, model);
        self.links
            .iter()
            .filter(is_left)
            .filter(|(_, path)| seen.insert(&path[..]))
            .map(|(copy, path)| LinkBelow {
                path: path.clone(),
                target: self.targets[*copy as usize].clone(),
            })
            .collect()
    }
}
