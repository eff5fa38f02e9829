//! Descriptors: what points at content (OCI image specification, "Content Descriptors").

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::Serialize;

use crate::digest::Digest;
use crate::json::{JsonError, Object};
use crate::limits::{ANNOTATION_KEY_BYTES_MAX, ANNOTATIONS_MAX};
use crate::media_type::MediaType;
use crate::platform::Platform;

/// Media type, digest and size of some content, and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the content is.
    pub media_type: MediaType,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Where else it may be had (foreign layers).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Free-form remarks; never a path, an option or a key (DOC-9).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The content itself, base64, as received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The platform an index entry is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The kind of artifact behind a manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

const MEMBERS: &[&str] =
    &["mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType"];
const PLATFORM_MEMBERS: &[&str] = &["architecture", "os", "os.version", "os.features", "variant", "features"];

impl Descriptor {
    /// A descriptor of `bytes`.
    pub fn of(media_type: MediaType, bytes: &[u8]) -> Descriptor {
        Descriptor::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// A bare descriptor.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Descriptor {
        Descriptor {
            media_type,
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            data: None,
            platform: None,
            artifact_type: None,
        }
    }

    /// Whether this entry carries build attestations, not an image.
    pub fn is_attestation(&self) -> bool {
        self.annotations.contains_key("vnd.docker.reference.type")
            || self.platform.as_ref().is_some_and(Platform::is_unknown)
    }

    /// Reads a descriptor out of a document.
    ///
    /// # Errors
    /// Names the member that does not fit.
    pub fn read(object: Object<'_>) -> Result<Descriptor, JsonError> {
        object.refuse_case_variants(MEMBERS)?;
        let media_type = object.str("mediaType")?;
        let media_type = MediaType::new(media_type).ok_or_else(|| {
            object.member_error("mediaType", format_args!("{media_type:?} is no media type"))
        })?;
        let data = object.optional_str("data")?;
        let (digest, size) = (read_digest(object, "digest")?, object.size("size")?);
        check_data(object, data, &digest, size)?;
        let platform =
            object.optional("platform").map(|_| object.object("platform", read_platform)).transpose()?;
        Ok(Descriptor {
            media_type,
            digest,
            size,
            urls: read_strings(object, "urls")?,
            annotations: read_annotations(object)?,
            data: data.map(str::to_owned),
            platform,
            artifact_type: object.optional_str("artifactType")?.map(str::to_owned),
        })
    }
}

/// Content inlined into a descriptor has to be what the descriptor says (REF-7).
fn check_data(object: Object<'_>, data: Option<&str>, digest: &Digest, size: u64) -> Result<(), JsonError> {
    let Some(data) = data else { return Ok(()) };
    let bytes = base64::engine::general_purpose::STANDARD.decode(data);
    let bytes = bytes.map_err(|e| object.member_error("data", format_args!("is not base64: {e}")))?;
    if bytes.len() as u64 != size || !digest.matches(&bytes) {
        return Err(object.member_error("data", format_args!("is not the content of {digest}")));
    }
    Ok(())
}

/// Reads a member that has to be a digest (DOC-11).
pub(crate) fn read_digest(object: Object<'_>, name: &str) -> Result<Digest, JsonError> {
    let text = object.str(name)?;
    Digest::parse(text).map_err(|e| object.member_error(name, format_args!("{text:?}: {e}")))
}

/// Reads a member that is a list of texts, absent or null for none.
pub(crate) fn read_strings(object: Object<'_>, name: &str) -> Result<Vec<String>, JsonError> {
    let text = |value: &serde_json::Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| object.member_error(name, "an item is not a string"))
    };
    object.optional_list(name)?.iter().map(text).collect()
}

/// Reads `annotations`, absent or null for none.
pub(crate) fn read_annotations(object: Object<'_>) -> Result<BTreeMap<String, String>, JsonError> {
    if object.optional("annotations").is_none() {
        return Ok(BTreeMap::new());
    }
    object.object("annotations", |annotations| {
        if annotations.members().len() > ANNOTATIONS_MAX {
            return Err(annotations.error(format_args!("more than ANNOTATIONS_MAX ({ANNOTATIONS_MAX})")));
        }
        let mut read = BTreeMap::new();
        for name in annotations.members().keys() {
            if name.len() > ANNOTATION_KEY_BYTES_MAX {
                let limit = ANNOTATION_KEY_BYTES_MAX;
                return Err(annotations.error(format_args!("a key over ANNOTATION_KEY_BYTES_MAX ({limit})")));
            }
            read.insert(name.clone(), annotations.str(name)?.to_owned());
        }
        Ok(read)
    })
}

fn read_platform(object: Object<'_>) -> Result<Platform, JsonError> {
    object.refuse_case_variants(PLATFORM_MEMBERS)?;
    let text = |name| Ok(object.optional_str(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
    Ok(Platform {
        architecture: text("architecture")?.unwrap_or_default(),
        os: text("os")?.unwrap_or_default(),
        os_version: text("os.version")?,
        os_features: read_strings(object, "os.features")?,
        variant: text("variant")?,
    })
}
