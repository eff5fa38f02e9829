//! Files and crates stay small enough to be read. Functions are Clippy's.

use std::collections::BTreeMap;

use crate::problem::Problem;
use crate::workspace::Tree;

/// Lines of a file that one still reads in a sitting; more is worth a look.
const CODE_LINES: usize = 400;
/// Lines of any file, tests included: nobody finds anything in a longer one.
const FILE_LINES_MAX: usize = 800;
/// Lines of a `lib.rs`, which is documentation and names of modules only.
const LIB_LINES_MAX: usize = 120;
/// Lines of a crate at which to ask whether it has a seam.
const CRATE_LINES: usize = 8000;

/// Files beyond a limit.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let lines = file.text.lines().count();
        let limit = if file.name() == "lib.rs" { LIB_LINES_MAX } else { FILE_LINES_MAX };
        if lines > limit {
            problems.push(Problem::new(
                &file.path,
                0,
                format!("{lines} lines, and {limit} is the limit: split it"),
            ));
        }
    }
    problems
}

/// Files and crates that have grown long.
pub(crate) fn notes(tree: &Tree) -> Vec<Problem> {
    let mut notes = Vec::new();
    let mut crates: BTreeMap<&str, usize> = BTreeMap::new();
    for file in tree.rust() {
        let lines = file.code().count();
        *crates.entry(file.krate()).or_default() += lines;
        if lines > CODE_LINES {
            notes.push(Problem::new(&file.path, 0, format!("{lines} lines of code, over {CODE_LINES}")));
        }
    }
    let large = crates.into_iter().filter(|(_, lines)| *lines > CRATE_LINES);
    notes.extend(large.map(|(name, lines)| {
        Problem::new(name, 0, format!("{lines} lines of code, over {CRATE_LINES}: does it have a seam?"))
    }));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, lines: usize) -> Tree {
        Tree::of(&[(path, &"// a line\n".repeat(lines))])
    }

    #[test]
    fn long_files_fail() {
        assert_eq!(check(&tree("crates/a/src/x.rs", 800)), []);
        assert_eq!(check(&tree("crates/a/src/x.rs", 801)).len(), 1);
        assert_eq!(check(&tree("crates/a/src/x/tests.rs", 801)).len(), 1);
        assert_eq!(check(&tree("crates/a/src/lib.rs", 121)).len(), 1);
        assert_eq!(check(&tree("docs/x.md", 1000)), []);
    }

    #[test]
    fn longish_files_and_large_crates_are_noted() {
        assert_eq!(notes(&tree("crates/a/src/x.rs", 400)), []);
        assert_eq!(notes(&tree("crates/a/src/x.rs", 401)).len(), 1);
        assert_eq!(notes(&tree("crates/a/src/x/tests.rs", 500)), []);
        assert_eq!(notes(&tree("crates/a/src/x.rs", 8001)).len(), 2);
    }
}
