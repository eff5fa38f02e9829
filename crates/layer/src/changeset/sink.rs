//! What a layer is made into.

use super::facts::Whiteout;
use super::model::{Model, Node};
use crate::error::Error;
use crate::stream::Stream;
use crate::tar::{Entry, Member};

/// Takes a layer's tree as it is read. Paths are normalised; parents are announced before their children.
///
/// `before` is what this layer had at the path until now: something that is no directory, or is to become
/// none, has to go first, with all that is in it.
pub trait Sink {
    /// A directory that the layer needs but has not named (yet); the root is always there.
    ///
    /// # Errors
    /// What the sink cannot do.
    fn implied(&mut self, entry: &Entry, path: &[u8]) -> Result<(), Error>;

    /// A directory with its metadata.
    ///
    /// # Errors
    /// What the sink cannot do.
    fn directory(&mut self, entry: &Entry, before: Option<Node>) -> Result<(), Error>;

    /// A regular file; its data may be taken or left.
    ///
    /// # Errors
    /// What the sink cannot do, and a stream that ends too early.
    fn file(&mut self, member: &mut Member<'_, &mut Stream>, before: Option<Node>) -> Result<(), Error>;

    /// A symbolic link, device or FIFO.
    ///
    /// # Errors
    /// What the sink cannot do.
    fn special(&mut self, entry: &Entry, before: Option<Node>) -> Result<(), Error>;

    /// One more name for the file at `entry.link`, which this layer has.
    ///
    /// # Errors
    /// What the sink cannot do.
    fn link(&mut self, entry: &Entry, before: Option<Node>) -> Result<(), Error>;

    /// A name for a copy of a file that a lower layer may have. A sink that has no lower layers leaves the place
    /// empty, for [`Facts::links_below`](super::Facts::links_below).
    ///
    /// # Errors
    /// What the sink cannot do.
    fn link_below(&mut self, entry: &Entry, below: Below<'_>, before: Option<Node>) -> Result<(), Error>;

    /// After the last entry: takes a path of this layer away again, with all that is in it.
    ///
    /// # Errors
    /// What the sink cannot do.
    fn vanish(&mut self, path: &[u8]) -> Result<(), Error>;

    /// After the last entry: hides something of the lower layers, and nothing of this one.
    ///
    /// # Errors
    /// What the sink cannot do.
    fn hide(&mut self, whiteout: &Whiteout, model: &Model) -> Result<(), Error>;

    /// After all that: a directory that stays implied and of which no lower one shows is a new one, with
    /// nothing left of what it may have taken over.
    ///
    /// # Errors
    /// What the sink cannot do.
    fn renew(&mut self, path: &[u8]) -> Result<(), Error>;
}

/// What a link into a lower layer is a name of.
#[derive(Clone, Copy, Debug)]
pub struct Below<'a> {
    /// The file in the merged view of the lower layers.
    pub target: &'a [u8],
    /// A name that this layer already has for the copy, if any.
    pub sibling: Option<&'a [u8]>,
}

/// Makes nothing of a layer: for knowing it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Sink for Nothing {
    fn implied(&mut self, _: &Entry, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn directory(&mut self, _: &Entry, _: Option<Node>) -> Result<(), Error> {
        Ok(())
    }

    fn file(&mut self, _: &mut Member<'_, &mut Stream>, _: Option<Node>) -> Result<(), Error> {
        Ok(())
    }

    fn special(&mut self, _: &Entry, _: Option<Node>) -> Result<(), Error> {
        Ok(())
    }

    fn link(&mut self, _: &Entry, _: Option<Node>) -> Result<(), Error> {
        Ok(())
    }

    fn link_below(&mut self, _: &Entry, _: Below<'_>, _: Option<Node>) -> Result<(), Error> {
        Ok(())
    }

    fn vanish(&mut self, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn hide(&mut self, _: &Whiteout, _: &Model) -> Result<(), Error> {
        Ok(())
    }
    fn renew(&mut self, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}
