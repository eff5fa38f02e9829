//! The engine against an in-process registry and a scratch store: no network, no clock but a fixed one.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests lay out their own files")]

mod archives;
mod containers;
mod fetch;
mod fsck;
mod hostile;
mod import;
mod interchange;
mod local;
mod log_in;
mod look;
mod mount;
mod push;
mod shelf;
mod world;
