//! What `STYLE.md` asks for and no compiler checks. One file per check; each has its own small made-up trees.

mod docs;
mod limits;
mod markers;
mod names;
mod orphans;
mod paths;
mod promises;
pub(crate) mod rules;
mod size;
mod traits;
mod words;

use crate::problem::Problem;
use crate::workspace::Tree;

/// Everything that has to be mended.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let checks = [
        docs::check,
        limits::check,
        markers::check,
        names::check,
        orphans::check,
        paths::check,
        promises::check,
        rules::check,
        size::check,
        traits::check,
        words::check,
    ];
    let mut problems: Vec<Problem> = checks.iter().flat_map(|check| check(tree)).collect();
    problems.sort();
    problems
}

/// What is worth knowing and no failure.
pub(crate) fn notes(tree: &Tree) -> Vec<Problem> {
    size::notes(tree)
}

#[cfg(test)]
mod tests {
    use crate::problem::assert_none;
    use crate::workspace::{Tree, root};

    #[test]
    fn the_sources_are_tidy() {
        assert_none(&super::check(&Tree::load(&root()).unwrap()));
    }
}
