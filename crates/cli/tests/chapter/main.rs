//! The guide to images, command by command: transcripts in Markdown that are run for real, against images of the
//! names, layers, platforms and ages that the guide has.
//!
//! `STRATA_UPDATE=1 cargo test -p cli --test chapter` writes what is said now into the transcripts.

use std::path::Path;

use testkit::Golden;

fn check(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cli").join(name);
    Golden::new(env!("CARGO_BIN_EXE_strata")).check(&file);
}

#[test]
fn pulling() {
    check("pulling.md");
}

#[test]
fn naming() {
    check("naming.md");
}

#[test]
fn multiple_tags() {
    check("multiple-tags.md");
}

#[test]
fn filtering() {
    check("filtering.md");
}

#[test]
fn formatting() {
    check("formatting.md");
}

#[test]
fn searching() {
    check("searching.md");
}

#[test]
fn layers() {
    check("layers.md");
}

#[test]
fn sharing_layers() {
    check("sharing-layers.md");
}

#[test]
fn digests() {
    check("digests.md");
}

#[test]
fn multi_architecture() {
    check("multi-architecture.md");
}

#[test]
fn deleting() {
    check("deleting.md");
}

#[test]
fn images_in_use() {
    check("images-in-use.md");
}

#[test]
fn running() {
    let _arm64 = testkit::peers::Arm64::register();
    check("running.md");
}
