//! Nothing is left for later unless an issue says so.

use crate::problem::Problem;
use crate::workspace::Tree;

/// Words that need the number of an issue on their line, such as `#12`. In two parts, or this file had them.
const NEED_AN_ISSUE: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("#[ig", "nore")];
/// Words that no issue excuses: they panic.
const NEVER: [&str; 2] = [concat!("todo", "!("), concat!("unimplemented", "!(")];

/// Lines with such a word.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &tree.files {
        for (at, line) in file.text.lines().enumerate() {
            let needs = NEED_AN_ISSUE.iter().find(|word| has_word(line, word) && !names_issue(line));
            if let Some(word) = needs {
                problems.push(Problem::new(
                    &file.path,
                    at + 1,
                    format!("{word} without an issue such as #12"),
                ));
            }
            if let Some(word) = NEVER.iter().find(|word| has_word(line, word)) {
                problems.push(Problem::new(
                    &file.path,
                    at + 1,
                    format!("{word}…) panics: do it or refuse it"),
                ));
            }
        }
    }
    problems
}

fn names_issue(line: &str) -> bool {
    line.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a word stands alone: not in a longer one, such as an identifier or a run of the same letter.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let alone = |before: &str, after: &str| !before.ends_with(part) && !after.starts_with(part);
        let open_ended = !word.ends_with(part);
        let after = if open_ended { "" } else { &line[at + word.len()..] };
        alone(&line[..at], after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_waits_without_an_issue() {
        let check_line = |line: &str, expect: usize| {
            assert_eq!(check(&Tree::of(&[("crates/a/src/x.rs", line)])).len(), expect, "{line}");
        };
        for word in NEED_AN_ISSUE {
            check_line(&format!("a(); // {word} later"), 1);
            check_line(&format!("a(); // {word} later, #12"), 0);
        }
        for word in NEVER {
            check_line(&format!("    {word}\"#12\")"), 1);
        }
        check_line("mktemp /tmp/x-XXXXXX, MY_TODOS", 0);
    }
}
