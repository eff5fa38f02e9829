//! Scaffolding for tests: a registry that misbehaves on command, small images, look-alikes of well-known
//! images, scratch environments for the binary, golden transcripts, and comparison of directory trees.
//!
//! Only tests use this crate. It panics where a test could not go on anyway.

#![expect(clippy::disallowed_methods, reason = "tests write, listen, dial and start programs")]

pub mod forge;
pub mod golden;
pub mod image;
mod internet;
mod listener;
pub mod lookalikes;
mod proxy;
pub mod registry;
pub mod scratch;
pub mod skip;
pub mod store_check;

pub use golden::Golden;
pub use internet::Internet;
pub use lookalikes::Lookalikes;
pub use proxy::{Proxy, ProxyRequest};
pub use registry::Registry;
pub use scratch::Scratch;
