//! The program killed or failing at every disk operation, and downloads that go on where they stopped.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod disk_calls;
mod offline;
mod resume;

use testkit::image::{Entry, Image, Layer};
use testkit::{Registry, Scratch};

/// The program with a store of its own, and a registry that is the mirror of Docker Hub.
fn scratch(registry: &Registry) -> Scratch {
    Scratch::new(env!("CARGO_BIN_EXE_strata")).mirror(registry)
}

/// An image of two layers, one of them shared by all.
fn image(word: &str) -> Image {
    let base = Layer::gzip(vec![Entry::dir("etc"), Entry::file("etc/base", "base\n")]);
    let top = Layer::gzip(vec![Entry::file("word", word.to_owned()), Entry::symlink("link", "word")]);
    Image::new(vec![base, top])
}

/// Fails unless the store is whole.
fn check_store(scratch: &Scratch, when: &str) {
    let outcome = scratch.run("fsck");
    assert!(outcome.success(), "{when}: fsck says\n{}{}", outcome.stdout, outcome.stderr);
}
