//! No file is forgotten: every Rust file is declared as a module by one beside or above it, and the data of tests
//! is named by some source of its crate.

use crate::problem::Problem;
use crate::workspace::{File, Tree};

/// Files that no other file declares or names.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let orphans = tree.rust().filter(|file| !is_root(&file.path) && !is_declared(tree, &file.path));
    let data = tree.files.iter().filter(|file| is_data(&file.path) && !is_named(tree, file));
    let problem = |file: &File, text: &str| Problem::new(&file.path, 0, text);
    let orphans = orphans.map(|file| problem(file, "no file declares this module: nobody compiles it"));
    orphans
        .chain(data.map(|file| problem(file, "no source of its crate names this file or its folder")))
        .collect()
}

/// Whether a file is something that sources read. What stands in `benches` of the whole is run by hand.
fn is_data(path: &str) -> bool {
    let in_sources = path.split('/').any(|part| matches!(part, "src" | "tests" | "benches"));
    !path.ends_with(".rs") && in_sources && !path.starts_with("benches/")
}

/// Whether a source of its crate names the file or its folder; for files of no crate, whether any source names
/// the folder with its path.
fn is_named(tree: &Tree, file: &File) -> bool {
    if !file.path.starts_with("crates/") && !file.path.starts_with("xtask/") {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        return tree.rust().any(|source| source.text.contains(folder));
    }
    let folders =
        file.path.split('/').skip_while(|part| !matches!(*part, "src" | "tests" | "benches")).skip(1);
    let names: Vec<&str> = folders.collect();
    let sources = || tree.rust().filter(|source| source.krate() == file.krate());
    names.iter().any(|name| sources().any(|source| source.text.contains(name)))
}

/// Whether cargo compiles a file by itself.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let in_sources = parts.contains(&"src");
    match parts[..] {
        [.., "src", "lib.rs" | "main.rs"] | [.., "src", "bin", _] | [.., "build.rs"] => true,
        [.., "tests" | "benches" | "examples", _] => !in_sources,
        [.., "tests" | "benches" | "examples", _, "main.rs"] => !in_sources,
        _ => false,
    }
}

fn is_declared(tree: &Tree, path: &str) -> bool {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let Some((folder, module)) = path.rsplit_once('/') else { return false };
    let declaration = format!("mod {module};");
    let declares = |parent: &str| tree.file(parent).is_some_and(|f| f.text.contains(&declaration));
    let beside =
        ["/mod.rs", "/lib.rs", "/main.rs", ".rs"].iter().any(|end| declares(&format!("{folder}{end}")));
    beside || folder.ends_with("/tests") && declared_by_a_test(tree, folder, &declaration)
}

/// Modules that several integration tests share are declared by any of them.
fn declared_by_a_test(tree: &Tree, folder: &str, declaration: &str) -> bool {
    let inside = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.matches('/').count() == 1);
    tree.rust().any(|file| inside(&file.path) && file.text.contains(declaration))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_files(files: &[(&str, &str)], expect: &[&str]) {
        let found = check(&Tree::of(files));
        assert_eq!(found.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn modules_are_declared() {
        check_files(
            &[
                ("crates/a/src/lib.rs", "mod x;\npub(crate) mod y;\n"),
                ("crates/a/src/x.rs", "#[cfg(test)]\nmod tests;\n"),
                ("crates/a/src/x/tests.rs", ""),
                ("crates/a/src/y/mod.rs", "mod z;\n"),
                ("crates/a/src/y/z.rs", ""),
                ("crates/a/tests/it.rs", "mod scratch;\n"),
                ("crates/a/tests/scratch/mod.rs", ""),
                ("crates/a/tests/all/main.rs", "mod pull;\n"),
                ("crates/a/tests/all/pull.rs", ""),
            ],
            &[],
        );
    }

    #[test]
    fn data_that_nobody_reads_is_found() {
        check_files(
            &[
                ("crates/a/tests/it.rs", "run(\"tests/golden\"); include_bytes!(\"format-1.json\")"),
                ("crates/a/tests/golden/pull.md", ""),
                ("crates/a/tests/format-1.json", ""),
                ("crates/a/tests/format-0.json", ""),
                ("crates/b/tests/golden/pull.md", ""),
            ],
            &["crates/a/tests/format-0.json", "crates/b/tests/golden/pull.md"],
        );
    }

    #[test]
    fn files_nobody_declares_are_found() {
        check_files(
            &[
                ("crates/a/src/lib.rs", "mod x;\n"),
                ("crates/a/src/x.rs", ""),
                ("crates/a/src/x/tests.rs", ""),
                ("crates/a/src/y.rs", ""),
                ("crates/a/tests/all/main.rs", "mod pull;\n"),
                ("crates/a/tests/all/push.rs", ""),
            ],
            &["crates/a/src/x/tests.rs", "crates/a/src/y.rs", "crates/a/tests/all/push.rs"],
        );
    }
}
