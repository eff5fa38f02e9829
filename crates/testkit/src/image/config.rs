//! One image: its steps, its config and its manifest.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use spec::{Descriptor, ImageId, MediaType, Platform};

use super::built::{Built, BuiltImage, Part};
use super::layer::Layer;

/// Whose words a manifest uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Docker's image manifest, version 2, schema 2.
    #[default]
    Docker,
    /// OCI's.
    Oci,
}

/// One step of an image's history.
#[derive(Clone, Debug)]
pub struct Step {
    /// The instruction.
    pub created_by: String,
    /// The layer it made, if it made one.
    pub layer: Option<Layer>,
    /// A remark.
    pub comment: String,
}

impl Step {
    /// A step that made a layer.
    pub fn layer(created_by: &str, layer: Layer) -> Step {
        Step { created_by: created_by.to_owned(), layer: Some(layer), comment: BUILDKIT.to_owned() }
    }

    /// A step that made none.
    pub fn empty(created_by: &str) -> Step {
        Step { created_by: created_by.to_owned(), layer: None, comment: BUILDKIT.to_owned() }
    }
}

/// What BuildKit remarks in every step of a Dockerfile.
const BUILDKIT: &str = "buildkit.dockerfile.v0";
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image to be built.
#[derive(Clone, Debug)]
pub struct Image {
    /// Whose words the manifest uses.
    pub format: Format,
    /// What it is for.
    pub platform: Platform,
    /// When it was made; nothing leaves the date out.
    pub created: Option<Timestamp>,
    /// Its steps, oldest first.
    pub steps: Vec<Step>,
    /// The config's `config`: `Cmd`, `Env`, `Labels` and so on.
    pub run: Map<String, Value>,
    /// The manifest's annotations.
    pub annotations: Map<String, Value>,
    /// More members of the config, in place of those made here.
    pub config: Map<String, Value>,
}

impl Image {
    /// An image of these layers, bottom first, for linux/amd64, in Docker's format.
    pub fn new(layers: Vec<Layer>) -> Image {
        let name = |at: usize| if at == 0 { "ADD rootfs / # buildkit" } else { "COPY files / # buildkit" };
        let steps = layers.into_iter().enumerate().map(|(at, layer)| Step::layer(name(at), layer));
        Image::of_steps(steps.collect())
    }

    /// An image with this history, oldest step first, for linux/amd64, in Docker's format.
    pub fn of_steps(steps: Vec<Step>) -> Image {
        let mut run = Map::new();
        run.insert("Env".to_owned(), json!([PATH]));
        Image {
            format: Format::Docker,
            platform: Platform::new("linux", "amd64", None),
            created: "2023-05-09T23:11:10.132147526Z".parse().ok(),
            steps,
            run,
            annotations: Map::new(),
            config: Map::new(),
        }
    }

    /// The same in OCI's format.
    pub fn oci(mut self) -> Image {
        self.format = Format::Oci;
        self
    }

    /// Sets the platform.
    ///
    /// # Panics
    /// When the text is no platform.
    pub fn platform(mut self, text: &str) -> Image {
        self.platform = Platform::parse(text, &self.platform).expect("a platform");
        self
    }

    /// Sets the Windows build.
    pub fn os_version(mut self, version: &str) -> Image {
        self.platform.os_version = Some(version.to_owned());
        self
    }

    /// Sets when it was made.
    pub fn created(mut self, created: Timestamp) -> Image {
        self.created = Some(created);
        self
    }

    /// Sets the command, and adds the step that does so.
    pub fn command(mut self, words: &[&str]) -> Image {
        self.steps.push(Step::empty(&format!("CMD {}", json!(words))));
        self.member("Cmd", json!(words))
    }

    /// Sets the entry point, and adds the step that does so.
    pub fn entrypoint(mut self, words: &[&str]) -> Image {
        self.steps.push(Step::empty(&format!("ENTRYPOINT {}", json!(words))));
        self.member("Entrypoint", json!(words))
    }

    /// Sets an environment variable, and adds the step that does so.
    pub fn env(mut self, name: &str, value: &str) -> Image {
        self.steps.push(Step::empty(&format!("ENV {name}={value}")));
        if let Some(env) = self.run.get_mut("Env").and_then(Value::as_array_mut) {
            let is_other = |known: &Value| {
                known.as_str().and_then(|known| known.split_once('=')).map(|pair| pair.0) != Some(name)
            };
            env.retain(is_other);
            env.push(format!("{name}={value}").into());
        }
        self
    }

