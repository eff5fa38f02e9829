//! The engine against an in-process registry and a scratch store: no network, no clock but a fixed one.

mod fetch;
mod local;
mod world;
