//! Which images an archive has: the lists of its generations, joined.
//!
//! `index.json` and `manifest.json` of one archive describe the same images, one by manifest, one by config;
//! they are joined by the config's digest, as Docker does. An entry of `manifest.json` that no manifest fits
//! gets one made for it, and stands behind those of `index.json`.

use std::collections::{HashMap, HashSet};

use spec::limits::CONFIG_BYTES_MAX;
use spec::{Descriptor, DiffId, Digest, ImageConfig, MediaType, Reference};

use disk::Dir;

use crate::docker::{self, DockerImage};
use crate::error::{Error, Result};
use crate::graph::{Budget, check_layers, walk};
use crate::layout::{self, LayoutImage};
use crate::legacy;
use crate::limits::{ARCHIVE_JSON_BYTES_MAX, LAYOUT_INDEX_BYTES_MAX};
use crate::shelf::{Found, Shelf};
use crate::stored::{self, Layers};
use crate::table::read_whole;

/// An image of an archive.
#[derive(Clone, Debug)]
pub struct ArchivedImage {
    /// Its names, each with a tag; none when it was saved by its ID.
    pub names: Vec<Reference>,
    /// Its manifest or index; one that an archive without manifests does not have was made.
    pub target: Descriptor,
}

/// Reads the lists, whichever there are.
pub(crate) fn list(shelf: &mut Shelf, scratch: &Dir) -> Result<Vec<ArchivedImage>> {
    let layout = read_layout(shelf)?;
    let docker = match json_file(shelf, docker::MANIFEST, "ARCHIVE_JSON_BYTES_MAX", ARCHIVE_JSON_BYTES_MAX)? {
        Some(file) => Some(docker::read(file.blob)?),
        None => None,
    };
    let is_listed = layout.is_some() || docker.is_some();
    let mut join = Join::new(shelf, scratch);
    let set_aside = join.add_layout(layout.unwrap_or_default(), docker.is_some())?;
    join.add_docker(docker.unwrap_or_default())?;
    if !is_listed {
        join.add_legacy()?;
    }
    join.check_names(set_aside)?;
    Ok(join.into_images())
}

/// `index.json` counts when `oci-layout` says that it does.
fn read_layout(shelf: &Shelf) -> Result<Option<Vec<LayoutImage>>> {
    let Some(version) = shelf.file(layout::LAYOUT)? else { return Ok(None) };
    layout::check_version(version.blob)?;
    match json_file(shelf, layout::INDEX, "LAYOUT_INDEX_BYTES_MAX", LAYOUT_INDEX_BYTES_MAX)? {
        Some(index) => Ok(Some(layout::read(index.blob)?)),
        None => Ok(None),
    }
}

fn json_file(shelf: &Shelf, name: &str, limit: &str, max: u64) -> Result<Option<Found>> {
    match shelf.file(name)? {
        Some(found) if found.blob.size() > max => {
            Err(Error::file(name, format_args!("has {} bytes, more than {limit} ({max})", found.blob.size())))
        }
        found => Ok(found),
    }
}

/// An entry of `index.json` whose content is not all there.
struct Incomplete {
    image: ArchivedImage,
    error: Error,
}

struct Join<'a> {
    shelf: &'a mut Shelf,
    layers: Layers<'a>,
    budget: Budget,
    images: Vec<Joined>,
    by_target: HashMap<Digest, usize>,
    /// The first image that has a config.
    by_config: HashMap<Digest, usize>,
    by_name: HashMap<Reference, usize>,
}

struct Joined {
    image: ArchivedImage,
    configs: HashSet<Digest>,
}

