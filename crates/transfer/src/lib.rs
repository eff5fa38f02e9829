//! Moving blobs between registries, archives and the store.
//!
//! A layer is handled in one pass: its bytes are hashed as they arrive, inflated, hashed again and handed to
//! the storage driver, without waiting for the end and without a second look. A download fills a file that
//! outlives it, in pieces and over several connections, while that pass reads it from the front.

mod download;
mod error;
mod proving;
mod unpack;

pub use download::{BlobBody, BlobSource, Download, FetchError, Retry};
pub use error::{Error, Result};
pub use proving::Proving;
pub use unpack::{Unpack, measure, prove, unpack};
