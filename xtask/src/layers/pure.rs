//! Pure crates touch no file, socket, environment, process or clock.

use super::table::Table;
use crate::problem::Problem;
use crate::workspace::{Tree, without_comment};

/// Parts of paths that lead outside. Addresses as values (`std::net::IpAddr`) are fine.
const OUTWARD: [&str; 10] = [
    "fs::",
    "env::",
    "process::",
    "thread::",
    "io::stdout",
    "TcpStream",
    "UdpSocket",
    "SystemTime",
    "Instant",
    "::now",
];

/// Lines of pure crates that reach out.
pub(crate) fn check(table: &Table, tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust().filter(|file| table.layer(file.krate()).is_some_and(|layer| layer.pure)) {
        for (number, line) in file.code() {
            let line = without_comment(line);
            if let Some(outward) = OUTWARD.iter().find(|outward| names(line, outward)) {
                let text = format!("{} is pure and may not use `{outward}`", file.krate());
                problems.push(Problem::new(&file.path, number, text));
            }
        }
    }
    problems
}

fn names(line: &str, part: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(part).any(|(at, _)| part.starts_with(':') || !line[..at].ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaching_out_is_found_in_pure_crates_only() {
        let table = "guarded = []\ncrate = [{ name = 'spec', pure = true }, { name = 'disk' }]\n[outside]";
        let table = Table::parse(table).unwrap();
        let check_line = |path: &str, line: &str, expect: usize| {
            assert_eq!(check(&table, &Tree::of(&[(path, line)])).len(), expect, "{line}");
        };
        check_line("crates/spec/src/a.rs", "use std::{fs, io};\nfs::read(x)", 1);
        check_line("crates/spec/src/a.rs", "let t = Timestamp::now();", 1);
        check_line("crates/spec/src/a.rs", "let a: std::net::IpAddr; prefs::x(); // fs::read", 0);
        check_line("crates/spec/src/a.rs", "#[cfg(test)]\nmod tests { fs::read(x) }", 0);
        check_line("crates/disk/src/a.rs", "fs::read(x)", 0);
    }
}