impl<'a> Join<'a> {
    fn new(shelf: &'a mut Shelf, scratch: &'a Dir) -> Join<'a> {
        Join {
            shelf,
            layers: Layers::new(scratch),
            budget: Budget::new(),
            images: Vec::new(),
            by_target: HashMap::new(),
            by_config: HashMap::new(),
            by_name: HashMap::new(),
        }
    }

    /// Adds the images of `index.json`. Returns those that lack content when `manifest.json` may have them
    /// still: old versions of Docker list manifests of layers that they then store in another form.
    fn add_layout(&mut self, entries: Vec<LayoutImage>, has_docker: bool) -> Result<Vec<Incomplete>> {
        let mut set_aside = Vec::new();
        for image in by_target(entries)? {
            match walk(self.shelf, &image.target, &mut self.budget) {
                Ok(contents) => {
                    let at = self.images.len();
                    for config in &contents.configs {
                        self.by_config.entry(config.clone()).or_insert(at);
                    }
                    self.by_name.extend(image.names.iter().map(|name| (name.clone(), at)));
                    self.push(image, contents.configs.into_iter().collect());
                }
                Err(error @ (Error::Missing { .. } | Error::Incomplete(_))) if has_docker => {
                    set_aside.push(Incomplete { image, error });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(set_aside)
    }

    fn push(&mut self, image: ArchivedImage, configs: HashSet<Digest>) {
        self.by_target.insert(image.target.digest.clone(), self.images.len());
        self.images.push(Joined { image, configs });
    }

    fn add_docker(&mut self, entries: Vec<DockerImage>) -> Result<()> {
        for entry in entries {
            let file = self.shelf.require(&entry.config)?;
            self.budget.take_bytes(file.blob.size())?;
            let bytes = read_whole(&file.name, file.blob.clone(), "CONFIG_BYTES_MAX", CONFIG_BYTES_MAX)?;
            let config = ImageConfig::parse(&bytes)
                .map_err(|source| Error::Config { digest: Digest::of(&bytes), source })?;
            let at = match self.same_image(&config.id().0, &entry.names) {
                Some(at) => at,
                None => {
                    let target = self.make_manifest(&entry, file, &config)?;
                    self.image_at(target)
                }
            };
            self.images[at].image.names.extend(entry.names);
        }
        Ok(())
    }

    /// The image of `index.json` that has this config; of several the one that has one of the names.
    fn same_image(&self, config: &Digest, names: &[Reference]) -> Option<usize> {
        let named = names.iter().filter_map(|name| self.by_name.get(name).copied());
        let mut named = named.filter(|at| self.images[*at].configs.contains(config));
        named.next().or_else(|| self.by_config.get(config).copied())
    }

    /// The place of an image with this target, made if there is none.
    fn image_at(&mut self, target: Descriptor) -> usize {
        if let Some(at) = self.by_target.get(&target.digest) {
            return *at;
        }
        self.push(ArchivedImage { names: Vec::new(), target }, HashSet::new());
        self.images.len() - 1
    }

    fn make_manifest(
        &mut self,
        entry: &DockerImage,
        file: Found,
        config: &ImageConfig,
    ) -> Result<Descriptor> {
        check_layers(entry.layers.len(), config.diff_ids().len())?;
        let mut layers = Vec::with_capacity(entry.layers.len());
        for (name, diff_id) in entry.layers.iter().zip(config.diff_ids()) {
            layers.push(self.layer(entry, name, diff_id)?);
        }
        let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_CONFIG), config.bytes());
        self.shelf.place(&descriptor.digest, file)?;
        stored::manifest(self.shelf, descriptor, layers)
    }

    fn layer(&mut self, entry: &DockerImage, name: &str, diff_id: &DiffId) -> Result<Descriptor> {
        match (self.shelf.file(name)?, entry.foreign.get(&diff_id.0)) {
            (Some(file), _) => self.layers.with_diff_id(self.shelf, file, diff_id),
            (None, Some(foreign)) => Ok(foreign.clone()),
            (None, None) => Err(Error::file(name, "is not in the archive")),
        }
    }

    fn add_legacy(&mut self) -> Result<()> {
        let limit = "ARCHIVE_JSON_BYTES_MAX";
        let file = json_file(self.shelf, legacy::REPOSITORIES, limit, ARCHIVE_JSON_BYTES_MAX)?;
        let names = legacy::read(file.ok_or(Error::Lacks("a manifest.json or index.json"))?.blob)?;
        let mut by_id: HashMap<String, usize> = HashMap::new();
        for name in names {
            let at = match by_id.get(&name.id) {
                Some(at) => *at,
                None => {
                    let target = legacy::image(self.shelf, &mut self.layers, &name.id, &mut self.budget)?;
                    self.image_at(target)
                }
            };
            by_id.insert(name.id, at);
            self.images[at].image.names.push(name.name);
        }
        Ok(())
    }

    /// One name is one image's, and what was set aside was had elsewhere after all.
    fn check_names(&mut self, set_aside: Vec<Incomplete>) -> Result<()> {
        let mut owners: HashMap<Reference, Digest> = HashMap::new();
        for Joined { image, .. } in &mut self.images {
            let mut seen = HashSet::new();
            image.names.retain(|name| seen.insert(name.clone()));
            for name in seen {
                let familiar = name.familiar();
                if let Some(first) = owners.insert(name, image.target.digest.clone()) {
                    let second = image.target.digest.clone();
                    return Err(Error::TwoImages { name: familiar, first, second });
                }
            }
        }
        let is_lost = |incomplete: &Incomplete| {
            self.images.is_empty() || !incomplete.image.names.iter().all(|name| owners.contains_key(name))
        };
        match set_aside.into_iter().find(is_lost) {
            Some(incomplete) => Err(incomplete.error),
            None => Ok(()),
        }
    }

    fn into_images(self) -> Vec<ArchivedImage> {
        self.images.into_iter().map(|joined| joined.image).collect()
    }
}

/// Gathers the names of each target.
fn by_target(entries: Vec<LayoutImage>) -> Result<Vec<ArchivedImage>> {
    let mut images: Vec<ArchivedImage> = Vec::new();
    let mut places: HashMap<Digest, usize> = HashMap::new();
    for entry in entries {
        let at = *places.entry(entry.target.digest.clone()).or_insert(images.len());
        if at == images.len() {
            images.push(ArchivedImage { names: Vec::new(), target: entry.target.clone() });
        }
        let image = &mut images[at];
        if image.target.size != entry.target.size || image.target.media_type != entry.target.media_type {
            let text = |target: &Descriptor| format!("{}, {} bytes", target.media_type, target.size);
            let (expected, found) = (text(&image.target), text(&entry.target));
            return Err(Error::Mismatch { digest: entry.target.digest, expected, found });
        }
        if let Some(name) = entry.name {
            image.names.push(name);
        }
    }
    Ok(images)
}
