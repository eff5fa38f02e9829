//! `manifest.json`, the list of images that Docker writes into its archives since 1.10.

use std::collections::BTreeMap;

use serde_json::Value;
use spec::json::{JsonError, Object};
use spec::{Descriptor, Digest, Reference};

use crate::blob::Blob;
use crate::error::Result;
use crate::items;
use crate::names::tagged;

pub(crate) const MANIFEST: &str = "manifest.json";

const MEMBERS: &[&str] = &["Config", "RepoTags", "Layers", "LayerSources", "Parent"];

/// One image of the list.
#[derive(Clone, Debug)]
pub(crate) struct DockerImage {
    /// The name of the config's file.
    pub(crate) config: String,
    /// The image's names.
    pub(crate) names: Vec<Reference>,
    /// The names of the layers' files, bottom first.
    pub(crate) layers: Vec<String>,
    /// Layers that may be had elsewhere instead, by diff ID.
    pub(crate) foreign: BTreeMap<Digest, Descriptor>,
}

/// Reads `manifest.json`.
///
/// # Errors
/// Anything but a list of images with proper names.
pub(crate) fn read(file: Blob) -> Result<Vec<DockerImage>> {
    let mut images = Vec::new();
    items::list(MANIFEST, file, |item| {
        item.refuse_case_variants(MEMBERS)?;
        let names = strings(item, "RepoTags")?;
        images.push(DockerImage {
            config: item.str("Config")?.to_owned(),
            names: names.iter().map(|name| tagged(name)).collect::<Result<_>>()?,
            layers: strings(item, "Layers")?,
            foreign: foreign_layers(item)?,
        });
        Ok(())
    })?;
    Ok(images)
}

fn strings(item: Object<'_>, name: &str) -> Result<Vec<String>, JsonError> {
    let text = |value: &Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| item.member_error(name, "an item is not a string"))
    };
    item.optional_list(name)?.iter().map(text).collect()
}

/// Of `LayerSources` only what says where a layer that is not in the archive may be had. Docker describes there
/// every layer, sometimes in words that are no proper descriptor.
fn foreign_layers(item: Object<'_>) -> Result<BTreeMap<Digest, Descriptor>, JsonError> {
    if item.optional("LayerSources").is_none() {
        return Ok(BTreeMap::new());
    }
    item.object("LayerSources", |sources| {
        let one = |key: &String| {
            let diff_id = Digest::parse(key).ok()?;
            let source = sources.object(key, Descriptor::read).ok()?;
            source.media_type.is_foreign_layer().then_some((diff_id, source))
        };
        Ok(sources.members().keys().filter_map(one).collect())
    })
}
