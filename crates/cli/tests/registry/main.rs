//! `strata registry`: the real program serves, and looks after what it serves.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::disallowed_methods, reason = "tests write files, dial and start programs")]

mod access;
mod clients;
mod life;
mod looked_after;
mod refused;
mod server;
mod stopped;
