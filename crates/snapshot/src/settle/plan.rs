//! What the settling layer of a stack has to hold; a pure reading of the layers, nothing is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::effects::{TreePath, escape};
use crate::error::{Error, Result};
use crate::settle::probe::{Found, probe};
use crate::settle::{LayerTree, split};

/// What has to be made, by path, parents before their children.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) ops: BTreeMap<TreePath, Op>,
}

/// One thing to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// A directory with the metadata of another; what layers below have in it stays visible.
    Directory(Origin),
    /// A copy of a file; equal ones are names of one copy.
    Copy {
        /// What is copied.
        origin: Origin,
        /// What the link said: the layer that has it, and its target there.
        link: Origin,
    },
}

/// A path in one of the stack's layers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    /// The layer's place in the stack, 0 at the bottom.
    pub(crate) layer: usize,
    /// The path in it.
    pub(crate) path: TreePath,
}

impl Plan {
    /// Reads a stack, bottom first.
    pub(crate) fn of(layers: &[LayerTree]) -> Result<Plan> {
        let mut plan = Plan::default();
        let mut seen: HashSet<&[u8]> = HashSet::new();
        for path in layers.iter().flat_map(|layer| &layer.effects.implied) {
            if seen.insert(path) {
                plan.settle_directory(layers, path)?;
            }
        }
        plan.settle_links(layers)?;
        plan.add_parents(layers)?;
        Ok(plan)
    }

    /// Has the root made too, where a directory is needed whatever is in it.
    pub(crate) fn add_root(&mut self, layers: &[LayerTree]) -> Result<()> {
        if let Some(origin) = metadata_origin(layers, b"")? {
            self.ops.entry(TreePath::new()).or_insert(Op::Directory(origin));
        }
        Ok(())
    }

    /// The topmost layer that has the directory decides how it looks, unless it only implies it.
    fn settle_directory(&mut self, layers: &[LayerTree], path: &[u8]) -> Result<()> {
        let Some((holder, Found::Directory)) = top_holder(layers, path)? else { return Ok(()) };
        if !layers[holder].effects.implied.contains(path) {
            return Ok(());
        }
        let origin = metadata_origin(layers, path)?;
        if let Some(origin) = origin.filter(|origin| origin.layer != holder) {
            self.ops.insert(path.to_vec(), Op::Directory(origin));
        }
        Ok(())
    }

    /// Finds the files that links into lower layers are copies of. Bottom up, so that a link to a link leads
    /// to the file at once.
    fn settle_links(&mut self, layers: &[LayerTree]) -> Result<()> {
        let mut known: HashMap<Origin, Origin> = HashMap::new();
        for (index, layer) in layers.iter().enumerate() {
            for link in &layer.effects.links {
                let own = Origin { layer: index, path: link.target.clone() };
                let target = match known.get(&own) {
                    Some(origin) => origin.clone(),
                    None => lower_file(&layers[..index], &link.target, &known)?
                        .ok_or_else(|| no_target(layer, &link.path, &link.target))?,
                };
                known.insert(Origin { layer: index, path: link.path.clone() }, target.clone());
                if top_holder(layers, &link.path)? == Some((index, Found::Other)) {
                    self.ops.insert(link.path.clone(), Op::Copy { origin: target, link: own });
                }
            }
        }
        Ok(())
    }

    /// The settling layer needs the directories on the way too, and they must be as they are without it.
    fn add_parents(&mut self, layers: &[LayerTree]) -> Result<()> {
        let paths: Vec<TreePath> = self.ops.keys().cloned().collect();
        for path in paths {
            let mut at = path.as_slice();
            while !at.is_empty() {
                at = split(at).0;
                if self.ops.contains_key(at) {
                    continue;
                }
                if let Some(origin) = metadata_origin(layers, at)? {
                    self.ops.insert(at.to_vec(), Op::Directory(origin));
                }
            }
        }
        Ok(())
    }
}

/// The topmost layer that has something visible at a path.
fn top_holder(layers: &[LayerTree], path: &[u8]) -> Result<Option<(usize, Found)>> {
    for (index, layer) in layers.iter().enumerate().rev() {
        let probe = probe(&layer.files, path)?;
        if probe.found != Found::Nothing {
            return Ok(Some((index, probe.found)));
        }
        if probe.covers {
            break;
        }
    }
    Ok(None)
}

/// Whose metadata the directory at a path has in the merged view: the topmost that names it, else the lowest
/// that implies it.
fn metadata_origin(layers: &[LayerTree], path: &[u8]) -> Result<Option<Origin>> {
    let mut implied_by = None;
    for (index, layer) in layers.iter().enumerate().rev() {
        let probe = probe(&layer.files, path)?;
        if probe.found == Found::Directory {
            implied_by = Some(Origin { layer: index, path: path.to_vec() });
            if !layer.effects.implied.contains(path) {
                break;
            }
        }
        // What is no directory below does not lend its metadata.
        if probe.covers {
            break;
        }
    }
    Ok(implied_by)
}

/// The file that the merged view of some layers has at a path.
fn lower_file(layers: &[LayerTree], path: &[u8], known: &HashMap<Origin, Origin>) -> Result<Option<Origin>> {
    Ok(match top_holder(layers, path)? {
        Some((layer, Found::Other)) => {
            let origin = Origin { layer, path: path.to_vec() };
            Some(known.get(&origin).cloned().unwrap_or(origin))
        }
        _ => None,
    })
}

fn no_target(layer: &LayerTree, path: &[u8], target: &[u8]) -> Error {
    Error::LinkTarget { diff_id: layer.diff_id.clone(), name: escape(path), target: escape(target) }
}
