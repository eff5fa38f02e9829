//! The workspace's text files, read once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours, or things made by a build.
const SKIPPED_FOLDERS: [&str; 2] = ["target", ".git"];
/// Longer files are data.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Files of the workspace, by path.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// All of them, sorted by path.
    pub files: Vec<File>,
}

/// One text file.
#[derive(Debug)]
pub(crate) struct File {
    /// Path below the root, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    // At run time, because a build folder may be shared by several clones.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    package.parent().unwrap_or(&package).to_owned()
}

impl Tree {
    /// Reads all text files below a folder.
    pub(crate) fn load(root: &Path) -> io::Result<Tree> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() && !SKIPPED_FOLDERS.iter().any(|name| entry.file_name() == *name) {
                    folders.push(entry.path());
                } else if kind.is_file() && entry.metadata()?.len() <= FILE_BYTES_MAX {
                    files.extend(read_text(root, &entry.path())?);
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { files })
    }

    /// A made-up workspace.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|(path, text)| File { path: path.to_string(), text: text.to_string() });
        Tree { files: files.collect() }
    }

    /// The Rust sources.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The file at a path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// A file that is text; nothing for others.
fn read_text(root: &Path, path: &Path) -> io::Result<Option<File>> {
    let bytes = match fs::read(path) {
        // An editor's temporary file may be gone by now.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result?,
    };
    let Ok(text) = String::from_utf8(bytes) else { return Ok(None) };
    let below = path.strip_prefix(root).unwrap_or(path);
    Ok(Some(File { path: below.to_string_lossy().into_owned(), text }))
}

impl File {
    /// The crate it belongs to, by folder.
    pub(crate) fn krate(&self) -> &str {
        let mut parts = self.path.split('/');
        match parts.next() {
            Some("crates") => parts.next().unwrap_or_default(),
            first => first.unwrap_or_default(),
        }
    }

    /// The name without folders.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether the whole file is tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples" | "tests.rs"))
    }

    /// The lines that are no tests, numbered from 1. A module of tests stands last in its file.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = if self.is_test() { 0 } else { tests_begin(&lines).unwrap_or(lines.len()) };
        lines.into_iter().take(end).enumerate().map(|(at, line)| (at + 1, line))
    }
}

/// Where the module of tests begins: `#[cfg(test)]`, perhaps more attributes, `mod`.
fn tests_begin(lines: &[&str]) -> Option<usize> {
    (0..lines.len()).filter(|at| lines[*at] == "#[cfg(test)]").find(|at| {
        let item = lines[at + 1..].iter().find(|line| !line.starts_with("#["));
        item.is_some_and(|item| item.starts_with("mod ") || item.starts_with("pub") && item.contains(" mod "))
    })
}

/// A line without the comment at its end; good enough for sources that `rustfmt` has been over.
pub(crate) fn without_comment(line: &str) -> &str {
    let quoted = |at: usize| line[..at].matches('"').count() % 2 == 1;
    let comment = line.match_indices("//").find(|(at, _)| !quoted(*at));
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_ends_where_the_module_of_tests_begins() {
        let tree = Tree::of(&[
            (
                "crates/a/src/x.rs",
                "fn a() {}\n#[cfg(test)]\nuse y;\nfn b() {}\n#[cfg(test)]\n#[x]\nmod tests {}\n",
            ),
            ("crates/a/src/x/tests.rs", "fn a() {}\n"),
        ]);
        let lines = |at: usize| tree.files[at].code().map(|(number, _)| number).collect::<Vec<_>>();
        assert_eq!(lines(0), [1, 2, 3, 4]);
        assert!(lines(1).is_empty());
        assert_eq!(tree.files[0].krate(), "a");
    }

    #[test]
    fn comments_are_cut_and_strings_are_not() {
        assert_eq!(without_comment("let a = 1; // one"), "let a = 1; ");
        assert_eq!(without_comment(r#"let a = "http://x";"#), r#"let a = "http://x";"#);
    }
}
