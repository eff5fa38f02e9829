//! Manifests and indexes, parsed from bytes and keeping them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::descriptor::{Descriptor, read_annotations};
use crate::digest::Digest;
use crate::json::{JsonError, Object, parse_strict};
use crate::limits::{INDEX_ENTRIES_MAX, LAYERS_PER_IMAGE_MAX, MANIFEST_BYTES_MAX};
use crate::media_type::MediaType;
use crate::platform::{Platform, PlatformMatcher};

/// Why some bytes are no manifest or index that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Over the size limit.
    #[error("the document has {0} bytes, more than MANIFEST_BYTES_MAX ({MANIFEST_BYTES_MAX})")]
    TooLarge(u64),
    /// Not JSON, or members that do not fit.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// Docker's withdrawn formats.
    #[error("schema version 1 manifests are not supported")]
    Schema1,
    /// `schemaVersion` is not 2.
    #[error("unknown schema version {0}")]
    SchemaVersion(String),
    /// Members of a manifest and of an index in one document, or of neither.
    #[error("the document is {0}")]
    Ambiguous(&'static str),
    /// What was said about the document and what it is disagree.
    #[error("the document is {found:?} but was announced as {announced:?}")]
    MediaType {
        /// From the descriptor or the `Content-Type` header.
        announced: String,
        /// From the document.
        found: String,
    },
    /// Too many layers for any driver.
    #[error("the image has {0} layers, more than LAYERS_PER_IMAGE_MAX ({LAYERS_PER_IMAGE_MAX})")]
    TooManyLayers(usize),
    /// Too many entries.
    #[error("the index has {0} entries, more than INDEX_ENTRIES_MAX ({INDEX_ENTRIES_MAX})")]
    TooManyEntries(usize),
    /// The same digest with two sizes (REF-6).
    #[error("{0} is listed with two different sizes")]
    TwoSizes(Digest),
}

/// An image manifest: one image of one platform, or an artifact.
#[derive(Clone, Debug)]
pub struct Manifest {
    bytes: Arc<[u8]>,
    digest: Digest,
    /// The document's kind.
    pub media_type: MediaType,
    /// The image's config.
    pub config: Descriptor,
    /// The layers, bottom first.
    pub layers: Vec<Descriptor>,
    /// What the manifest is about, if it refers to another one.
    pub subject: Option<Descriptor>,
    /// The kind of artifact, when it is not an image.
    pub artifact_type: Option<String>,
    /// Remarks.
    pub annotations: BTreeMap<String, String>,
}

/// An index: manifests of several platforms under one digest.
#[derive(Clone, Debug)]
pub struct Index {
    bytes: Arc<[u8]>,
    digest: Digest,
    /// The document's kind.
    pub media_type: MediaType,
    /// The entries in their order.
    pub manifests: Vec<Descriptor>,
    /// What the index is about, if it refers to another one.
    pub subject: Option<Descriptor>,
    /// The kind of artifact, when it is not an image.
    pub artifact_type: Option<String>,
    /// Remarks.
    pub annotations: BTreeMap<String, String>,
}

/// A manifest or an index.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and an image has a handful")]
pub enum Document {
    /// One image.
    Manifest(Manifest),
    /// Several.
    Index(Index),
}

const MANIFEST_MEMBERS: &[&str] =
    &["schemaVersion", "mediaType", "config", "layers", "subject", "artifactType", "annotations"];
const INDEX_MEMBERS: &[&str] =
    &["schemaVersion", "mediaType", "manifests", "subject", "artifactType", "annotations"];
/// Members that make a document one of Docker's first format.
const SCHEMA_1_MEMBERS: &[&str] = &["fsLayers", "signatures"];

impl Document {
    /// Parses a document of which `announced` was said (descriptor's media type, `Content-Type`), if anything.
    ///
    /// # Errors
    /// When it is not one document with one meaning, see [`DocumentError`].
    pub fn parse(bytes: &[u8], announced: Option<&str>) -> Result<Document, DocumentError> {
        if bytes.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(DocumentError::TooLarge(bytes.len() as u64));
        }
        let value = parse_strict(bytes)?;
        let object = Object::root(&value, "document")?;
        object.refuse_case_variants(MANIFEST_MEMBERS)?;
        object.refuse_case_variants(INDEX_MEMBERS)?;
        check_schema(object)?;
        let media_type = media_type(object, announced)?;
        let bytes: Arc<[u8]> = bytes.into();
        if media_type.is_index() {
            Index::read(object, bytes, media_type).map(Document::Index)
        } else {
            Manifest::read(object, bytes, media_type).map(Document::Manifest)
        }
    }

    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Document::Manifest(manifest) => manifest.bytes(),
            Document::Index(index) => index.bytes(),
        }
    }

    /// The digest of the bytes.
    pub fn digest(&self) -> &Digest {
        match self {
            Document::Manifest(manifest) => manifest.digest(),
            Document::Index(index) => index.digest(),
        }
    }

    /// What the document is.
    pub fn media_type(&self) -> &MediaType {
        match self {
            Document::Manifest(manifest) => &manifest.media_type,
            Document::Index(index) => &index.media_type,
        }
    }

    /// A descriptor of the document.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type().clone(), self.digest().clone(), self.bytes().len() as u64)
    }

    /// Everything it points at directly: a manifest's config and layers, an index's entries. A subject is
    /// no child: it may be absent.
    pub fn children(&self) -> Vec<&Descriptor> {
        match self {
            Document::Manifest(manifest) => {
                std::iter::once(&manifest.config).chain(&manifest.layers).collect()
            }
            Document::Index(index) => index.manifests.iter().collect(),
        }
    }
}

