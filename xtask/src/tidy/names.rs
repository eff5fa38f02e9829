//! Names that say nothing, and words that the vocabulary of `STYLE.md` replaces.

use crate::problem::Problem;
use crate::workspace::{File, Tree, without_comment};

/// Names of files and folders under which anything could be.
const FILES: [&str; 6] = ["common", "helpers", "misc", "types", "util", "utils"];
/// Endings of type names that add nothing.
const TYPE_ENDINGS: [&str; 5] = ["Handler", "Impl", "Manager", "Util", "Utils"];
/// Words of other projects for things that have a name here, as parts of our identifiers.
const WORDS: [(&str, &str); 9] = [
    ("conmon", "monitor"),
    ("image_string", "reference"),
    ("layer_dir", "stored layer"),
    ("layer_hash", "diff id or chain id"),
    ("name_string", "reference"),
    ("ref_count", "what roots say, computed"),
    ("refcount", "what roots say, computed"),
    ("shim", "monitor"),
    ("vertex", "step"),
];
/// What declares an identifier of ours.
const DECLARE: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "mod", "const", "static"];

/// Files and identifiers with such a name.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let parts: Vec<&str> = file.path.split('/').map(|part| part.trim_end_matches(".rs")).collect();
        if let Some(name) = parts.iter().find(|part| FILES.contains(part)) {
            let text = format!("`{name}` says nothing: name it after what is in it");
            problems.push(Problem::new(&file.path, 0, text));
        }
        problems.extend(getters(file));
        let refused = declared(file).into_iter().filter_map(|(line, name)| Some((line, refusal(name)?)));
        problems.extend(refused.map(|(line, text)| Problem::new(&file.path, line, text)));
    }
    problems
}

/// Accessors that begin with `get_`. With arguments it is a verb, that of HTTP among others.
fn getters(file: &File) -> Vec<Problem> {
    let getter = |line: &str| -> Option<String> {
        let (_, name) = line.split_once("fn get_")?;
        let (property, _) = name.split_once("(&self)")?;
        Some(format!("`get_{property}`: without `get_`"))
    };
    let found = file.code().filter_map(|(number, line)| Some((number, getter(without_comment(line))?)));
    found.map(|(number, text)| Problem::new(&file.path, number, text)).collect()
}

/// Identifiers that a file declares, with their lines.
fn declared(file: &File) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in file.code() {
        let mut words = without_comment(line).split(|c: char| !c.is_alphanumeric() && c != '_' && c != '"');
        // Text in quotes is no declaration; what comes behind one on the same line is not missed by much.
        while let Some(word) = words.next().filter(|word| !word.contains('"')) {
            if DECLARE.contains(&word) {
                found.extend(words.next().map(|name| (number, name)));
            }
        }
    }
    found
}

fn refusal(name: &str) -> Option<String> {
    if let Some(ending) = TYPE_ENDINGS.iter().find(|ending| name.ends_with(*ending)) {
        return Some(format!("`{name}`: `{ending}` adds nothing, say what it is"));
    }
    let lower = name.to_lowercase();
    let (word, instead) = WORDS.iter().find(|(word, _)| has_part(&lower, word))?;
    Some(format!("`{name}`: not `{word}` but {instead} (STYLE.md, vocabulary)"))
}

/// Whether a snake-case name has these parts in a row.
fn has_part(name: &str, part: &str) -> bool {
    format!("_{name}_").contains(&format!("_{part}_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_file(path: &str, text: &str, expect: usize) {
        assert_eq!(check(&Tree::of(&[(path, text)])).len(), expect, "{path} {text}");
    }

    #[test]
    fn files_are_named_after_what_is_in_them() {
        check_file("crates/a/src/util.rs", "", 1);
        check_file("crates/a/tests/common/mod.rs", "", 1);
        check_file("crates/a/src/utility_bill.rs", "", 0);
    }

    #[test]
    fn identifiers_use_the_vocabulary() {
        let check_line = |line: &str, expect: usize| check_file("crates/a/src/x.rs", line, expect);
        check_line("pub fn get_size(&self) -> u64 {", 1);
        check_line("fn get_blob(&self, digest: &Digest) {", 0);
        check_line("struct LayerManager;", 1);
        check_line("pub(crate) enum Shim {", 1);
        check_line("const IMAGE_STRING: u8 = 1;", 1);
        check_line("fn shimmer(handler: Handler) {} // fn get_x", 0);
        check_line("let text = \"fn get_x\";", 0);
    }
}
