//! Settling, for one stack, what its layers could not settle for themselves: one small layer on top that gives
//! implied directories the metadata they have below, and puts copies where links lead into lower layers.
//!
//! Layers are read here as overlay file systems read them: a 0:0 character device is a whiteout, a directory
//! with `trusted.overlay.opaque` hides what is below it.

mod plan;
mod probe;

pub(crate) use plan::{Op, Origin, Plan};

use disk::Dir;
use spec::DiffId;

use crate::effects::Effects;

/// One layer of a stack: its files, and its effects on what is below.
#[derive(Debug)]
pub(crate) struct LayerTree {
    pub(crate) diff_id: DiffId,
    pub(crate) files: Dir,
    pub(crate) effects: Effects,
}
