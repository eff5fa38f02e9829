//! Image configs: what an image runs, how it was made, and the diff IDs of its layers.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::ids::{ChainId, DiffId, ImageId};
use crate::json::{JsonError, Object, parse_strict};
use crate::limits::{CONFIG_BYTES_MAX, HISTORY_ENTRIES_MAX, LAYERS_PER_IMAGE_MAX};
use crate::platform::Platform;

/// Why some bytes are no image config that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Over the size limit.
    #[error("the config has {0} bytes, more than CONFIG_BYTES_MAX ({CONFIG_BYTES_MAX})")]
    TooLarge(u64),
    /// Not JSON, or a root file system that is none.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// Too many layers for any driver.
    #[error("the config lists {0} layers, more than LAYERS_PER_IMAGE_MAX ({LAYERS_PER_IMAGE_MAX})")]
    TooManyLayers(usize),
}

/// An image config, parsed from bytes and keeping them.
///
/// Only what identifies the image has to be right: an object with a root file system of layers. History,
/// dates, ports and the like are for display or for running; nonsense there reads as absent (DOC-6).
#[derive(Clone, Debug)]
pub struct ImageConfig {
    bytes: Arc<[u8]>,
    id: ImageId,
    value: Value,
    diff_ids: Vec<DiffId>,
}

/// One step of an image's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// RFC 3339 time, as it stands in the config.
    pub created: Option<jiff::Timestamp>,
    /// The instruction or command.
    pub created_by: String,
    /// A remark.
    pub comment: String,
    /// Who made the step.
    pub author: String,
    /// Whether the step made no layer.
    pub empty_layer: bool,
}

const MEMBERS: &[&str] = &[
    "architecture",
    "author",
    "comment",
    "config",
    "container",
    "container_config",
    "created",
    "docker_version",
    "history",
    "id",
    "os",
    "os.features",
    "os.version",
    "parent",
    "rootfs",
    "variant",
];
const RUN_MEMBERS: &[&str] = &[
    "ArgsEscaped",
    "Cmd",
    "Domainname",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Hostname",
    "Image",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
];

impl ImageConfig {
    /// Parses a config.
    ///
    /// # Errors
    /// When it is not strict JSON, is no object, or has no usable `rootfs`.
    pub fn parse(bytes: &[u8]) -> Result<ImageConfig, ConfigError> {
        if bytes.len() as u64 > CONFIG_BYTES_MAX {
            return Err(ConfigError::TooLarge(bytes.len() as u64));
        }
        let value = parse_strict(bytes)?;
        let object = Object::root(&value, "config")?;
        object.refuse_case_variants(MEMBERS)?;
        if object.optional("config").is_some_and(Value::is_object) {
            object.object("config", |run| run.refuse_case_variants(RUN_MEMBERS))?;
        }
        if let Some(history) = object.optional("history").and_then(Value::as_array)
            && history.len() > HISTORY_ENTRIES_MAX
        {
            let text = format!("more than HISTORY_ENTRIES_MAX ({HISTORY_ENTRIES_MAX}) entries");
            return Err(object.member_error("history", text).into());
        }
        let diff_ids = object.object("rootfs", read_diff_ids)?;
        if diff_ids.len() > LAYERS_PER_IMAGE_MAX {
            return Err(ConfigError::TooManyLayers(diff_ids.len()));
        }
        Ok(ImageConfig { id: ImageId(Digest::of(bytes)), bytes: bytes.into(), diff_ids, value })
    }

    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The image's ID: the digest of the bytes.
    pub fn id(&self) -> &ImageId {
        &self.id
    }

    /// The layers' diff IDs, bottom first.
    pub fn diff_ids(&self) -> &[DiffId] {
        &self.diff_ids
    }

    /// The chain IDs of the stack's prefixes, bottom first.
    pub fn chain_ids(&self) -> Vec<ChainId> {
        ChainId::of_stack(&self.diff_ids)
    }

    /// The platform; empty words where the config says nothing.
    pub fn platform(&self) -> Platform {
        let text = |name| Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        Platform {
            architecture: self.text("architecture").to_owned(),
            os: self.text("os").to_owned(),
            os_version: text("os.version"),
            os_features: strings(self.value.get("os.features")),
            variant: text("variant"),
        }
    }

    /// When the image was made, if the config has a date that is one.
    pub fn created(&self) -> Option<jiff::Timestamp> {
        self.text("created").parse().ok()
    }

