//! The lists of a saved archive: `index.json`, `manifest.json`, `oci-layout`, `repositories`.

use std::collections::BTreeMap;

use content::Blobs;
use serde::Serialize;
use spec::limits::{CONFIG_BYTES_MAX, MANIFEST_BYTES_MAX};
use spec::{
    Descriptor, DiffId, Digest, Document, ImageConfig, LayerCompression, Manifest, MediaType, PlatformMatcher,
};

use crate::docker::MANIFEST;
use crate::error::{Error, Result};
use crate::graph::document;
use crate::layout::{INDEX, LAYOUT};
use crate::legacy::REPOSITORIES;
use crate::names::{IMAGE_NAME, REF_NAME, blob_name};
use crate::writer::SavedImage;

/// The lists, growing image by image.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    index: Vec<Descriptor>,
    docker: Vec<DockerEntry>,
    /// Repository, tag, and the top layer's diff ID, which stands for what was a layer's name once.
    repositories: BTreeMap<String, BTreeMap<String, String>>,
}

/// The one manifest of an image that readers see who know one only.
#[derive(Debug)]
pub(crate) struct SavedManifest {
    manifest: Manifest,
    diff_ids: Vec<DiffId>,
}

impl SavedManifest {
    /// Of several manifests the one that fits the platform best, else the first; nothing when none is an image.
    pub(crate) fn choose(
        blobs: &Blobs,
        manifests: &[Descriptor],
        platform: &PlatformMatcher,
    ) -> Result<Option<SavedManifest>> {
        let images: Vec<&Descriptor> = manifests.iter().filter(|entry| !entry.is_attestation()).collect();
        let best = platform.best(images.iter().map(|entry| entry.platform.as_ref()));
        let mut order: Vec<&Descriptor> = best.map(|at| images[at]).into_iter().collect();
        order.extend(images);
        for entry in order {
            let bytes = document(blobs, entry, "MANIFEST_BYTES_MAX", MANIFEST_BYTES_MAX)?;
            let parsed = Document::parse(&bytes, Some(entry.media_type.as_str()));
            let parsed = parsed.map_err(|source| Error::Document { digest: entry.digest.clone(), source })?;
            if let Document::Manifest(manifest) = parsed
                && manifest.is_image()
            {
                return SavedManifest::read(blobs, manifest).map(Some);
            }
        }
        Ok(None)
    }

    fn read(blobs: &Blobs, manifest: Manifest) -> Result<SavedManifest> {
        let bytes = document(blobs, &manifest.config, "CONFIG_BYTES_MAX", CONFIG_BYTES_MAX)?;
        let config = ImageConfig::parse(&bytes)
            .map_err(|source| Error::Config { digest: manifest.config.digest.clone(), source })?;
        Ok(SavedManifest { manifest, diff_ids: config.diff_ids().to_vec() })
    }
}

impl Lists {
    pub(crate) fn add(&mut self, image: &SavedImage, chosen: Option<&SavedManifest>) {
        self.add_to_index(image);
        let Some(chosen) = chosen else { return };
        let names: Vec<String> = tagged(image).map(|(name, _)| name.familiar()).collect();
        self.docker.push(DockerEntry::new(chosen, names));
        let Some(top) = chosen.diff_ids.last() else { return };
        for (name, tag) in tagged(image) {
            let tags = self.repositories.entry(name.familiar_name()).or_default();
            tags.insert(tag.to_owned(), top.0.hex().to_owned());
        }
    }

    fn add_to_index(&mut self, image: &SavedImage) {
        let target = &image.target;
        let bare = Descriptor::new(target.media_type.clone(), target.digest.clone(), target.size);
        let named = tagged(image).map(|(name, tag)| {
            let annotations = [(IMAGE_NAME, name.to_string()), (REF_NAME, tag.to_owned())];
            let annotations = annotations.map(|(key, value)| (key.to_owned(), value)).into();
            Descriptor { annotations, ..bare.clone() }
        });
        let before = self.index.len();
        self.index.extend(named);
        if self.index.len() == before {
            self.index.push(bare);
        }
    }

    /// The files, in the order of their names.
    pub(crate) fn files(&self) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let index =
            IndexDocument { schema_version: 2, media_type: MediaType::OCI_INDEX, manifests: &self.index };
        let mut files = vec![
            (INDEX, json(&index)?),
            (MANIFEST, json(&self.docker)?),
            (LAYOUT, br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ];
        if !self.repositories.is_empty() {
            files.push((REPOSITORIES, json(&self.repositories)?));
        }
        Ok(files)
    }
}

/// The names of an image that have a tag, and the tags.
fn tagged(image: &SavedImage) -> impl Iterator<Item = (&spec::Reference, &str)> {
    image.names.iter().filter_map(|name| Some((name, name.tag()?)))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| Error::Write(error.into()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexDocument<'a> {
    schema_version: u32,
    media_type: &'static str,
    manifests: &'a [Descriptor],
}

/// An entry of `manifest.json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEntry {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    layer_sources: BTreeMap<Digest, Descriptor>,
}

impl DockerEntry {
    fn new(chosen: &SavedManifest, names: Vec<String>) -> DockerEntry {
        let layers = &chosen.manifest.layers;
        let sources = chosen.diff_ids.iter().zip(layers).filter(|(_, layer)| is_source(layer));
        DockerEntry {
            config: blob_name(&chosen.manifest.config.digest),
            repo_tags: (!names.is_empty()).then_some(names),
            layers: layers.iter().map(|layer| blob_name(&layer.digest)).collect(),
            layer_sources: sources.map(|(diff_id, layer)| (diff_id.0.clone(), layer.clone())).collect(),
        }
    }
}

/// Docker takes a layer's source over and puts it into the manifests of its own archives, beside the layer
/// uncompressed: only of what is stored so, and of foreign layers, can it say the truth there.
fn is_source(layer: &Descriptor) -> bool {
    layer.media_type.is_foreign_layer()
        || layer.media_type.layer_compression() == Some(LayerCompression::None)
}
