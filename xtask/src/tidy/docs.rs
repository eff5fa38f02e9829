//! Each Rust file says at its top what it is.

use crate::problem::Problem;
use crate::workspace::{File, Tree};

/// Files that begin with anything else than a doc comment of some words.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let silent = tree.rust().filter(|file| !says_what_it_is(file));
    silent
        .map(|file| Problem::new(&file.path, 1, "begin with `//!`: what this is and where it sits"))
        .collect()
}

fn says_what_it_is(file: &File) -> bool {
    let first = file.text.lines().next().unwrap_or_default();
    let by_its_name = file.name() == "tests.rs";
    // A word is enough for a file of tests, whose claims are the names of its functions.
    let words = if file.is_test() { 1 } else { 2 };
    by_its_name || first.strip_prefix("//! ").is_some_and(|text| text.split(' ').count() >= words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_begin_with_what_they_are() {
        let check_text = |path: &str, text: &str, expect: usize| {
            assert_eq!(check(&Tree::of(&[(path, text)])).len(), expect, "{text}");
        };
        check_text("crates/a/src/x.rs", "//! The x of an a.\nuse y;\n", 0);
        check_text("crates/a/src/x.rs", "use y;\n", 1);
        check_text("crates/a/src/x.rs", "//! Placeholder.\n", 1);
        check_text("crates/a/tests/it/redirects.rs", "//! Redirects.\n", 0);
        check_text("crates/a/tests/it/redirects.rs", "use a::b;\n", 1);
        check_text("crates/a/src/x.rs", "", 1);
        check_text("crates/a/src/x/tests.rs", "use super::*;\n", 0);
        check_text("README.md", "", 0);
    }
}
