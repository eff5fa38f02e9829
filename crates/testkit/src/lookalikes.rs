//! Small images under the names and tags of well-known ones, shaped as the project's guide to images shows
//! them: how many layers, which are shared, which platforms, how old. Everything is a thousandth in size:
//! where the originals have 7.73MB, these have 7.73kB.

mod go;
mod linux;
mod rootfs;
mod search;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::ToSpan;

use crate::Registry;
use crate::image::{Built, BuiltImage};

/// The images that were put into a registry.
#[derive(Clone, Debug)]
pub struct Lookalikes {
    images: BTreeMap<String, Built>,
}

impl Lookalikes {
    /// Makes all images, as old as they should be at `now`, and puts them into `registry`, with what a
    /// search is to find.
    ///
    /// Docker Hub's are under `library/` and their users' names. Those of other registries are there under
    /// their path alone, as a mirror has them. Foreign layers are there, too, as today's registries have
    /// them; [`Registry::remove_blob`] takes one away.
    pub fn publish(registry: &Registry, now: Timestamp) -> Lookalikes {
        let mut images = BTreeMap::new();
        for (name, built) in linux::images(now).into_iter().chain(go::images(now)).chain(windows::images(now))
        {
            images.insert(name.to_owned(), built);
        }
        let lookalikes = Lookalikes { images };
        lookalikes.publish_again(registry);
        lookalikes
    }

    /// Puts them into another registry, too.
    pub fn publish_again(&self, registry: &Registry) {
        for (name, built) in &self.images {
            let (repository, tag) = location(name);
            built.push(registry, &repository, &[tag]);
            for layer in built.images.iter().flat_map(|image| &image.layers) {
                registry.put_blob_under(&repository, layer.digest().as_str(), layer.blob().clone());
            }
        }
        registry.serve_search(search::entries());
    }

    /// The image of a name as people write it: `alpine`, `nigelpoulton/tu-demo:v1`.
    pub fn get(&self, name: &str) -> Option<&Built> {
        let last = name.rsplit('/').next().unwrap_or(name);
        let full = if last.contains(':') { name.to_owned() } else { format!("{name}:latest") };
        self.images.get(&full)
    }

    /// The image for a platform (`linux/arm64`), the first of the index when none is given.
    pub fn image(&self, name: &str, platform: Option<&str>) -> Option<&BuiltImage> {
        let built = self.get(name)?;
        match platform {
            Some(platform) => built.for_platform(platform),
            None => built.images.first(),
        }
    }

    /// The names, with tags.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.images.keys().map(String::as_str)
    }
}

/// The repository's path at its registry, and the tag, of a name as people write it.
fn location(name: &str) -> (String, &str) {
    let (path, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
    let repository = match path.split_once('/') {
        None => format!("library/{path}"),
        Some((registry, rest)) if registry.contains('.') => rest.to_owned(),
        Some(_) => path.to_owned(),
    };
    (repository, tag)
}

/// So many days ago, and an hour, so that a slow test still sees the same age.
fn days_ago(now: Timestamp, days: i64) -> Timestamp {
    now.checked_sub((days * 24 + 1).hours()).unwrap_or(now)
}
