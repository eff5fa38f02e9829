//! One entry of the store's `index.json`: a reference and the image behind it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use spec::{Descriptor, Digest, ImageId, MediaType, Platform, Reference};

/// A reference to an image, or an image without one.
///
/// A tag and a digest (`name@sha256:…`) are both references; an image with three of them has three entries
/// with one image ID. An image that nothing refers to any more keeps one entry without a reference: it is
/// dangling until it is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The reference, with a tag or a digest; nothing for a dangling image.
    pub reference: Option<Reference>,
    /// What the reference stands for as it was received: an index or a manifest.
    pub target: Descriptor,
    /// The image: the digest of its config.
    pub image: ImageId,
    /// The manifests of the target that are in the store, the image's own first.
    pub manifests: Vec<Digest>,
    /// The image's platform, by the index's word where there is one.
    pub platform: Platform,
    /// When the image was made, by its config.
    pub created: Option<Timestamp>,
    /// Bytes of all regular files of all layers, unpacked: the SIZE of listings.
    pub size: u64,
    /// When somebody here last gave the image a tag.
    pub tagged: Option<Timestamp>,
    /// The image this one was made from here, by commit.
    pub parent: Option<ImageId>,
}

/// An entry as it stands in the file. What the specification has no field for is in annotations of our own.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stored {
    media_type: String,
    digest: Digest,
    size: u64,
    annotations: Annotations,
}

#[derive(Serialize, Deserialize)]
struct Annotations {
    #[serde(rename = "org.opencontainers.image.ref.name", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "dev.strata.image")]
    image: Digest,
    #[serde(rename = "dev.strata.manifests")]
    manifests: String,
    #[serde(rename = "dev.strata.platform")]
    platform: String,
    #[serde(rename = "dev.strata.created", default, skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(rename = "dev.strata.size")]
    size: String,
    #[serde(rename = "dev.strata.tagged", default, skip_serializing_if = "Option::is_none")]
    tagged: Option<Timestamp>,
    #[serde(rename = "dev.strata.parent", default, skip_serializing_if = "Option::is_none")]
    parent: Option<Digest>,
}

impl Entry {
    pub(crate) fn to_stored(&self) -> Stored {
        let manifests: Vec<&str> = self.manifests.iter().map(Digest::as_str).collect();
        Stored {
            media_type: self.target.media_type.to_string(),
            digest: self.target.digest.clone(),
            size: self.target.size,
            annotations: Annotations {
                name: self.reference.as_ref().map(Reference::to_string),
                image: self.image.0.clone(),
                manifests: manifests.join(" "),
                platform: platform_text(&self.platform),
                created: self.created,
                size: self.size.to_string(),
                tagged: self.tagged,
                parent: self.parent.as_ref().map(|parent| parent.0.clone()),
            },
        }
    }

    /// Reads an entry; nothing when it is not one of ours or its values do not hold.
    pub(crate) fn from_stored(stored: Stored) -> Option<Entry> {
        let Stored { media_type, digest, size, annotations } = stored;
        let reference = match annotations.name {
            Some(name) => Some(Reference::parse(&name).ok().filter(|reference| !reference.is_name_only())?),
            None => None,
        };
        let manifests = annotations.manifests.split(' ').map(|text| Digest::parse(text).ok());
        Some(Entry {
            reference,
            target: Descriptor::new(MediaType::new(&media_type)?, digest, size),
            image: ImageId(annotations.image),
            manifests: manifests.collect::<Option<Vec<Digest>>>()?,
            platform: parse_platform(&annotations.platform),
            created: annotations.created,
            size: annotations.size.parse().ok()?,
            tagged: annotations.tagged,
            parent: annotations.parent.map(ImageId),
        })
    }

    /// The same image without a reference.
    #[must_use]
    pub fn nameless(&self) -> Entry {
        Entry { reference: None, ..self.clone() }
    }

    /// The same image under another reference.
    #[must_use]
    pub fn named(&self, reference: Reference) -> Entry {
        Entry { reference: Some(reference), ..self.clone() }
    }

    /// The tag, when the reference is one.
    pub fn tag(&self) -> Option<&Reference> {
        self.reference.as_ref().filter(|reference| reference.tag().is_some())
    }

    /// The digest reference, when it is one.
    pub fn repo_digest(&self) -> Option<&Reference> {
        self.reference.as_ref().filter(|reference| reference.tag().is_none())
    }

    /// The manifest of the image itself.
    pub fn manifest(&self) -> &Digest {
        self.manifests.first().unwrap_or(&self.target.digest)
    }
}

/// `os/architecture/variant`, then `@` and the Windows build if there is one.
fn platform_text(platform: &Platform) -> String {
    match &platform.os_version {
        Some(version) => format!("{platform}@{version}"),
        None => platform.to_string(),
    }
}

/// What was written is read as it stands: configs say all sorts of things, nothing is normalised.
fn parse_platform(text: &str) -> Platform {
    let (text, version) = match text.split_once('@') {
        Some((text, version)) => (text, Some(version.to_owned())),
        None => (text, None),
    };
    let mut parts = text.splitn(3, '/').map(str::to_owned);
    Platform {
        os: parts.next().unwrap_or_default(),
        architecture: parts.next().unwrap_or_default(),
        variant: parts.next(),
        os_version: version,
        os_features: Vec::new(),
    }
}
