//! Paths of the project that documentation and comments name do exist.

use crate::problem::Problem;
use crate::workspace::{File, Tree};

/// What such a path begins with.
const BEGINNINGS: [&str; 5] = [".ci/", "crates/", "docs/", "scripts/", "xtask/"];

/// Paths in backquotes that lead nowhere.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let files = tree.files.iter().filter(|file| file.path.ends_with(".md") || file.path.ends_with(".rs"));
    files.flat_map(|file| dead(tree, file)).collect()
}

fn dead(tree: &Tree, file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, text) in prose(file) {
        for path in text.split('`').skip(1).step_by(2).filter(|quoted| is_path(quoted)) {
            if !exists(tree, path) {
                problems.push(Problem::new(&file.path, number, format!("there is no {path}")));
            }
        }
    }
    problems
}

/// The lines of a text; of sources the comments, since only these speak of paths.
fn prose(file: &File) -> Vec<(usize, &str)> {
    if file.path.ends_with(".rs") {
        file.code().filter_map(|(number, line)| Some((number, line.split_once("//")?.1))).collect()
    } else {
        file.text.lines().enumerate().map(|(at, line)| (at + 1, line)).collect()
    }
}

/// Whether a quoted text is a path as it stands: no placeholder in it, such as `NNNN` or `<name>`.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let placeholder = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
        && text.chars().all(plain)
        && !text.split(['/', '-']).any(placeholder)
}

fn exists(tree: &Tree, path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    tree.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_paths_exist() {
        let check_text = |path: &str, text: &str, expect: usize| {
            let found = check(&Tree::of(&[(path, text), ("docs/on-disk.md", ""), ("scripts/test", "")]));
            assert_eq!(found.len(), expect, "{text}");
        };
        check_text("README.md", "see `docs/on-disk.md`, `scripts/` and `scripts/test`", 0);
        check_text("README.md", "see `docs/on-disc.md`", 1);
        check_text(
            "README.md",
            "as `docs/adr/NNNN-title.md`, `crates/X.rs`, `docs/<x>.md`; docs/x.md, `other/x`",
            0,
        );
        check_text("crates/a/src/x.rs", "// As `docs/x.md` says.", 1);
        check_text("crates/a/src/x.rs", "let x = \"`docs/x.md`\";", 0);
    }
}
