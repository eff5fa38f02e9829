//! Finished images and indexes, and where they can be put.

use std::io;
use std::path::Path;

use spec::{Descriptor, Digest, ImageId, MediaType, Platform};

use super::archive::{ArchiveForm, write_docker_archive};
use super::layer::Layer;
use super::layout::write_layout;
use crate::registry::{Content, Registry};

/// A document with its descriptor.
#[derive(Clone, Debug)]
pub struct Part {
    /// Media type, digest and size.
    pub descriptor: Descriptor,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Part {
    /// Describes some bytes.
    pub fn new(media_type: MediaType, bytes: Vec<u8>) -> Part {
        Part { descriptor: Descriptor::of(media_type, &bytes), bytes }
    }

    /// The digest.
    pub fn digest(&self) -> &Digest {
        &self.descriptor.digest
    }
}

/// One finished image.
#[derive(Clone, Debug)]
pub struct BuiltImage {
    /// Digest of the config.
    pub id: ImageId,
    /// What it is for.
    pub platform: Platform,
    /// Its config.
    pub config: Part,
    /// Its layers, bottom first.
    pub layers: Vec<Layer>,
    /// Its manifest.
    pub manifest: Part,
}

impl BuiltImage {
    /// The blobs: config, then layers, bottom first; without those that registries do not carry.
    pub fn blobs(&self) -> impl Iterator<Item = (&Digest, Content)> {
        let config = (self.config.digest(), Content::from(self.config.bytes.as_slice()));
        let carried = self.layers.iter().filter(|layer| layer.urls().is_empty());
        std::iter::once(config).chain(carried.map(|layer| (layer.digest(), layer.blob().clone())))
    }
}

/// A finished image, or an index of several.
#[derive(Clone, Debug)]
pub struct Built {
    /// The manifest or index that a tag points at.
    pub root: Part,
    /// The image, or all of the index.
    pub images: Vec<BuiltImage>,
    /// What else is in the index: attestations, as manifests with their blobs.
    pub others: Vec<(Part, Vec<Part>)>,
}

impl Built {
    /// The digest a tag points at.
    pub fn digest(&self) -> &Digest {
        self.root.digest()
    }

    /// The ID of the image, or of the first of the index.
    pub fn id(&self) -> &ImageId {
        &self.images[0].id
    }

    /// The image for a platform.
    pub fn for_platform(&self, platform: &str) -> Option<&BuiltImage> {
        self.images.iter().find(|image| image.platform.to_string() == platform)
    }

    /// All manifests, children before the root.
    pub fn manifests(&self) -> Vec<&Part> {
        let mut all: Vec<&Part> = self.images.iter().map(|image| &image.manifest).collect();
        all.extend(self.others.iter().map(|(manifest, _)| manifest));
        if self.images.iter().all(|image| image.manifest.digest() != self.digest()) {
            all.push(&self.root);
        }
        all
    }

    /// All blobs that are not manifests.
    pub fn blobs(&self) -> Vec<(&Digest, Content)> {
        let mut all: Vec<_> = self.images.iter().flat_map(BuiltImage::blobs).collect();
        for part in self.others.iter().flat_map(|(_, blobs)| blobs) {
            all.push((part.digest(), Content::from(part.bytes.as_slice())));
        }
        all
    }

    /// Puts everything into a repository of a registry and tags it.
    pub fn push(&self, registry: &Registry, repository: &str, tags: &[&str]) {
        for (digest, content) in self.blobs() {
            registry.put_blob_under(repository, digest.as_str(), content);
        }
        for manifest in self.manifests() {
            let media_type = manifest.descriptor.media_type.as_str();
            registry.put_manifest(repository, &[], media_type, &manifest.bytes);
        }
        tags.iter().for_each(|tag| registry.tag(repository, tag, self.digest()));
    }

    /// Writes an OCI image layout with this image under one name.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write_layout(&self, folder: &Path, name: &str) -> io::Result<()> {
        write_layout(folder, &[(name, self)])
    }

    /// Writes the archive that `docker save` would, with the first image and these names.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_docker_archive(&self, file: &Path, names: &[&str], form: ArchiveForm) -> io::Result<()> {
        write_docker_archive(file, &[(names, &self.images[0])], form)
    }
}