    /// A text member of the config (`author`, `comment`, `docker_version`), empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What the image runs: the members of `config`, if there are any.
    pub fn run(&self) -> Option<&Map<String, Value>> {
        self.value.get("config").and_then(Value::as_object)
    }

    /// The labels, in the order of the document.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let labels = self.run().and_then(|run| run.get("Labels")).and_then(Value::as_object);
        labels.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// The history, oldest first.
    pub fn history(&self) -> Vec<HistoryEntry> {
        let entries = self.value.get("history").and_then(Value::as_array);
        entries.into_iter().flatten().map(HistoryEntry::read).collect()
    }

    /// The whole document.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

impl HistoryEntry {
    fn read(value: &Value) -> HistoryEntry {
        let text = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
        HistoryEntry {
            created: text("created").parse().ok(),
            created_by: text("created_by").to_owned(),
            comment: text("comment").to_owned(),
            author: text("author").to_owned(),
            empty_layer: value.get("empty_layer").and_then(Value::as_bool).unwrap_or_default(),
        }
    }
}

fn read_diff_ids(rootfs: Object<'_>) -> Result<Vec<DiffId>, JsonError> {
    rootfs.refuse_case_variants(&["type", "diff_ids"])?;
    match rootfs.optional_str("type")? {
        None | Some("layers") => {}
        Some(other) => return Err(rootfs.member_error("type", format_args!("{other:?} is not \"layers\""))),
    }
    let diff_id = |value: &Value| {
        let text =
            value.as_str().ok_or_else(|| rootfs.member_error("diff_ids", "an item is not a string"))?;
        let digest = Digest::parse(text);
        digest.map(DiffId).map_err(|e| rootfs.member_error("diff_ids", format_args!("{text:?}: {e}")))
    };
    rootfs.optional_list("diff_ids")?.iter().map(diff_id).collect()
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(value: &Value) -> Result<ImageConfig, ConfigError> {
        ImageConfig::parse(value.to_string().as_bytes())
    }

    #[test]
    fn reads_what_identifies_an_image() {
        let diff = Digest::of(b"l").to_string();
        let value = json!({
            "architecture": "arm64", "os": "linux", "variant": "v8", "created": "2026-11-23T07:02:29.496880906Z",
            "config": {"Labels": {"b": "1", "a": "2"}, "Env": null},
            "rootfs": {"type": "layers", "diff_ids": [diff]},
            "history": [{"created_by": "RUN x", "empty_layer": true}, {}],
        });
        let config = config(&value).unwrap();
        assert_eq!(config.id().0, Digest::of(value.to_string().as_bytes()));
        assert_eq!(config.platform().to_string(), "linux/arm64/v8");
        assert_eq!(config.created().unwrap().subsec_nanosecond(), 496_880_906);
        assert_eq!(config.labels().collect::<Vec<_>>(), [("b", "1"), ("a", "2")]);
        assert_eq!(config.history().len(), 2);
        assert!(config.history()[0].empty_layer);
    }

    #[test]
    fn doc_6_nonsense_for_display_reads_as_absent() {
        let value = json!({
            "architecture": 7, "os": null, "created": "yesterday", "config": {"Labels": [1], "ExposedPorts": "x"},
            "rootfs": {"diff_ids": null}, "history": [1, null, {"created": 5, "empty_layer": "no"}],
        });
        let config = config(&value).unwrap();
        assert_eq!(config.created(), None);
        assert_eq!(config.labels().count(), 0);
        assert_eq!(config.history()[2], HistoryEntry::default());
    }

    #[test]
    fn doc_6_the_root_file_system_has_to_be_right() {
        for bad in [
            json!([]),
            json!({}),
            json!({"rootfs": null}),
            json!({"rootfs": []}),
            json!({"rootfs": {"type": "zip", "diff_ids": []}}),
            json!({"rootfs": {"type": "layers", "diff_ids": ["sha256:x"]}}),
            json!({"rootfs": {"type": "layers", "diff_ids": [1]}}),
            json!({"rootfs": {"diff_ids": []}, "OS": "linux"}),
            json!({"rootfs": {"diff_ids": []}, "config": {"env": []}}),
        ] {
            assert!(config(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn doc_7_a_layer_is_no_config() {
        assert!(ImageConfig::parse(b"\x1f\x8b\x08\0\0\0\0\0").is_err());
        assert!(ImageConfig::parse(b"").is_err());
    }
}
