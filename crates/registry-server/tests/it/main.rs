//! The server as clients see it: real HTTP over a socket.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "tests dial, start programs and look at files")]

mod access;
mod attacks;
mod blobs;
mod cheapness;
mod client;
mod collection;
mod conformance;
mod faults;
mod listings;
mod manifests;
mod operating;
mod power;
mod programs;
mod tls;
mod trace;
mod uploads;
