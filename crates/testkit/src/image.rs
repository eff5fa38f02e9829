//! Small images: layers from lists of entries, configs, manifests and indexes, always the same bytes.
//!
//! ```
//! use testkit::Registry;
//! use testkit::image::{Entry, Image, Layer};
//!
//! let layer = Layer::gzip(vec![Entry::dir("bin"), Entry::file("bin/sh", "#!").mode(0o755)]);
//! let image = Image::new(vec![layer]).command(&["/bin/sh"]).label("stage", "prod").build();
//! let registry = Registry::new();
//! image.push(&registry, "library/alpine", &["latest"]);
//! assert_eq!(registry.resolve("library/alpine", "latest").as_ref(), Some(image.digest()));
//! ```

mod archive;
mod built;
mod config;
mod entry;
mod index;
mod layer;
mod layout;
mod program;
mod tar;
#[cfg(test)]
mod tests;

pub use archive::{ArchiveForm, write_docker_archive};
pub use built::{Built, BuiltImage, Part};
pub use config::{Format, Image, Step};
pub use entry::{Entry, Kind};
pub use index::Index;
pub use layer::{Codec, Layer};
pub use layout::write_layout;
pub use program::{Then, program};
pub use tar::{read_tar, tar};
