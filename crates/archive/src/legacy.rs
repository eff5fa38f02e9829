//! Archives from before `manifest.json` (Docker 1.0 to 1.9): `repositories`, and a folder for each layer with its
//! config of the first image format, parents by name.

use std::collections::HashSet;

use layer::EntryName;
use serde_json::{Map, Value, json};
use spec::json::{Object, parse_strict};
use spec::limits::{CONFIG_BYTES_MAX, LAYERS_PER_IMAGE_MAX};
use spec::{Descriptor, DiffId, MediaType, Reference};

use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::graph::Budget;
use crate::items;
use crate::limits::ARCHIVE_JSON_BYTES_MAX;
use crate::names::tagged;
use crate::shelf::Shelf;
use crate::stored::{self, Layers};
use crate::table::{limit, read_whole};

pub(crate) const REPOSITORIES: &str = "repositories";

/// A name, and the folder of the image's top layer.
#[derive(Clone, Debug)]
pub(crate) struct LegacyName {
    pub(crate) name: Reference,
    pub(crate) id: String,
}

/// Reads `repositories`.
///
/// # Errors
/// Anything but repositories of tags of ids.
pub(crate) fn read(file: Blob) -> Result<Vec<LegacyName>> {
    let mut names = Vec::new();
    items::members(REPOSITORIES, file, |repository, tags| {
        for (tag, id) in tags.members() {
            let id = id.as_str().filter(|id| is_id(id));
            let id = id.ok_or_else(|| {
                tags.error(format_args!("the id of {} is no id", EntryName::new(tag.as_bytes())))
            })?;
            names.push(LegacyName { name: tagged(&format!("{repository}:{tag}"))?, id: id.to_owned() });
        }
        Ok(())
    })?;
    Ok(names)
}

/// The ids of the first format are 64 random or derived hexadecimal digits: names of folders, proof of nothing.
fn is_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Makes config and manifest of the image whose top layer is `id`.
///
/// # Errors
/// A layer that is missing or refused, parents that go round or have no end.
pub(crate) fn image(
    shelf: &mut Shelf,
    layers: &mut Layers<'_>,
    id: &str,
    budget: &mut Budget,
) -> Result<Descriptor> {
    let mut chain = chain(shelf, id, budget)?;
    let Some(top) = chain.first().map(|step| step.document.clone()) else {
        return Err(Error::Lacks("a layer"));
    };
    chain.reverse();
    let mut descriptors = Vec::with_capacity(chain.len());
    let mut diff_ids = Vec::with_capacity(chain.len());
    for step in &chain {
        let file = shelf.require(&format!("{}/layer.tar", step.id))?;
        let (descriptor, diff_id) = layers.unpacked(shelf, file)?;
        descriptors.push(descriptor);
        diff_ids.push(diff_id);
    }
    let history = chain.into_iter().map(|step| step.history).collect();
    let config = config(top, &diff_ids, history)?;
    let config = shelf.add_document(MediaType::OCI_CONFIG, config);
    stored::manifest(shelf, config, descriptors)
}

/// One layer of the chain. Only the top one keeps its document.
struct Step {
    id: String,
    document: Map<String, Value>,
    history: Value,
}

/// The layers from the top to the one without a parent.
fn chain(shelf: &Shelf, id: &str, budget: &mut Budget) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(id.to_owned());
    let mut bytes = 0;
    while let Some(id) = next {
        let name = format!("{id}/json");
        if !seen.insert(id.clone()) {
            return Err(Error::file(name, "is its own ancestor"));
        }
        limit(&name, "LAYERS_PER_IMAGE_MAX", LAYERS_PER_IMAGE_MAX as u64, seen.len() as u64)?;
        let file = shelf.require(&name)?.blob;
        bytes += file.size();
        // What the config will be made of; its own limit holds before anything is kept.
        limit(&name, "CONFIG_BYTES_MAX", CONFIG_BYTES_MAX, bytes)?;
        budget.take_bytes(file.size())?;
        let (step, parent) = read_step(id, &name, file, steps.is_empty())?;
        steps.push(step);
        next = parent;
    }
    Ok(steps)
}

fn read_step(id: String, name: &str, file: Blob, is_top: bool) -> Result<(Step, Option<String>)> {
    let bytes = read_whole(name.as_bytes(), file, "ARCHIVE_JSON_BYTES_MAX", ARCHIVE_JSON_BYTES_MAX)?;
    let value = parse_strict(&bytes).map_err(|error| Error::file(name, error))?;
    let object = Object::root(&value, name)?;
    object.refuse_case_variants(&["id", "parent", "os", "architecture", "rootfs", "history"])?;
    let parent = object.optional_str("parent")?.filter(|parent| !parent.is_empty());
    if parent.is_some_and(|parent| !is_id(parent)) {
        return Err(object.member_error("parent", "is no id").into());
    }
    let (history, parent) = (history(object), parent.map(str::to_owned));
    let document = if is_top { object.members().clone() } else { Map::new() };
    Ok((Step { id, document, history }, parent))
}

/// What the config's history says about the layer; the members that Docker writes, in its order.
fn history(layer: Object<'_>) -> Value {
    let text = |name: &str| layer.optional(name).and_then(Value::as_str).unwrap_or_default();
    let command = layer.optional("container_config").and_then(|config| config.get("Cmd"));
    let words = command.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let created_by = words.collect::<Vec<_>>().join(" ");
    let members = [
        ("created", text("created")),
        ("author", text("author")),
        ("created_by", &created_by),
        ("comment", text("comment")),
    ];
    let members = members.into_iter().filter(|(_, text)| !text.is_empty());
    members.map(|(name, text)| (name.to_owned(), Value::from(text))).collect::<Map<_, _>>().into()
}

/// Members of a layer's document that the config of today does not have.
const DROPPED: &[&str] = &["id", "parent", "Size", "parent_id", "layer_id", "throwaway"];

/// The config, in the bytes that Docker makes of it: sorted members, and `<`, `>`, `&` escaped as Go does. The
/// image then has the same ID.
fn config(mut document: Map<String, Value>, diff_ids: &[DiffId], history: Vec<Value>) -> Result<Vec<u8>> {
    document.retain(|name, _| !DROPPED.contains(&name.as_str()));
    document.insert("rootfs".to_owned(), json!({ "type": "layers", "diff_ids": diff_ids }));
    document.insert("history".to_owned(), history.into());
    document.sort_keys();
    let text = Value::from(document).to_string();
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            c => escaped.push(c),
        }
    }
    limit("the config", "CONFIG_BYTES_MAX", CONFIG_BYTES_MAX, escaped.len() as u64)?;
    Ok(escaped.into_bytes())
}
