//! Scaffolding for tests. Only tests use this crate; it panics where a test could not go on anyway.
//!
//! | | |
//! |---|---|
//! | [`Registry`] | a registry in the test's own process that misbehaves on command and logs every request |
//! | [`Proxy`], [`Internet`] | an HTTP proxy, and with it a registry that stands for Docker Hub and all others |
//! | [`image`] | small images of any format, codec and platform, in a registry, a layout or an archive |
//! | [`Lookalikes`] | images under the names, with the layers, platforms and ages of the guide's |
//! | [`Scratch`] | a hermetic place to run the binary: as nobody, on a terminal, killed half-way, measured |
//! | [`Golden`] | Markdown whose console blocks are run for real |
//! | [`OrdinaryUser`] | somebody who is not root, with subordinate ids or without |
//! | [`store_check`] | directory trees compared, canaries, a search for secrets |
//! | [`peers`] | the programs that everybody uses, each with a place of its own |
//! | [`until`] | waiting for what happens by itself |
//! | [`skip`] | what a test says when the machine lacks what it needs |

#![expect(clippy::disallowed_methods, reason = "tests write, listen, dial and start programs")]

pub mod forge;
pub mod golden;
pub mod image;
mod internet;
mod listener;
pub mod lookalikes;
mod ordinary;
pub mod peers;
mod proxy;
pub mod registry;
pub mod scratch;
pub mod skip;
pub mod store_check;
mod until;

pub use golden::Golden;
pub use internet::Internet;
pub use lookalikes::Lookalikes;
pub use ordinary::{Lack, OrdinaryUser};
pub use proxy::{Proxy, ProxyRequest};
pub use registry::Registry;
pub use scratch::Scratch;
pub use until::until;