impl Manifest {
    fn read(object: Object<'_>, bytes: Arc<[u8]>, media_type: MediaType) -> Result<Manifest, DocumentError> {
        let list = object.list("layers")?;
        if list.len() > LAYERS_PER_IMAGE_MAX {
            return Err(DocumentError::TooManyLayers(list.len()));
        }
        let manifest = Manifest {
            digest: Digest::of(&bytes),
            bytes,
            media_type,
            config: object.object("config", Descriptor::read)?,
            layers: object.objects("layers", list, Descriptor::read)?,
            subject: read_subject(object)?,
            artifact_type: object.optional_str("artifactType")?.map(str::to_owned),
            annotations: read_annotations(object)?,
        };
        one_size_per_digest(std::iter::once(&manifest.config).chain(&manifest.layers))?;
        Ok(manifest)
    }

    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Whether this is an image: it has an image's config.
    pub fn is_image(&self) -> bool {
        self.config.media_type.is_config()
    }
}

impl Index {
    fn read(object: Object<'_>, bytes: Arc<[u8]>, media_type: MediaType) -> Result<Index, DocumentError> {
        let list = object.list("manifests")?;
        if list.len() > INDEX_ENTRIES_MAX {
            return Err(DocumentError::TooManyEntries(list.len()));
        }
        let index = Index {
            digest: Digest::of(&bytes),
            bytes,
            media_type,
            manifests: object.objects("manifests", list, Descriptor::read)?,
            subject: read_subject(object)?,
            artifact_type: object.optional_str("artifactType")?.map(str::to_owned),
            annotations: read_annotations(object)?,
        };
        one_size_per_digest(index.manifests.iter())?;
        Ok(index)
    }

    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The entry that fits a platform best; attestations are never taken (DOC-4).
    pub fn choose(&self, matcher: &PlatformMatcher) -> Option<&Descriptor> {
        let platforms =
            self.manifests.iter().map(|entry| entry.platform.as_ref().filter(|_| !entry.is_attestation()));
        matcher.best(platforms).map(|at| &self.manifests[at])
    }

    /// The platforms of the entries that are images.
    pub fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.manifests
            .iter()
            .filter(|entry| !entry.is_attestation())
            .filter_map(|entry| entry.platform.as_ref())
    }
}

fn read_subject(object: Object<'_>) -> Result<Option<Descriptor>, JsonError> {
    object.optional("subject").map(|_| object.object("subject", Descriptor::read)).transpose()
}

fn check_schema(object: Object<'_>) -> Result<(), DocumentError> {
    if SCHEMA_1_MEMBERS.iter().any(|name| object.has(name)) {
        return Err(DocumentError::Schema1);
    }
    match object.optional("schemaVersion") {
        Some(version) if version.as_u64() == Some(2) => Ok(()),
        Some(version) if version.as_u64() == Some(1) => Err(DocumentError::Schema1),
        Some(version) => Err(DocumentError::SchemaVersion(version.to_string())),
        None => Err(DocumentError::SchemaVersion("none".to_owned())),
    }
}

/// Decides what a document is: its own word, else what was announced, else its members; they must agree (DOC-3).
fn media_type(object: Object<'_>, announced: Option<&str>) -> Result<MediaType, DocumentError> {
    let is_manifest = object.has("config") || object.has("layers");
    let is_index = object.has("manifests");
    let shape = match (is_manifest, is_index) {
        (true, true) => return Err(DocumentError::Ambiguous("a manifest and an index at once")),
        (false, false) => return Err(DocumentError::Ambiguous("neither a manifest nor an index")),
        (true, false) => MediaType::OCI_MANIFEST,
        (false, true) => MediaType::OCI_INDEX,
    };
    let own = object.optional_str("mediaType")?.filter(|own| !own.is_empty());
    let announced = announced.filter(|text| is_document(text));
    let text = own.or(announced).unwrap_or(shape);
    let disagree = |announced: &str| DocumentError::MediaType {
        announced: announced.to_owned(),
        found: text.to_owned(),
    };
    if let Some(announced) = announced.filter(|announced| *announced != text) {
        return Err(disagree(announced));
    }
    let found =
        MediaType::new(text).filter(|t| t.is_manifest() || t.is_index()).ok_or_else(|| disagree(shape))?;
    if found.is_index() != is_index { Err(disagree(shape)) } else { Ok(found) }
}

/// Whether an announcement says anything: servers that know no better say `application/json` or octets.
fn is_document(announced: &str) -> bool {
    !matches!(announced, "" | "application/json" | "application/octet-stream" | "text/plain")
}

fn one_size_per_digest<'a>(descriptors: impl Iterator<Item = &'a Descriptor>) -> Result<(), DocumentError> {
    let mut sizes: HashMap<&Digest, u64> = HashMap::new();
    for descriptor in descriptors {
        if *sizes.entry(&descriptor.digest).or_insert(descriptor.size) != descriptor.size {
            return Err(DocumentError::TwoSizes(descriptor.digest.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
