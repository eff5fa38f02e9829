//! Documents and blobs of every kind that registries have to take.

use std::cell::Cell;

use base64::Engine as _;
use serde_json::{Value, json};
use spec::{Algorithm, Digest, Digester};

use crate::client::{INDEX, MANIFEST, noise};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const ARTIFACT: &str = "application/vnd.example.kind.v1";

/// The digest of some bytes.
pub(super) fn digest(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    let mut digester = Digester::new(algorithm);
    digester.update(bytes);
    digester.finish()
}

/// A document to be pushed, and what it is listed as.
pub(super) struct Document {
    pub digest: Digest,
    pub bytes: Vec<u8>,
    pub kind: &'static str,
    pub tags: Vec<String>,
    /// The digest of its subject, and the descriptor that it has among the subject's referrers.
    pub about: Option<(String, Value)>,
}

/// A set of content that belongs together, in the order in which it is pushed.
pub(super) struct Content {
    algorithm: Algorithm,
    seed: Cell<u64>,
    pub blobs: Vec<(Digest, Vec<u8>)>,
    pub documents: Vec<Document>,
    /// Whether tags are given with the push by digest.
    pub tags_by_parameter: bool,
}

impl Content {
    fn new(algorithm: Algorithm) -> Content {
        Content {
            algorithm,
            seed: Cell::new(1),
            blobs: Vec::new(),
            documents: Vec::new(),
            tags_by_parameter: algorithm != Algorithm::Sha256,
        }
    }

    fn random(&self, length: usize) -> Vec<u8> {
        self.seed.set(self.seed.get() + 1);
        noise(self.seed.get(), length)
    }

    fn describe(&self, kind: &str, bytes: &[u8]) -> Value {
        json!({ "mediaType": kind, "digest": digest(self.algorithm, bytes), "size": bytes.len() })
    }

    /// A blob that is pushed. Returns its descriptor.
    fn blob(&mut self, kind: &str, bytes: Vec<u8>) -> Value {
        let descriptor = self.describe(kind, &bytes);
        let digest = digest(self.algorithm, &bytes);
        if self.blobs.iter().all(|(known, _)| *known != digest) {
            self.blobs.push((digest, bytes));
        }
        descriptor
    }

    fn layer(&mut self) -> Value {
        let bytes = self.random(700);
        self.blob(LAYER, bytes)
    }

    fn config(&mut self) -> Value {
        let seed = self.random(8);
        self.blob(
            CONFIG,
            json!({ "architecture": "amd64", "os": "linux", "author": seed }).to_string().into_bytes(),
        )
    }

    /// A manifest of an image with two layers, not yet a document.
    fn image(&mut self) -> Value {
        let (config, layers) = (self.config(), [self.layer(), self.layer()]);
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers })
    }

    fn artifact(&mut self) -> Value {
        let (config, bytes) = (self.blob(EMPTY, b"{}".to_vec()), self.random(600));
        let layers = [self.blob("application/octet-stream", bytes)];
        json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": ARTIFACT, "config": config,
            "layers": layers,
        })
    }

    /// An index of documents that are there or not.
    fn index(children: &[Value]) -> Value {
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": children })
    }

    /// Takes a document in. Returns its descriptor.
    fn add(&mut self, document: &Value, tags: &[&str]) -> Value {
        let bytes = document.to_string().into_bytes();
        let kind = if document["mediaType"] == INDEX { INDEX } else { MANIFEST };
        let descriptor = self.describe(kind, &bytes);
        let about = document.get("subject").map(|subject| {
            let mut entry = descriptor.clone();
            let config = document.get("config").map(|config| config["mediaType"].clone());
            if let Some(kind) = document.get("artifactType").cloned().or(config) {
                entry["artifactType"] = kind;
            }
            if let Some(annotations) = document.get("annotations") {
                entry["annotations"] = annotations.clone();
            }
            (subject["digest"].as_str().unwrap().to_owned(), entry)
        });
        self.documents.push(Document {
            digest: digest(self.algorithm, &bytes),
            bytes,
            kind,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            about,
        });
        descriptor
    }

    fn add_index_of_images(&mut self, tags: &[&str]) -> Value {
        let children: Vec<Value> = ["amd64", "arm64"]
            .map(|architecture| {
                let image = self.image();
                let mut child = self.add(&image, &[]);
                child["platform"] = json!({ "architecture": architecture, "os": "linux" });
                child
            })
            .to_vec();
        self.add(&Content::index(&children), tags)
    }
}

type Fill = fn(&mut Content);

