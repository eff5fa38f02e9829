//! The config and the manifest of an imported image.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use spec::{Descriptor, DiffId, Digest, Document, ImageConfig, MediaType, Platform};

use crate::error::{Error, Result};

/// Stands in `docker_version`: who made the image.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is known of the image before its layer is.
pub(super) struct Documents {
    pub(super) platform: Platform,
    pub(super) created: Timestamp,
    pub(super) message: String,
    pub(super) run: Map<String, Value>,
}

impl Documents {
    /// Looks whether there can be such a config, before anything is read for it.
    ///
    /// # Errors
    /// As [`Documents::config`].
    pub(super) fn check(&self) -> Result<()> {
        self.config(&DiffId(Digest::of(&[]))).map(drop)
    }

    /// The config, its members in Docker's order: that of their names, and inside them that of its structures.
    ///
    /// # Errors
    /// When changes and message make more than a config may have.
    pub(super) fn config(&self, diff_id: &DiffId) -> Result<ImageConfig> {
        let created = self.created.to_string();
        let mut config = Map::new();
        let mut put = |name: &str, value: Value| config.insert(name.to_owned(), value);
        put("architecture", json!(self.platform.architecture));
        put("comment", json!(self.message));
        put("config", Value::Object(self.run.clone()));
        put("created", json!(created));
        put("docker_version", json!(VERSION));
        put("history", json!([{"created": created, "comment": self.message}]));
        put("os", json!(self.platform.os));
        if let Some(version) = &self.platform.os_version {
            put("os.version", json!(version));
        }
        put("rootfs", json!({"type": "layers", "diff_ids": [diff_id.to_string()]}));
        if let Some(variant) = &self.platform.variant {
            put("variant", json!(variant));
        }
        ImageConfig::parse(Value::Object(config).to_string().as_bytes()).map_err(Error::invalid)
    }

    /// The manifest of an image of one layer.
    ///
    /// # Errors
    /// Never: what it is made of has been read before.
    pub(super) fn manifest(&self, config: &ImageConfig, layer: &Descriptor) -> Result<Document> {
        let media_type = MediaType::known(MediaType::OCI_CONFIG);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_MANIFEST,
            "config": Descriptor::of(media_type, config.bytes()),
            "layers": [layer],
        });
        Document::parse(manifest.to_string().as_bytes(), None).map_err(Error::invalid)
    }
}
