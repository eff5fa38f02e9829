//! Real images: a Debian root and a busybox, made and pushed by the programs that everybody uses, through the
//! registry that everybody runs; pulled, pushed, unpacked, saved, loaded and run.
//!
//! Each test says which program it misses and passes where that is not installed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::disallowed_methods, reason = "tests write files and start programs")]

mod alike;
mod archives;
mod debian;
mod engine;
mod programs;
mod pushed;
mod ran;
mod registry;
mod secured;
mod shown;
mod trees;

use testkit::Scratch;

/// The program with a store of its own.
fn scratch() -> Scratch {
    Scratch::new(env!("CARGO_BIN_EXE_strata"))
}
