//! OCI image layouts on disk.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;
use spec::{Digest, MediaType};

use super::built::Built;
use crate::registry::Content;

/// Writes an OCI image layout with these images under these names (none for an empty one).
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_layout(folder: &Path, images: &[(&str, &Built)]) -> io::Result<()> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let write = |digest: &Digest, content: &Content| {
        let mut file = fs::File::create(blobs.join(digest.hex()))?;
        io::copy(&mut content.read_from(0)?, &mut file).map(drop)
    };
    let mut entries = Vec::new();
    for (name, image) in images {
        for (digest, content) in image.blobs() {
            write(digest, &content)?;
        }
        for manifest in image.manifests() {
            write(manifest.digest(), &manifest.bytes.as_slice().into())?;
        }
        let mut descriptor = image.root.descriptor.clone();
        if !name.is_empty() {
            descriptor.annotations.insert("org.opencontainers.image.ref.name".to_owned(), (*name).to_owned());
        }
        entries.push(json!(descriptor));
    }
    let index = json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries});
    fs::write(folder.join("index.json"), index.to_string())?;
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
}
