//! Indexes: one name for images of several platforms.

use serde_json::{Value, json};
use spec::{MediaType, Platform};

use super::built::{Built, BuiltImage, Part};
use super::config::Format;

/// An index to be built.
#[derive(Clone, Debug)]
pub struct Index {
    /// Whose words it uses.
    pub format: Format,
    /// Its images.
    pub images: Vec<Built>,
    /// Whether each image is followed by an entry with its attestations, as BuildKit pushes them.
    pub attestations: bool,
}

impl Index {
    /// An index of these images, in Docker's format.
    pub fn new(images: Vec<Built>) -> Index {
        Index { format: Format::Docker, images, attestations: false }
    }

    /// The same in OCI's format.
    pub fn oci(mut self) -> Index {
        self.format = Format::Oci;
        self
    }

    /// Adds attestations to each image.
    pub fn attested(mut self) -> Index {
        self.attestations = true;
        self
    }

    /// Makes the index.
    pub fn build(&self) -> Built {
        let images: Vec<BuiltImage> = self.images.iter().flat_map(|built| built.images.clone()).collect();
        let mut entries = Vec::new();
        let mut others = Vec::new();
        for image in &images {
            let mut descriptor = image.manifest.descriptor.clone();
            descriptor.platform = Some(image.platform.clone());
            entries.push(json!(descriptor));
            if self.attestations {
                let (entry, manifest, blobs) = attestation(image);
                entries.push(entry);
                others.push((manifest, blobs));
            }
        }
        let media_type = match self.format {
            Format::Docker => MediaType::DOCKER_INDEX,
            Format::Oci => MediaType::OCI_INDEX,
        };
        let document = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": entries});
        let root = Part::new(MediaType::known(media_type), self.format.write(&document));
        Built { root, images, others }
    }
}

/// The entry of an image's attestations, their manifest, and its blobs.
fn attestation(image: &BuiltImage) -> (Value, Part, Vec<Part>) {
    let subject = image.manifest.digest().to_string();
    let statement = json!({"_type": "https://in-toto.io/Statement/v0.1", "subject": [{"digest": subject}]});
    let statement = Part::new(
        MediaType::new("application/vnd.in-toto+json").expect("a media type"),
        statement.to_string().into_bytes(),
    );
    let diff_ids = [statement.digest().to_string()];
    let rootfs = json!({"type": "layers", "diff_ids": diff_ids});
    let config = json!({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs});
    let config = Part::new(MediaType::known(MediaType::OCI_CONFIG), config.to_string().into_bytes());
    let document = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": config.descriptor,
        "layers": [statement.descriptor],
    });
    let manifest = Part::new(MediaType::known(MediaType::OCI_MANIFEST), document.to_string().into_bytes());
    let mut entry = manifest.descriptor.clone();
    entry.platform = Some(Platform::new("unknown", "unknown", None));
    entry.annotations.insert("vnd.docker.reference.digest".to_owned(), subject);
    entry.annotations.insert("vnd.docker.reference.type".to_owned(), "attestation-manifest".to_owned());
    (json!(entry), manifest, vec![config, statement])
}
