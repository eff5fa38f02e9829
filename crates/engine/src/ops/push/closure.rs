//! What has to be in a registry so that a tag can stand for an image there: documents, layers, configs.

use std::collections::HashSet;

use images::Entry;
use spec::limits::{INDEX_DEPTH_MAX, MANIFESTS_WALKED_MAX};
use spec::{Descriptor, Digest, Document, ImageConfig, Manifest, Platform};

use super::Pushing;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::choose::choose;
use crate::ops::history::check_platform;

/// Everything that a push sends, pinned and there.
pub(super) struct Closure {
    /// Manifests and indexes, each after what it points at; the last one is for the tag.
    pub(super) documents: Vec<Document>,
    target: Document,
    /// What an index lists and the store does not have.
    pub(super) missing: Vec<Descriptor>,
    /// Layers in the order in which they are announced: image by image, top first. One that is there twice is
    /// here twice.
    pub(super) layers: Vec<Layer>,
    /// Configs.
    pub(super) configs: Vec<Descriptor>,
    platforms: Vec<Platform>,
}

/// A layer to send.
pub(super) struct Layer {
    /// Twelve digits of its diff ID.
    pub(super) id: String,
    pub(super) descriptor: Descriptor,
}

/// A step of the walk through an index.
enum Step {
    Enter(Box<Descriptor>, usize),
    Leave(Box<Document>),
}

impl Closure {
    /// Pins and looks up what the entry stands for, or its image for a platform.
    pub(super) fn new(pushing: &Pushing<'_>, entry: &Entry, platform: Option<&Platform>) -> Result<Closure> {
        let blobs = pushing.store.content().blobs();
        let found = pushing.lease.pin_blob(blobs, &entry.target.digest)?;
        if !found {
            return Err(content::Error::Missing(entry.target.digest.clone()).into());
        }
        let mut target = pushing.store.document(&entry.target.digest)?;
        if let Some(platform) = platform {
            target = Document::Manifest(one_platform(pushing, &target, platform)?);
        }
        let mut closure = Closure {
            documents: Vec::new(),
            target: target.clone(),
            missing: Vec::new(),
            layers: Vec::new(),
            configs: Vec::new(),
            platforms: Vec::new(),
        };
        closure.walk(pushing, entry, target)?;
        Ok(closure)
    }

    /// The document that the tag is to stand for.
    pub(super) fn target(&self) -> &Document {
        &self.target
    }

    /// The platforms of the images that are here.
    pub(super) fn platforms(&self) -> &[Platform] {
        &self.platforms
    }

    /// Walks through the target, children first.
    fn walk(&mut self, pushing: &Pushing<'_>, entry: &Entry, target: Document) -> Result<()> {
        let mut seen = HashSet::from([target.digest().clone()]);
        let mut open = Vec::new();
        self.enter(pushing, entry, target, 0, &mut open)?;
        while let Some(step) = open.pop() {
            let (descriptor, depth) = match step {
                Step::Leave(document) => {
                    self.documents.push(*document);
                    continue;
                }
                Step::Enter(descriptor, depth) => (descriptor, depth),
            };
            if !seen.insert(descriptor.digest.clone()) {
                continue;
            }
            check_limits(seen.len(), depth)?;
            let present = pushing.lease.pin_blob(pushing.store.content().blobs(), &descriptor.digest)?;
            if present {
                let document = pushing.store.document(&descriptor.digest)?;
                if self.enter(pushing, entry, document, depth, &mut open)? {
                    continue;
                }
            }
            self.missing.push(*descriptor);
        }
        Ok(())
    }

    /// Takes a document in; says no when some of it is not here and need not be.
    fn enter(
        &mut self,
        pushing: &Pushing<'_>,
        entry: &Entry,
        document: Document,
        depth: usize,
        open: &mut Vec<Step>,
    ) -> Result<bool> {
        match &document {
            Document::Index(index) => {
                let children: Vec<Descriptor> = index.manifests.clone();
                open.push(Step::Leave(Box::new(document)));
                open.extend(children.into_iter().rev().map(|child| Step::Enter(Box::new(child), depth + 1)));
            }
            Document::Manifest(manifest) => {
                let needed = depth == 0 || entry.manifests.contains(manifest.digest());
                match first_missing(pushing, manifest)? {
                    Some(digest) if needed => return Err(content::Error::Missing(digest).into()),
                    Some(_) => return Ok(false),
                    None => self.add_manifest(pushing, manifest)?,
                }
                self.documents.push(document);
            }
        }
        Ok(true)
    }

