//! An OCI distribution server: the registry that is in the same binary.
//!
//! Bytes of blobs are kept by a [`blobs::BlobBackend`], everything else by a [`metadata::Metadata`]: which
//! repository holds what is a question to the latter alone, and every listing, count and decision of the
//! collection is a query there.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests dial, and lay out their own files"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

pub mod blobs;
mod clock;
mod error;
mod limits;
pub mod metadata;
mod name;
mod random;

pub use clock::Clock;
pub use error::{Error, Result};
pub use name::{RepositoryName, Tag};
