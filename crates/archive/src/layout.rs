//! `oci-layout` and `index.json`: the image layout of OCI (image specification, "Image Layout").

use layer::EntryName;
use spec::json::{Object, parse_strict};
use spec::{Descriptor, MediaType, Reference};

use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::graph::is_document;
use crate::items::{self, ListMember, Presence};
use crate::limits::ARCHIVE_JSON_BYTES_MAX;
use crate::names::annotated;
use crate::table::read_whole;

pub(crate) const LAYOUT: &str = "oci-layout";
pub(crate) const INDEX: &str = "index.json";

const VERSION: &str = "1.0.0";

/// One entry of the index.
#[derive(Clone, Debug)]
pub(crate) struct LayoutImage {
    /// The manifest or index, without remarks.
    pub(crate) target: Descriptor,
    /// The name that the entry gives it.
    pub(crate) name: Option<Reference>,
}

/// Checks `oci-layout`.
///
/// # Errors
/// Another version, or another shape.
pub(crate) fn check_version(file: Blob) -> Result<()> {
    let bytes = read_whole(LAYOUT.as_bytes(), file, "ARCHIVE_JSON_BYTES_MAX", ARCHIVE_JSON_BYTES_MAX)?;
    let value = parse_strict(&bytes).map_err(|error| Error::file(LAYOUT, error))?;
    let object = Object::root(&value, LAYOUT)?;
    object.refuse_case_variants(&["imageLayoutVersion"])?;
    match object.str("imageLayoutVersion")? {
        VERSION => Ok(()),
        other => Err(Error::LayoutVersion(EntryName::new(other.as_bytes()))),
    }
}

/// Reads `index.json`. Entries that are neither manifest nor index are left out.
///
/// # Errors
/// Anything but an index, and an entry whose name is none.
pub(crate) fn read(file: Blob) -> Result<Vec<LayoutImage>> {
    let media_type = format!("\"{}\"", MediaType::OCI_INDEX);
    let manifests = ListMember {
        name: "manifests",
        known: &["schemaVersion", "mediaType", "manifests", "subject", "artifactType", "annotations"],
        fixed: &[("schemaVersion", "2", Presence::Required), ("mediaType", &media_type, Presence::Optional)],
    };
    let mut images = Vec::new();
    items::list_in(INDEX, file, &manifests, |item| {
        let entry = Descriptor::read(item)?;
        if is_document(&entry.media_type) {
            let name = annotated(&entry)?;
            images.push(LayoutImage { target: bare(entry), name });
        }
        Ok(())
    })?;
    Ok(images)
}

/// What identifies the target; what else the entry says about it is about this archive.
fn bare(entry: Descriptor) -> Descriptor {
    Descriptor::new(entry.media_type, entry.digest, entry.size)
}