    /// Adds a label, and the step that does so.
    pub fn label(mut self, name: &str, value: &str) -> Image {
        self.steps.push(Step::empty(&format!("LABEL {name}={value}")));
        let labels = self.run.entry("Labels").or_insert_with(|| json!({}));
        labels[name] = value.into();
        self
    }

    /// Adds a step that makes no layer and sets nothing.
    pub fn step(mut self, created_by: &str) -> Image {
        self.steps.push(Step::empty(created_by));
        self
    }

    /// Sets a member of the config's `config`.
    pub fn member(mut self, name: &str, value: Value) -> Image {
        self.run.insert(name.to_owned(), value);
        self
    }

    /// The layers, bottom first.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.steps.iter().filter_map(|step| step.layer.as_ref())
    }

    /// Makes config and manifest.
    pub fn build(&self) -> Built {
        let oci = self.format == Format::Oci;
        let config_type = if oci { MediaType::OCI_CONFIG } else { MediaType::DOCKER_CONFIG };
        let config = Part::new(MediaType::known(config_type), self.config_json().to_string().into_bytes());
        let manifest_type = if oci { MediaType::OCI_MANIFEST } else { MediaType::DOCKER_MANIFEST };
        let document = self.manifest_json(manifest_type, &config.descriptor);
        let manifest = Part::new(MediaType::known(manifest_type), self.format.write(&document));
        let image = BuiltImage {
            id: ImageId(config.descriptor.digest.clone()),
            platform: self.platform.clone(),
            config,
            layers: self.layers().cloned().collect(),
            manifest: manifest.clone(),
        };
        Built { root: manifest, images: vec![image], others: Vec::new() }
    }

    fn config_json(&self) -> Value {
        let mut config = Map::new();
        let mut put = |name: &str, value: Value| config.insert(name.to_owned(), value);
        put("architecture", json!(self.platform.architecture));
        put("config", Value::Object(self.run.clone()));
        if let Some(created) = self.created {
            put("created", json!(created.to_string()));
        }
        put("history", self.steps.iter().map(|step| self.history_json(step)).collect());
        put("os", json!(self.platform.os));
        if let Some(version) = &self.platform.os_version {
            put("os.version", json!(version));
        }
        let diff_ids: Vec<_> = self.layers().map(|layer| layer.diff_id().to_string()).collect();
        put("rootfs", json!({"type": "layers", "diff_ids": diff_ids}));
        if let Some(variant) = &self.platform.variant {
            put("variant", json!(variant));
        }
        config.extend(self.config.clone());
        Value::Object(config)
    }

    fn history_json(&self, step: &Step) -> Value {
        let mut entry = Map::new();
        if let Some(created) = self.created {
            entry.insert("created".to_owned(), json!(created.to_string()));
        }
        entry.insert("created_by".to_owned(), json!(step.created_by));
        if !step.comment.is_empty() {
            entry.insert("comment".to_owned(), json!(step.comment));
        }
        if step.layer.is_none() {
            entry.insert("empty_layer".to_owned(), json!(true));
        }
        Value::Object(entry)
    }

    fn manifest_json(&self, media_type: &str, config: &Descriptor) -> Value {
        let layers = self.layers().map(|layer| {
            let (media_type, size) = (layer.media_type(self.format), layer.blob().len());
            let mut descriptor = Descriptor::new(media_type, layer.digest().clone(), size);
            descriptor.urls = layer.urls().to_vec();
            json!(descriptor)
        });
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": config,
            "layers": layers.collect::<Vec<_>>(),
        });
        if !self.annotations.is_empty() {
            manifest["annotations"] = Value::Object(self.annotations.clone());
        }
        manifest
    }
}

impl Format {
    /// A document as that world's tools lay it out: Docker's are indented by three.
    pub(crate) fn write(self, document: &Value) -> Vec<u8> {
        if self == Format::Oci {
            return document.to_string().into_bytes();
        }
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"   ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
        serde::Serialize::serialize(document, &mut serializer).expect("a document in memory");
        bytes
    }
}
