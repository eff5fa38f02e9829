//! What was changed between two trees, as a list and as the archive of a layer.
//!
//! The comparison is by path, without following links. A directory is changed when something in it is, as Docker's
//! lists have it; of what was removed only the top is listed. The same changes give the same bytes.

mod compare;
mod write;

use disk::tree::Tree;

pub use compare::compare;
pub use write::write;

/// What became of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It is there and differs, or something in it does.
    Modified,
    /// It was not there before.
    Added,
    /// It is not there any more.
    Deleted,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Its path below the root, without a slash before it.
    pub path: Vec<u8>,
    /// What became of it.
    pub kind: ChangeKind,
}

/// Two trees, and where to look.
#[derive(Clone, Copy, Debug)]
pub struct Trees<'t> {
    /// As it was.
    pub before: &'t Tree,
    /// As it is.
    pub now: &'t Tree,
    /// Where it is known: the directory of an overlay that holds just what was touched, with whiteouts as 0:0
    /// character devices and opaque directories marked by `trusted.overlay.opaque`.
    pub touched: Option<&'t Tree>,
}

#[cfg(test)]
mod tests;
