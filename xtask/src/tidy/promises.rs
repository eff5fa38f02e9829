//! What can be serialised is a promise to other versions: `docs/on-disk.md` says what each of them makes of it.

use crate::problem::Problem;
use crate::workspace::{File, Tree};

const PATH: &str = "docs/on-disk.md";
/// Nothing that these write stays; what `spec` knows is said by the specifications.
const EXEMPT: [&str; 3] = ["spec", "testkit", "xtask"];

/// Sources with serialisable types that the page does not name.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let page = tree.file(PATH).map_or("", |file| &file.text);
    let promising = tree.rust().filter(|file| !EXEMPT.contains(&file.krate()));
    let promising = promising.filter_map(|file| Some((file, first_promise(file)?)));
    let text = format!("what is serialised here has no section in {PATH}");
    let unnamed = promising.filter(|(file, _)| !page.contains(&file.path));
    unnamed.map(|(file, line)| Problem::new(&file.path, line, &*text)).collect()
}

fn first_promise(file: &File) -> Option<usize> {
    let derives = |line: &str| {
        let traits = line.trim().strip_prefix("#[derive(").unwrap_or_default();
        traits.trim_end_matches(")]").split(", ").any(|name| name == "Serialize")
    };
    file.code().find(|(_, line)| derives(line)).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialisable_types_are_documented() {
        let check_text = |path: &str, text: &str, page: &str, expect: usize| {
            let found = check(&Tree::of(&[(path, text), (PATH, page)]));
            assert_eq!(found.len(), expect, "{text} {page}");
        };
        let source = "crates/a/src/x.rs";
        check_text(source, "#[derive(Debug, Serialize, Deserialize)]", "", 1);
        check_text(source, "#[derive(Debug, Serialize, Deserialize)]", "### `x` (crates/a/src/x.rs)", 0);
        check_text(source, "#[derive(Deserialize)]", "", 0);
        check_text("crates/testkit/src/x.rs", "#[derive(Serialize)]", "", 0);
        check_text(source, "#[cfg(test)]\nmod tests {\n    #[derive(Serialize)]\n}", "", 0);
    }
}
