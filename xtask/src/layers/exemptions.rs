//! Clippy and the compiler find forbidden calls; what is left to check is who switches their lints off.

use super::table::Table;
use crate::problem::Problem;
use crate::workspace::{File, Tree};

/// Attributes in code that switch off a guarded lint in a crate that the table does not exempt.
pub(crate) fn check(table: &Table, tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let exempt = table.layer(file.krate()).map_or(&[][..], |layer| &layer.exempt);
        for (line, attribute) in attributes(file) {
            let for_tests = attribute.contains("cfg_attr(test,");
            for lint in table.guarded.iter().filter(|lint| names(&attribute, lint)) {
                if !for_tests && !exempt.contains(lint) {
                    let text = format!("{} is not exempt from {lint} in layers.toml", file.krate());
                    problems.push(Problem::new(&file.path, line, text));
                }
            }
        }
    }
    problems
}

/// The attributes in a file's code, each in one line, with where they begin.
fn attributes(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in file.code() {
        let line = line.trim();
        if open.is_none() && !line.starts_with("#[") && !line.starts_with("#![") {
            continue;
        }
        let (_, text) = open.get_or_insert_with(|| (number, String::new()));
        text.push_str(line);
        if text.matches('[').count() == text.matches(']').count() {
            found.extend(open.take());
        }
    }
    found
}

/// Whether an attribute names a lint, whole: `clippy::exit` is not in `clippy::exit_code`.
fn names(attribute: &str, lint: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    attribute.split(|c| !word(c)).any(|found| found == lint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "
guarded = ['unsafe_code', 'clippy::exit']
crate = [{ name = 'disk', exempt = ['unsafe_code'] }, { name = 'spec' }]
[outside]
";

    fn check_file(path: &str, text: &str, expect: &[usize]) {
        let found = check(&Table::parse(TABLE).unwrap(), &Tree::of(&[(path, text)]));
        assert_eq!(found.iter().map(|problem| problem.line).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn only_exempt_crates_switch_guarded_lints_off() {
        let off = "#![allow(unsafe_code, reason = \"x\")]\n";
        check_file("crates/disk/src/lib.rs", off, &[]);
        check_file("crates/spec/src/lib.rs", off, &[1]);
        check_file("crates/spec/tests/it.rs", off, &[]);
        check_file(
            "crates/spec/src/a.rs",
            "fn a() {}\n#[expect(\n    clippy::exit,\n    reason = \"x\"\n)]\n",
            &[2],
        );
        check_file("crates/disk/src/a.rs", "#[allow(clippy::exit)]\n", &[1]);
        check_file("crates/spec/src/a.rs", "#![cfg_attr(test, allow(clippy::exit))]\n", &[]);
        check_file("crates/spec/src/a.rs", "#[allow(clippy::exit_code)]\n// #[allow(clippy::exit)]\n", &[]);
    }
}
