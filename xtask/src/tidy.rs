//! What `STYLE.md` asks for and no compiler checks.

pub(crate) mod rules;

use crate::problem::Problem;
use crate::workspace::Tree;

/// Everything that has to be mended.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let _ = tree;
    Vec::new()
}

/// What is worth knowing and no failure.
pub(crate) fn notes(tree: &Tree) -> Vec<Problem> {
    let _ = tree;
    Vec::new()
}
