//! `save`: images into an archive.

use std::io::Write;
use std::path::Path;

use archive::{SavedImage, Writer};
use images::{Entry, ImageStore, Index};
use spec::{Descriptor, Document, Platform, PlatformMatcher, Reference};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// How a failure begins that is about the file to write, not about the images.
pub const SAVE_FAILED: &str = "failed to save image: ";

/// A request to save images.
#[derive(Clone, Debug, Default)]
pub struct Save {
    /// What the user typed: a bare name stands for every tag of its repository.
    pub images: Vec<String>,
    /// Only the image of this platform, of those that have several.
    pub platform: Option<Platform>,
}

impl Engine {
    /// Writes images into a stream, as an archive that `load`, Docker, Podman and Skopeo read.
    ///
    /// # Errors
    /// When there is no such image, something of it is missing or damaged, or the stream does not take it.
    pub fn save(&self, request: &Save, out: &mut dyn Write) -> Result<()> {
        let Some(store) = self.existing_store()? else { return Err(no_such_image(request.images.first())) };
        let index = store.index()?;
        let saved = self.saved_images(&store, &index, request)?;
        let platform = request.platform.as_ref().unwrap_or(&self.host.platform);
        let matcher = PlatformMatcher::runnable_on(platform);
        let lease = lease(&store)?;
        let blobs = store.content().blobs();
        let writer = Writer::new(blobs, &saved, &matcher)?;
        // Pinned first, then looked for again: what went in between is named by the writer.
        if let Some(lease) = &lease {
            lease.pin(writer.digests().cloned().map(content::Pin::Blob))?;
        }
        let stop = Stoppable { out, engine: self };
        Ok(writer.write(stop)?)
    }

    /// Writes images into a file, which appears when it is complete.
    ///
    /// # Errors
    /// As [`Engine::save`], or when there can be no such file.
    pub fn save_to(&self, request: &Save, path: &Path) -> Result<()> {
        let failed = |error: disk::OutputError| {
            Error::new(ErrorKind::InvalidArgument, format!("{SAVE_FAILED}{error}"))
        };
        let mut file = disk::Output::create(path).map_err(failed)?;
        self.save(request, &mut file)?;
        file.commit().map_err(failed)
    }

    fn saved_images(&self, store: &ImageStore, index: &Index, request: &Save) -> Result<Vec<SavedImage>> {
        let mut saved: Vec<SavedImage> = Vec::new();
        for text in &request.images {
            for (entry, name) in select(index, text)? {
                let target = match &request.platform {
                    None => entry.target.clone(),
                    Some(platform) => one_platform(store, index, entry, platform)?,
                };
                match saved.iter_mut().find(|saved| saved.target.digest == target.digest) {
                    Some(same) => same.names.extend(
                        name.into_iter().filter(|name| !same.names.contains(name)).collect::<Vec<_>>(),
                    ),
                    None => saved.push(SavedImage { target, names: name.into_iter().collect() }),
                }
            }
        }
        Ok(saved)
    }
}

/// What keeps blobs from being swept; nothing in a store that cannot be written, where nobody sweeps, or where
/// a blob that goes is named by the writer.
fn lease(store: &ImageStore) -> Result<Option<content::Lease>> {
    match store.content().lease() {
        Err(content::Error::Disk(error)) if error.is_read_only() => Ok(None),
        lease => Ok(Some(lease?)),
    }
}

/// What a text selects: the entries to save and the name each is saved under.
fn select<'i>(index: &'i Index, text: &str) -> Result<Vec<(&'i Entry, Option<Reference>)>> {
    let typed = Reference::parse(text).ok();
    if let Some(repository) = typed.as_ref().filter(|typed| typed.is_name_only()) {
        let tag_of = |entry: &'i Entry| {
            entry.tag().filter(|tag| tag.name_only() == *repository).map(|tag| (entry, Some(tag.clone())))
        };
        let mut tags: Vec<_> = index.entries().iter().filter_map(tag_of).collect();
        tags.sort_by_cached_key(|(_, name)| name.as_ref().map(Reference::to_string));
        if !tags.is_empty() {
            return Ok(tags);
        }
    }
    let found = match index.resolve(text) {
        Ok(found) => found,
        Err(images::Error::NoSuchImage(_)) => return Err(not_found(index, typed.as_ref(), text)),
        Err(error) => return Err(error.into()),
    };
    let entry = crate::engine::entry_of(index, &found)?;
    let name = found.reference.filter(|reference| reference.tag().is_some());
    Ok(vec![(entry, name)])
}

/// Docker tells an unknown repository from an unknown tag of a known one.
fn not_found(index: &Index, typed: Option<&Reference>, text: &str) -> Error {
    let known = typed.is_some_and(|typed| {
        let same = |entry: &Entry| {
            entry.reference.as_ref().is_some_and(|other| other.name_only() == typed.name_only())
        };
        index.entries().iter().any(same)
    });
    match known {
        true => Error::new(ErrorKind::NotFound, "reference does not exist"),
        false => no_such_image(Some(&text.to_owned())),
    }
}

fn no_such_image(text: Option<&String>) -> Error {
    Error::new(ErrorKind::NotFound, format!("No such image: {}", text.map_or("", String::as_str)))
}

/// The manifest for a platform among those of the same target that are here.
fn one_platform(store: &ImageStore, index: &Index, entry: &Entry, platform: &Platform) -> Result<Descriptor> {
    let matcher = PlatformMatcher::exactly(platform);
    let same_target = index.entries().iter().filter(|other| other.target.digest == entry.target.digest);
    let mut manifests: Vec<&spec::Digest> = same_target.flat_map(|entry| &entry.manifests).collect();
    manifests.sort();
    manifests.dedup();
    let mut best: Option<(usize, Descriptor)> = None;
    for digest in manifests {
        let manifest = store.manifest(digest)?;
        if !manifest.is_image() {
            continue;
        }
        let rank = matcher.rank(&store.config(&manifest.config.digest)?.platform());
        if let Some(rank) = rank
            && best.as_ref().is_none_or(|(other, _)| rank < *other)
        {
            best = Some((rank, Document::Manifest(manifest).descriptor()));
        }
    }
    let text = format!("no suitable export target found for platform {platform}");
    best.map(|(_, descriptor)| descriptor).ok_or_else(|| Error::new(ErrorKind::NotFound, text))
}

/// A stream that breaks off when the operation is cancelled.
struct Stoppable<'w> {
    out: &'w mut dyn Write,
    engine: &'w Engine,
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.engine.cancel.is_cancelled() {
            return Err(std::io::Error::other("context canceled"));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
