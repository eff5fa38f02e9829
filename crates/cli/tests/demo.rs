//! `strata demo` with the real program: what it shows, but for what differs from run to run.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::disallowed_methods, reason = "a test reads what it expects")]

use std::path::Path;

use testkit::Scratch;

/// Lines whose order depends on which layer was faster.
const RACING: &[&str] = &[
    "Verifying Checksum",
    "Download complete",
    "Waiting",
    "Pushed",
    "Preparing",
    "Mounted from",
    "Layer already exists",
];

/// Puts signs where ports, folders and digests stand, and leaves racing lines out.
fn stable(text: &str) -> String {
    let kept = text.lines().filter(|line| !RACING.iter().any(|word| line.contains(word)));
    let mut out = String::new();
    for line in kept {
        let mut word = String::new();
        for letter in line.chars().chain(['\n']) {
            if letter.is_ascii_alphanumeric() || letter == '-' {
                word.push(letter);
                continue;
            }
            out.push_str(sign(&word));
            out.push(letter);
            word.clear();
        }
    }
    out
}

fn sign(word: &str) -> &str {
    let hex = word.bytes().all(|b| b.is_ascii_hexdigit());
    match word.len() {
        64 if hex => "DIGEST",
        12 if hex => "ID",
        5 if word.bytes().all(|b| b.is_ascii_digit()) && !matches!(word, "12000" | "15900") => "PORT",
        _ if word.starts_with("strata-demo-") => "DEMO",
        _ if word.starts_with("scratch") => "SCRATCH",
        _ => word,
    }
}

/// Begins the part about containers, or what stands for it where none can run.
const CONTAINERS: &str = "# Containers from images.";
const LEFT_OUT: &str = "# Left out: containers from images.";

/// A text without the part that begins with a title.
fn without(text: &str, title: &str) -> String {
    let parts = text.split("\n\n").filter(|part| !part.starts_with(title));
    parts.collect::<Vec<_>>().join("\n\n")
}

/// The lines, with those in order that prunes say one after the other: images go oldest first, and which of two samples
/// is older depends on where a second ended while they were made.
fn with_prunes_in_order(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    let goes = |line: &&str| line.starts_with("deleted: ") || line.starts_with("untagged: ");
    for part in lines.chunk_by_mut(|one, next| goes(one) == goes(next)) {
        if goes(&part[0]) {
            part.sort_unstable();
        }
    }
    lines
}

#[test]
fn the_demonstration_walks_through() {
    let scratch = Scratch::new(env!("CARGO_BIN_EXE_strata"));
    let outcome = scratch.run("demo");
    outcome.expect_success();
    let found = stable(&outcome.stdout);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/demo.txt");
    if std::env::var_os("STRATA_UPDATE").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expect = std::fs::read_to_string(&path).unwrap();
    let (found, expect) = match found.contains(LEFT_OUT) {
        true => (without(&found, LEFT_OUT), without(&expect, CONTAINERS)),
        false => (found, expect),
    };
    let (found, expect) = (with_prunes_in_order(&found), with_prunes_in_order(&expect));
    for (number, (found, expect)) in found.iter().zip(&expect).enumerate() {
        assert_eq!(found, expect, "line {}", number + 1);
    }
    assert_eq!(found.len(), expect.len());
    assert!(outcome.stdout.contains("Mounted from library/redis"), "layers of the push were not mounted");
    // Nothing is left: no folder, no store of its own.
    assert_eq!(std::fs::read_dir(scratch.path("tmp")).unwrap().count(), 0);
    assert!(!scratch.root().join("store.json").exists());
}

/// What the README shows of the demonstration is what it says today. A line `...` stands for any lines.
#[test]
fn the_readme_shows_the_demonstration() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = std::fs::read_to_string(folder.join("tests/golden/demo.txt")).unwrap();
    let readme = std::fs::read_to_string(folder.join("../../README.md")).unwrap();
    let blocks = readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let shown: Vec<String> =
        blocks.flat_map(|block| stable(block).lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(shown.len() > 10, "the README shows {} lines", shown.len());
    let mut demonstrated = golden.lines();
    let mut anywhere = true;
    for line in &shown {
        if line == "..." {
            anywhere = true;
            continue;
        }
        anywhere |= line.starts_with("$ ");
        let found = match anywhere {
            true => demonstrated.any(|said| said == line),
            false => demonstrated.next() == Some(line),
        };
        assert!(found, "the demonstration does not say: {line}");
        anywhere = false;
    }
}
