//! Looking at directory trees: whether two are the same, and whether a folder that nobody may touch is as it
//! was.
//!
//! ```
//! use testkit::store_check::{Aspects, Canary, Tree};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let canary = Canary::plant(&folder.path().join("canary"));
//! std::fs::write(folder.path().join("file"), "x").unwrap();
//! canary.check();
//!
//! let before = Tree::read(folder.path()).unwrap();
//! before.expect_same(&Tree::read(folder.path()).unwrap(), &Aspects::all());
//! ```

mod canary;
mod compare;
mod search;
#[cfg(test)]
mod tests;
mod tree;

pub use canary::Canary;
pub use compare::{Aspects, compare};
pub use search::files_with;
pub use tree::{Node, NodeKind, Tree};