/// All sets, by name.
pub(super) const SETS: [(&str, Fill); 19] = [
    ("image", |c| {
        let image = c.image();
        c.add(&image, &["image"]);
    }),
    ("large manifest", |c| {
        let mut image = c.image();
        for n in 0..390 {
            image["annotations"][format!("large-{n}")] = json!("A".repeat(10_000));
        }
        c.add(&image, &["large"]);
    }),
    ("no layers", |c| {
        let mut image = c.image();
        image["layers"] = json!([]);
        c.add(&image, &["none"]);
    }),
    ("unknown fields", |c| {
        let mut image = c.image();
        image["org.example.unknown"] = json!({ "a": [1, null] });
        image["config"]["org.example.unknown"] = json!(1.5);
        c.add(&image, &["unknown"]);
    }),
    ("data in descriptors", |c| {
        let mut image = c.image();
        let bytes = c.random(80);
        image["layers"][1] = c.describe(LAYER, &bytes);
        image["layers"][1]["data"] = json!(base64::engine::general_purpose::STANDARD.encode(&bytes));
        c.add(&image, &["data"]);
    }),
    ("layers that are elsewhere", |c| {
        let mut image = c.image();
        for kind in ["nondistributable.v1.tar", "nondistributable.v1.tar+gzip", "v1.tar"] {
            let bytes = c.random(80);
            let mut layer = c.describe(&format!("application/vnd.oci.image.layer.{kind}"), &bytes);
            layer["urls"] = json!(["https://store.example/layer"]);
            image["layers"].as_array_mut().unwrap().push(layer);
        }
        c.add(&image, &["elsewhere"]);
    }),
    ("sparse image", |c| {
        let image = c.image();
        c.blobs.pop();
        c.add(&image, &["sparse-image"]);
    }),
    ("index", |c| {
        c.add_index_of_images(&["index"]);
    }),
    ("nested index", |c| {
        let children = [c.add_index_of_images(&[]), c.add_index_of_images(&[])];
        c.add(&Content::index(&children), &["nested"]);
    }),
    ("empty index", |c| {
        c.add(&Content::index(&[]), &["empty"]);
    }),
    ("sparse index", |c| {
        let image = c.image();
        let absent = c.random(100);
        let children = [c.add(&image, &[]), c.describe(MANIFEST, &absent)];
        c.add(&Content::index(&children), &["sparse-index"]);
    }),
    ("index of blobs", |c| {
        let children = [c.layer(), c.config()];
        c.add(&Content::index(&children), &["cache"]);
    }),
    ("artifact", |c| {
        let artifact = c.artifact();
        c.add(&artifact, &["artifact"]);
    }),
    ("artifact without layers", |c| {
        let mut artifact = c.artifact();
        artifact["layers"] = json!([artifact["config"]]);
        c.add(&artifact, &["bare"]);
    }),
    ("index of artifacts", |c| {
        let artifact = c.artifact();
        let child = c.add(&artifact, &[]);
        let mut index = Content::index(&[child]);
        index["artifactType"] = json!(ARTIFACT);
        c.add(&index, &["artifacts"]);
    }),
    ("about an image", |c| {
        let image = c.image();
        let subject = c.add(&image, &["subject"]);
        for kind in [None, Some(ARTIFACT), Some("application/vnd.example.kind.v2+json")] {
            let mut document = if kind.is_some() { c.artifact() } else { c.image() };
            document["subject"] = subject.clone();
            if let Some(kind) = kind {
                document["artifactType"] = json!(kind);
                document["annotations"] = json!({ "org.example.says": kind, "second": "\u{e9}\"" });
            }
            c.add(&document, if kind == Some(ARTIFACT) { &["about"] } else { &[] });
        }
    }),
    ("about an index", |c| {
        let subject = c.add_index_of_images(&["subject-index"]);
        for kind in [None, Some(ARTIFACT)] {
            let mut index = Content::index(&[]);
            index["subject"] = subject.clone();
            index["annotations"] = json!({ "n": format!("{kind:?}") });
            if let Some(kind) = kind {
                index["artifactType"] = json!(kind);
            }
            c.add(&index, &[]);
        }
    }),
    ("about what is absent", |c| {
        let mut artifact = c.artifact();
        let absent = c.random(123);
        artifact["subject"] = c.describe(MANIFEST, &absent);
        c.add(&artifact, &["missing-subject"]);
    }),
    ("tags by parameter", |c| {
        let image = c.image();
        let tags: Vec<String> = (0..12).map(|n| format!("by.parameter_{n}")).collect();
        c.tags_by_parameter = true;
        c.add(&image, &tags.iter().map(String::as_str).collect::<Vec<_>>());
    }),
];

/// One set.
pub(super) fn set(fill: Fill, algorithm: Algorithm) -> Content {
    let mut content = Content::new(algorithm);
    fill(&mut content);
    content
}