    fn add_manifest(&mut self, pushing: &Pushing<'_>, manifest: &Manifest) -> Result<()> {
        let config = match manifest.is_image() {
            true => pushing.store.config(&manifest.config.digest).ok(),
            false => None,
        };
        let config = config.filter(|config| config.diff_ids().len() == manifest.layers.len());
        let diff_ids = config.as_ref().map_or(&[][..], ImageConfig::diff_ids);
        let layers = manifest.layers.iter().enumerate().map(|(at, descriptor)| {
            let digest = diff_ids.get(at).map_or(&descriptor.digest, |diff_id| diff_id.digest());
            Layer { id: digest.short().to_owned(), descriptor: descriptor.clone() }
        });
        let mut layers: Vec<Layer> = layers.collect();
        layers.reverse();
        self.layers.extend(layers);
        self.configs.push(manifest.config.clone());
        self.platforms
            .extend(config.map(|config| config.platform()).filter(|platform| !platform.is_unknown()));
        Ok(())
    }
}

impl Layer {
    /// Whether registries do not carry it.
    pub(super) fn is_foreign(&self) -> bool {
        is_foreign(&self.descriptor)
    }
}

fn is_foreign(descriptor: &Descriptor) -> bool {
    descriptor.media_type.is_foreign_layer() && !descriptor.urls.is_empty()
}

/// Pins what a manifest points at, and looks for the first of it that is not there.
fn first_missing(pushing: &Pushing<'_>, manifest: &Manifest) -> Result<Option<Digest>> {
    let blobs = pushing.store.content().blobs();
    let carried = manifest.layers.iter().filter(|layer| !is_foreign(layer));
    for descriptor in std::iter::once(&manifest.config).chain(carried) {
        if !pushing.lease.pin_blob(blobs, &descriptor.digest)? {
            return Ok(Some(descriptor.digest.clone()));
        }
        let size = blobs.size(&descriptor.digest)?;
        if size != Some(descriptor.size) {
            let corrupt = content::Error::Corrupt {
                path: blobs.path(&descriptor.digest),
                expected: format!("{} bytes", descriptor.size),
                found: format!("{} bytes", size.unwrap_or_default()),
            };
            return Err(corrupt.into());
        }
    }
    Ok(None)
}

fn check_limits(manifests: usize, depth: usize) -> Result<()> {
    let over = |text: String| Err(Error::new(ErrorKind::Corrupt, text));
    if manifests > MANIFESTS_WALKED_MAX {
        return over(format!(
            "the image has more than MANIFESTS_WALKED_MAX ({MANIFESTS_WALKED_MAX}) manifests"
        ));
    }
    if depth > INDEX_DEPTH_MAX {
        return over(format!("indexes nested deeper than INDEX_DEPTH_MAX ({INDEX_DEPTH_MAX})"));
    }
    Ok(())
}

/// The manifest for a platform, which has to be here.
fn one_platform(pushing: &Pushing<'_>, target: &Document, platform: &Platform) -> Result<Manifest> {
    let name = pushing.reference.familiar();
    let absent = || {
        let text = format!(
            "image with reference {name} was found but does not provide the specified platform ({platform})"
        );
        Error::new(ErrorKind::NotFound, text).with_hint(format!(
            "`strata pull --platform {platform} {name}` brings it, if the registry has it"
        ))
    };
    let chosen = choose(target, Some(platform), &pushing.engine.host.platform, |child| {
        match pushing.lease.pin_blob(pushing.store.content().blobs(), &child.digest)? {
            true => Ok(pushing.store.document(&child.digest)?),
            false => Err(absent()),
        }
    })?
    .ok_or_else(absent)?;
    if chosen.stated.is_none() && chosen.manifest.is_image() {
        let found = pushing.store.config(&chosen.manifest.config.digest)?.platform();
        check_platform(&name, &found, Some(platform))?;
    }
    Ok(chosen.manifest)
}
