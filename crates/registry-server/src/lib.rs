//! An OCI distribution server: the registry that is in the same binary.
//!
//! [`serve`] starts one from a [`Config`]; it listens on threads of its own and stops when it is dropped.
//! Bytes of blobs are kept by a [`blobs::BlobBackend`], everything else by a [`metadata::Metadata`]: which
//! repository holds what is a question to the latter alone, and every listing, count and decision of the
//! collection is a query there. The functions of [`operate`] look at a root with or without a server on it.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests dial, and lay out their own files"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

mod access;
pub mod blobs;
mod clock;
mod config;
mod error;
mod http;
pub mod limits;
mod log;
pub mod metadata;
mod metrics;
mod name;
pub mod operate;
mod random;
mod refusal;
mod registry;
mod serve;
mod store;
mod tls;

pub use access::{Action, Explanation, Rule, Who, explain_access};
pub use clock::Clock;
pub use config::{
    AccessConfig, Collect, Config, ENVIRONMENT_PREFIX, IssuerConfig, Limits, TlsFiles, TokensConfig,
    duration, listen_address,
};
pub use error::{Error, Result};
pub use log::LogSink;
pub use name::{RepositoryName, Tag};
pub use registry::Switch;
pub use registry::collect::Swept;
pub use serve::{Running, serve};
