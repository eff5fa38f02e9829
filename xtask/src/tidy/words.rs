//! Words that do not belong into the project: paths of somebody's machine, hosts of packages.

use crate::problem::Problem;
use crate::workspace::Tree;

/// In two parts, or this file had them.
const WORDS: [&str; 8] = [
    concat!("/wo", "rk/"),
    concat!("/far", "m/"),
    concat!("/home", "/"),
    concat!("bash", "_jobs"),
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("registry.", "npmjs"),
    concat!("deb.", "debian"),
];
/// Written by cargo.
const SKIPPED: &str = "Cargo.lock";

/// Lines with such a word.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.files.iter().filter(|file| file.path != SKIPPED) {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(word) = WORDS.iter().find(|word| has(line, word)) {
                problems.push(Problem::new(&file.path, at + 1, format!("`{word}` does not belong here")));
            }
        }
    }
    problems
}

/// Whether a word begins there: a path may well have such a folder further down.
fn has(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | '>');
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_machine_are_found() {
        let check_line = |line: &str, expect: usize| {
            assert_eq!(check(&Tree::of(&[("docs/x.md", line)])).len(), expect, "{line}");
        };
        for word in WORDS {
            check_line(&format!("see `{word}x`"), 1);
            check_line(&format!("see {word}x"), 1);
        }
        check_line(&format!("snapshots/<key>{}index", WORDS[0]), 0);
        assert_eq!(check(&Tree::of(&[(SKIPPED, WORDS[4])])), []);
    }
}
