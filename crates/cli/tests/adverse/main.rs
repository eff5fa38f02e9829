//! Bad registries, bad places and bad company: what is said, how it ends, and that nothing is left behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::disallowed_methods, reason = "tests write files and start programs")]

mod places;
mod registry;
mod together;

use testkit::image::{Built, Entry, Image, Layer};
use testkit::{Registry, Scratch};

/// The program with a store of its own.
fn scratch() -> Scratch {
    Scratch::new(env!("CARGO_BIN_EXE_strata"))
}

/// An image of two layers.
fn image() -> Built {
    let base = Layer::gzip(vec![Entry::dir("etc"), Entry::file("etc/base", "base\n")]);
    let top = Layer::gzip(vec![Entry::noise("noise", 3, 100_000)]);
    Image::new(vec![base, top]).build()
}

/// A registry that has this image as `library/demo:latest`.
fn registry_with(image: &Built) -> Registry {
    let registry = Registry::new();
    image.push(&registry, "library/demo", &["latest"]);
    registry
}

/// Goes on only when no download, lease or rubbish is left in the store.
#[track_caller]
fn expect_no_scraps(scratch: &Scratch, when: &str) {
    for folder in ["partial", "leases", "trash"] {
        let Ok(entries) = std::fs::read_dir(scratch.root().join(folder)) else { continue };
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.is_empty(), "{when}: left in {folder}: {names:?}");
    }
}

/// Goes on only when the store is whole and has nothing in it.
#[track_caller]
fn expect_nothing_left(scratch: &Scratch, when: &str) {
    let fsck = scratch.run("fsck");
    assert!(fsck.success() && fsck.stdout == "0 images, 0 blobs, 0B: no problems\n", "{when}: {fsck}");
    let images = scratch.run("images -aq");
    assert!(images.success() && images.stdout.is_empty(), "{when}: {images}");
}
