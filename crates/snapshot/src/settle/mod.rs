//! Settling, for one stack, what its layers could not settle for themselves: one small layer on top that gives
//! implied directories the metadata they have below, and puts copies where links lead into lower layers.
//!
//! Layers are read here as overlay file systems read them: a 0:0 character device is a whiteout, a directory
//! with `trusted.overlay.opaque` hides what is below it.

mod make;
mod plan;
mod probe;

pub(crate) use make::{copy_plain_metadata, parent_of, split};
pub(crate) use plan::{Op, Origin, Plan};
pub(crate) use probe::{OPAQUE, is_opaque};

use disk::tree::Tree;
use spec::DiffId;

use crate::effects::Effects;
use crate::error::Result;
use crate::layers::Layers;

/// One layer of a stack: its files, and its effects on what is below.
#[derive(Debug)]
pub(crate) struct LayerTree {
    pub(crate) diff_id: DiffId,
    pub(crate) files: Tree,
    pub(crate) effects: Effects,
}

impl LayerTree {
    /// Opens a stored layer that can be used; its files lie in the folder of this name.
    pub(crate) fn open(layers: &Layers, diff_id: &DiffId, files: &str) -> Result<LayerTree> {
        let folder = layers.open(diff_id)?;
        let effects = Effects::read(&folder)?;
        Ok(LayerTree { diff_id: diff_id.clone(), files: Tree::at(&folder.dir(files)?)?, effects })
    }
}
