//! The files of `save`, `load` and `import`.
//!
//! Three generations of docker archives (with `repositories` alone, with `manifest.json`, and with an OCI layout
//! beside it), OCI archives and OCI layout folders are read; the last of the three is written. An archive is
//! *indexed, not extracted*: a table says where the bytes under each name are, and nothing is made on disk but,
//! for streams and compressed archives, one scratch file without a name. What an archive says about itself is
//! a claim; documents are proven when they are read here, all other content by who takes it in.

mod archive;
mod blob;
mod docker;
mod error;
mod graph;
mod images;
mod items;
mod layout;
mod legacy;
pub mod limits;
mod lists;
mod names;
mod shelf;
mod spool;
mod stored;
mod table;
mod writer;

pub use archive::Archive;
pub use blob::Blob;
pub use error::{Error, Result};
pub use graph::Contents;
pub use images::ArchivedImage;
pub use spool::decoded;
pub use writer::{SavedImage, Writer};
