//! The archives of `docker save`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use serde_json::{Value, json};
use spec::MediaType;

use super::built::{BuiltImage, Part};
use super::entry::Entry;
use super::tar::tar;

/// Which Docker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveForm {
    /// Since 25: blobs by digest, also readable as an OCI layout.
    Blobs,
    /// Until 24: a folder for each layer.
    Folders,
}

/// Writes an archive with these images under these names (none for an image without a name).
///
/// # Errors
/// When the file cannot be written.
pub fn write_docker_archive(
    file: &Path,
    images: &[(&[&str], &BuiltImage)],
    form: ArchiveForm,
) -> io::Result<()> {
    let mut files = Files::default();
    let mut manifest = Vec::new();
    let mut index = Vec::new();
    let mut repositories: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for (names, image) in images {
        let layers: Vec<String> = image.layers.iter().map(|layer| files.layer(layer, form)).collect();
        let config = files.config(image, form);
        let tags = if names.is_empty() { Value::Null } else { json!(names) };
        manifest.push(json!({"Config": config, "RepoTags": tags, "Layers": layers}));
        if form == ArchiveForm::Blobs {
            index.extend(files.oci_manifest(image, names));
        }
        for (repository, tag) in names.iter().filter_map(|name| name.rsplit_once(':')) {
            let top = image.layers.last().map(|layer| layer.diff_id().digest().hex().to_owned());
            repositories.entry(repository).or_default().insert(tag, top.unwrap_or_default());
        }
    }
    files.add("manifest.json", json!(manifest).to_string());
    if !repositories.is_empty() {
        files.add("repositories", json!(repositories).to_string());
    }
    if form == ArchiveForm::Blobs {
        let index = json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": index});
        files.add("index.json", index.to_string());
        files.add("oci-layout", r#"{"imageLayoutVersion": "1.0.0"}"#);
    }
    io::copy(&mut tar(&files.in_order()).read_from(0)?, &mut File::create(file)?).map(drop)
}

/// The archive's files by name, each once.
#[derive(Default)]
struct Files(BTreeMap<String, Entry>);

impl Files {
    fn add(&mut self, name: &str, content: impl Into<crate::registry::Content>) {
        self.0.insert(name.to_owned(), Entry::file(name, content).mtime(0, 0));
    }

    fn layer(&mut self, layer: &super::Layer, form: ArchiveForm) -> String {
        let hex = layer.diff_id().digest().hex();
        let name = match form {
            ArchiveForm::Blobs => format!("blobs/sha256/{hex}"),
            ArchiveForm::Folders => format!("{hex}/layer.tar"),
        };
        self.add(&name, layer.tar().clone());
        if form == ArchiveForm::Folders {
            self.add(&format!("{hex}/VERSION"), "1.0");
            self.add(&format!("{hex}/json"), json!({"id": hex}).to_string());
        }
        name
    }

    fn config(&mut self, image: &BuiltImage, form: ArchiveForm) -> String {
        let hex = image.id.digest().hex();
        let name = match form {
            ArchiveForm::Blobs => format!("blobs/sha256/{hex}"),
            ArchiveForm::Folders => format!("{hex}.json"),
        };
        self.add(&name, image.config.bytes.as_slice());
        name
    }

    /// Adds the manifest that makes the archive an OCI layout; its entries in the index, one for each name.
    fn oci_manifest(&mut self, image: &BuiltImage, names: &[&str]) -> Vec<Value> {
        let layers = image.layers.iter().map(|layer| {
            json!({
                "mediaType": MediaType::OCI_LAYER,
                "digest": layer.diff_id(),
                "size": layer.tar().len(),
            })
        });
        let document = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_MANIFEST,
            "config": {
                "mediaType": MediaType::OCI_CONFIG,
                "digest": image.config.digest(),
                "size": image.config.bytes.len(),
            },
            "layers": layers.collect::<Vec<_>>(),
        });
        let manifest =
            Part::new(MediaType::known(MediaType::OCI_MANIFEST), document.to_string().into_bytes());
        self.add(&format!("blobs/sha256/{}", manifest.digest().hex()), manifest.bytes.as_slice());
        let entry = |name: Option<&&str>| {
            let mut descriptor = manifest.descriptor.clone();
            if let Some((_, tag)) = name.and_then(|name| name.rsplit_once(':')) {
                let annotations = &mut descriptor.annotations;
                annotations.insert("org.opencontainers.image.ref.name".to_owned(), tag.to_owned());
            }
            json!(descriptor)
        };
        if names.is_empty() {
            vec![entry(None)]
        } else {
            names.iter().map(|name| entry(Some(name))).collect()
        }
    }

    fn in_order(self) -> Vec<Entry> {
        self.0.into_values().collect()
    }
}
