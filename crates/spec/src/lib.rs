//! The nouns of the field, as checked values: digests, references, descriptors, manifests, indexes, image
//! configs and platforms.
//!
//! Everything here is pure: no file, no socket, no clock, no environment. Text and bytes from outside are
//! parsed once, at the edge, into types whose accessors cannot fail; documents keep the bytes they were
//! parsed from, so that a digest is always a property of what was received.

pub mod json;
pub mod limits;

mod config;
mod descriptor;
mod digest;
mod document;
mod ids;
mod media_type;
mod platform;
mod reference;
mod registry_error;

pub use config::{ConfigError, HistoryEntry, ImageConfig};
pub use descriptor::Descriptor;
pub use digest::{Algorithm, Digest, DigestError, Digester};
pub use document::{Document, DocumentError, Index, Manifest};
pub use ids::{ChainId, DiffId, ImageId};
pub use media_type::{LayerCompression, MediaType, is_media_type};
pub use platform::{Platform, PlatformError, PlatformMatcher};
pub use reference::{
    AnyReference, DEFAULT_DOMAIN, DEFAULT_TAG, Reference, ReferenceError, is_repository, is_tag,
};
pub use registry_error::RegistryErrorCode;
