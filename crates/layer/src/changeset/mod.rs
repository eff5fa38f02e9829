//! What a layer means (decision 6): the entries of its archive, read in order, become a tree of this layer's own
//! with notes on what it does to the layers below.
//!
//! [`read`] is that reading, written once. A [`Sink`] is told what happens and makes of it what it is for: files
//! below a directory, an index, or nothing at all. So every driver refuses the same layers and agrees on the
//! same facts.
//!
//! The rules: an entry replaces what this layer has at its path, a directory over a directory only brings new
//! metadata. Parents that are not named are implied. Whiteouts and opaque markers act on lower layers, and are
//! therefore settled when the archive has been read to its end. A hard link's target is looked for among the
//! entries before it, then in the layers below. Paths are literal: no link is ever followed.

mod copies;
mod facts;
mod model;
mod reading;
mod sink;
mod whiteout;

pub use facts::{Facts, LinkBelow, Whiteout};
pub use model::{Dir, Model, Node};
pub use reading::read;
pub use sink::{Below, Nothing, Sink};
