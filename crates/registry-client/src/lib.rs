//! Talks to registries: Docker Hub's rules, any registry of the OCI distribution specification, mirrors,
//! authentication, proxies, certificates.
//!
//! Synchronous and without global state: everything is given through [`ClientOptions`], nothing is read from
//! the environment. A [`Client`] serves one operation and ends with its [`Cancel`]; a [`Repository`] of it
//! resolves, fetches and pushes. Whatever comes from a server is hostile until checked (rules NET-1 to
//! NET-19): bytes are hashed, lengths compared, redirects and addresses judged, secrets bound to the origin
//! they were given for.

#![allow(clippy::disallowed_methods, reason = "the crate that dials, and that starts credential helpers")]

pub mod limits;

mod answer;
mod ask;
mod auth;
mod cancel;
mod client;
mod download;
mod endpoints;
mod error;
mod foreign;
mod http;
mod keychain;
mod list;
mod login;
mod rate_limit;
mod reach;
mod repository;
mod retry;
mod search;
mod secret;
mod url;

pub use answer::{Complaint, Refusal, Shape};
pub use auth::{Challenge, FilePins, MemoryPins, RealmError, RealmPins, Scopes};
pub use cancel::Cancel;
pub use client::{Client, ClientOptions};
pub use download::Download;
pub use endpoints::{
    EndpointId, HUB_SERVER, InsecureRegistries, MirrorError, Mirrors, parse_mirror, server_name,
};
pub use error::{Content, Error, ErrorKind};
pub use http::{
    AddressError, FramingError, Method, NoProxy, Opener, Proxies, Proxy, ProxyKind, Timeouts, TransportError,
};
pub use keychain::{
    Anonymous, ConfigKeychain, Credentials, Given, HelperPrograms, Keychain, KeychainError, Place,
};
pub use login::Login;
pub use rate_limit::RateLimit;
pub use repository::{BlobBody, BlobRange, Fetched, Mount, Pushed, Repository, Resolved, Wanted};
pub use retry::{Clock, Retry, RetryPolicy, SystemClock};
pub use search::SearchResult;
pub use secret::Secret;
pub use url::{Host, Origin, Scheme, Url, UrlError};
