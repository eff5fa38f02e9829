//! Every security rule has a test that carries its name: `fn tar_6_…` for TAR-6.
//!
//! `docs/security-rules.txt` has a line for each rule. Those that no test names yet are listed at its end, and
//! that list must be true: a rule in it that has a test fails the check, so it can only shrink.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::problem::Problem;
use crate::workspace::{self, File, Tree};

const PATH: &str = "docs/security-rules.txt";
/// The line behind which the untested rules stand, one a line.
const UNTESTED: &str = "[untested]";

/// The rules file, read.
#[derive(Debug, Default)]
struct Rules<'t> {
    /// Name, and line.
    all: BTreeMap<&'t str, usize>,
    untested: BTreeMap<&'t str, usize>,
}

impl Rules<'_> {
    fn parse(text: &str) -> Rules<'_> {
        let mut rules = Rules::default();
        let mut untested = false;
        for (at, line) in text.lines().enumerate() {
            let name = line.split(' ').next().unwrap_or_default();
            untested |= line == UNTESTED;
            if is_name(name) {
                let list = if untested { &mut rules.untested } else { &mut rules.all };
                list.insert(name, at + 1);
            }
        }
        rules
    }
}

/// `TAR-6`: capitals, a hyphen, a number.
fn is_name(word: &str) -> bool {
    let Some((family, number)) = word.split_once('-') else { return false };
    let all = |text: &str, is: fn(char) -> bool| !text.is_empty() && text.chars().all(is);
    all(family, |c| c.is_ascii_uppercase()) && all(number, |c| c.is_ascii_digit())
}

/// Rules without a test that are not listed as such, and the other way round.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let Some(file) = tree.file(PATH) else { return Vec::new() };
    let rules = Rules::parse(&file.text);
    let tested = tested(&rules, tree);
    let mut problems = Vec::new();
    for (name, line) in &rules.all {
        if !tested.contains_key(name) && !rules.untested.contains_key(name) {
            let text = format!("no test carries the name of {name} (fn {}_…)", function_part(name));
            problems.push(Problem::new(PATH, *line, text));
        }
    }
    for (name, line) in &rules.untested {
        if let Some(test) = tested.get(name).and_then(|tests| tests.first()) {
            let text =
                format!("{name} has a test now ({test}): `cargo xtask rules --write` takes it off the list");
            problems.push(Problem::new(PATH, *line, text));
        } else if !rules.all.contains_key(name) {
            problems.push(Problem::new(PATH, *line, format!("there is no rule {name}")));
        }
    }
    problems
}

/// Prints each rule and the tests that carry its name.
pub(crate) fn list() -> io::Result<Vec<Problem>> {
    let tree = Tree::load(&workspace::root())?;
    let rules = Rules::parse(tree.file(PATH).map_or("", |file| &file.text));
    let tested = tested(&rules, &tree);
    for name in rules.all.keys() {
        println!("{name}: {}", tested.get(name).map_or_else(|| "-".to_owned(), |tests| tests.join(", ")));
    }
    println!("{} of {} rules have a test", tested.len(), rules.all.len());
    Ok(Vec::new())
}

/// Takes the rules that have a test off the list.
pub(crate) fn write() -> io::Result<Vec<Problem>> {
    let root = workspace::root();
    let tree = Tree::load(&root)?;
    let text = tree.file(PATH).map_or("", |file| &file.text);
    std::fs::write(root.join(PATH), shrunk(text, &tree))?;
    Ok(Vec::new())
}

/// The rules file with a shorter list at its end.
fn shrunk(text: &str, tree: &Tree) -> String {
    let rules = Rules::parse(text);
    let tested = tested(&rules, tree);
    let done: BTreeSet<usize> =
        rules.untested.iter().filter(|(name, _)| tested.contains_key(*name)).map(|(_, line)| *line).collect();
    let kept = text.lines().enumerate().filter(|(at, _)| !done.contains(&(at + 1)));
    kept.map(|(_, line)| format!("{line}\n")).collect()
}

/// The rules that have tests, and the names of these.
fn tested<'t>(rules: &Rules<'t>, tree: &'t Tree) -> BTreeMap<&'t str, Vec<&'t str>> {
    let tests: Vec<&str> = tree.rust().flat_map(test_functions).collect();
    let mut tested: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in rules.all.keys().chain(rules.untested.keys()) {
        let part = function_part(name);
        let carry = tests.iter().filter(|test| carries(test, &part)).copied();
        let carry: Vec<&str> = carry.collect();
        if !carry.is_empty() {
            tested.insert(name, carry);
        }
    }
    tested
}

/// `tar_6` for `TAR-6`.
fn function_part(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

fn carries(test: &str, part: &str) -> bool {
    format!("_{test}_").contains(&format!("_{part}_"))
}

/// Names of the functions that stand behind `#[test]`.
fn test_functions(file: &File) -> Vec<&str> {
    let mut found = Vec::new();
    let mut marked = false;
    for line in file.text.lines().map(str::trim) {
        if line == "#[test]" {
            marked = true;
        } else if let Some(rest) = line.strip_prefix("fn ")
            && marked
        {
            found.extend(rest.split(['(', '<']).next());
            marked = false;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            marked = false;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "TAR-1 one reader\nTAR-6 beneath the root\n\n[untested]\nTAR-6\n";

    fn check_source(rules: &str, source: &str, expect: &[&str]) {
        let found = check(&Tree::of(&[(PATH, rules), ("crates/layer/src/x.rs", source)]));
        assert_eq!(found.iter().map(|problem| problem.text.as_str()).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn no_rule_is_forgotten() {
        let text = std::fs::read_to_string(workspace::root().join(PATH)).unwrap();
        let rules = Rules::parse(&text);
        let families = [
            ("REF", 8),
            ("DOC", 11),
            ("NET", 19),
            ("TAR", 23),
            ("ARC", 8),
            ("DISK", 9),
            ("KEY", 9),
            ("SRV", 18),
            ("RUN", 6),
        ];
        let expect =
            families.iter().flat_map(|(family, count)| (1..=*count).map(move |n| format!("{family}-{n}")));
        let expect: BTreeSet<String> = expect.collect();
        assert_eq!(rules.all.keys().map(|name| name.to_string()).collect::<BTreeSet<_>>(), expect);
    }

    #[test]
    fn rules_have_tests_or_are_listed() {
        check_source(RULES, "#[test]\nfn tar_1_one_reader() {}\n", &[]);
        check_source(
            RULES,
            "fn tar_1_one_reader() {}\n",
            &["no test carries the name of TAR-1 (fn tar_1_…)"],
        );
        check_source(RULES, "#[test]\nfn tar_12() {}\n", &["no test carries the name of TAR-1 (fn tar_1_…)"]);
        check_source(RULES, "#[test]\n#[cfg(x)]\n// Why.\nfn bad_tar_1() {}\n", &[]);
    }

    #[test]
    fn the_list_of_untested_rules_can_only_shrink() {
        let source = "#[test]\nfn tar_1() {}\n#[test]\nfn tar_6() {}\n";
        let text = "TAR-6 has a test now (tar_6): `cargo xtask rules --write` takes it off the list";
        check_source(RULES, source, &[text]);
        let tree = Tree::of(&[("crates/layer/src/x.rs", source)]);
        let shorter = shrunk(RULES, &tree);
        assert_eq!(shorter, "TAR-1 one reader\nTAR-6 beneath the root\n\n[untested]\n");
        check_source(&shorter, source, &[]);
        check_source("[untested]\nTAR-9\n", "", &["there is no rule TAR-9"]);
    }
}
