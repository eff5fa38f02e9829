//! The client against servers that misbehave, byte by byte where it has to be.

#![allow(clippy::disallowed_methods, reason = "tests listen, dial and lay out their own files")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod auth;
mod blobs;
mod differential;
mod documents;
mod download;
mod endpoints;
mod framing;
mod lists;
mod login;
mod peer;
mod proxies;
mod push;
mod redirects;
mod retries;
mod search;
mod setup;
mod tls;
