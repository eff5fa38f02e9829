//! What can be seen of an image by `inspect`: the document as the daemon would send it, and the same in types,
//! on which templates run first.
use engine::ops::{InspectedImage, RemoteImage};
use go_template::{Field, Method, NamedType, Operand, Outcome, StructType, Type, Value as Typed};
use serde_json::{Map, Value, json};
use spec::{Descriptor, Document, ImageConfig, Reference};

use super::typed::{NEVER, typed};
use crate::term::json::escape_html;

pub(super) static SET: Type = Type::Map(&Type::String, &Type::Struct(&StructType::EMPTY));
static CONFIG_TYPE: Type = Type::Struct(&CONFIG);
pub(super) static HEALTHCHECK_TYPE: Type = Type::Struct(&HEALTHCHECK);
static UNUSED_CONFIG: Type = Type::Struct(&CONTAINER_CONFIG);

static IMAGE: StructType = StructType {
    name: "image.InspectResponse",
    fields: &[
        Field::new("ID", "Id", Type::String),
        Field::new("RepoTags", "RepoTags", Type::STRINGS),
        Field::new("RepoDigests", "RepoDigests", Type::STRINGS),
        Field::new("Parent", "Parent", Type::String),
        Field::new("Comment", "Comment", Type::String),
        Field::omit_empty("Created", "Created", Type::String),
        Field::omit_empty("Container", "Container", Type::String),
        Field::omit_empty("ContainerConfig", "ContainerConfig", Type::Pointer(&UNUSED_CONFIG)),
        Field::new("DockerVersion", "DockerVersion", Type::String),
        Field::new("Author", "Author", Type::String),
        Field::new("Config", "Config", Type::Pointer(&CONFIG_TYPE)),
        Field::new("Architecture", "Architecture", Type::String),
        Field::omit_empty("Variant", "Variant", Type::String),
        Field::new("Os", "Os", Type::String),
        Field::omit_empty("OsVersion", "OsVersion", Type::String),
        Field::new("Size", "Size", Type::INT64),
        Field::omit_empty("VirtualSize", "VirtualSize", Type::INT64),
        Field::new("GraphDriver", "GraphDriver", Type::Struct(&DRIVER)),
        Field::new("RootFS", "RootFS", Type::Struct(&ROOT_FS)),
        Field::new("Metadata", "Metadata", Type::Struct(&METADATA)),
    ],
    methods: &[],
};

static CONFIG: StructType = StructType {
    name: "v1.DockerOCIImageConfig",
    fields: &[
        Field::embedded("ImageConfig", Type::Struct(&OCI_CONFIG)),
        Field::embedded("DockerOCIImageConfigExt", Type::Struct(&CONFIG_EXT)),
    ],
    methods: &[],
};

static OCI_CONFIG: StructType = StructType {
    name: "v1.ImageConfig",
    fields: &[
        Field::omit_empty("User", "User", Type::String),
        Field::omit_empty("ExposedPorts", "ExposedPorts", SET),
        Field::omit_empty("Env", "Env", Type::STRINGS),
        Field::omit_empty("Entrypoint", "Entrypoint", Type::STRINGS),
        Field::omit_empty("Cmd", "Cmd", Type::STRINGS),
        Field::omit_empty("Volumes", "Volumes", SET),
        Field::omit_empty("WorkingDir", "WorkingDir", Type::String),
        Field::omit_empty("Labels", "Labels", Type::STRING_MAP),
        Field::omit_empty("StopSignal", "StopSignal", Type::String),
        Field::omit_empty("ArgsEscaped", "ArgsEscaped", Type::Bool),
    ],
    methods: &[],
};

static CONFIG_EXT: StructType = StructType {
    name: "v1.DockerOCIImageConfigExt",
    fields: &[
        Field::omit_empty("Healthcheck", "Healthcheck", Type::Pointer(&HEALTHCHECK_TYPE)),
        Field::omit_empty("OnBuild", "OnBuild", Type::STRINGS),
        Field::omit_empty("Shell", "Shell", Type::STRINGS),
    ],
    methods: &[],
};

static HEALTHCHECK: StructType = StructType {
    name: "v1.HealthcheckConfig",
    fields: &[
        Field::omit_empty("Test", "Test", Type::STRINGS),
        Field::omit_empty("Interval", "Interval", Type::Named(&DURATION)),
        Field::omit_empty("Timeout", "Timeout", Type::Named(&DURATION)),
        Field::omit_empty("StartPeriod", "StartPeriod", Type::Named(&DURATION)),
        Field::omit_empty("StartInterval", "StartInterval", Type::Named(&DURATION)),
        Field::omit_empty("Retries", "Retries", Type::INT),
    ],
    methods: &[],
};

static DURATION: NamedType = NamedType {
    name: "time.Duration",
    underlying: Type::INT64,
    methods: &[Method { name: "String", params: &[], call: duration_text }],
    raw_json: false,
};

static CONTAINER_CONFIG: StructType = StructType { name: "container.Config", fields: &[], methods: &[] };

pub(super) static DRIVER: StructType = StructType {
    name: "storage.DriverData",
    fields: &[Field::new("Data", "Data", Type::STRING_MAP), Field::new("Name", "Name", Type::String)],
    methods: &[],
};

static ROOT_FS: StructType = StructType {
    name: "image.RootFS",
    fields: &[
        Field::omit_empty("Type", "Type", Type::String),
        Field::omit_empty("Layers", "Layers", Type::STRINGS),
    ],
    methods: &[],
};

static METADATA: StructType = StructType {
    name: "image.Metadata",
    fields: &[Field::omit_empty("LastTagTime", "LastTagTime", Type::Object("time.Time"))],
    methods: &[],
};

/// An object as `inspect` shows it.
#[derive(Debug, Clone)]
pub(crate) struct Inspected {
    document: Value,
    /// Its type, where Docker has one.
    ty: Option<Type>,
    /// Whether templates see the document without types as well.
    has_raw: bool,
}

impl Inspected {
    /// A document of one of Docker's types.
    pub(crate) fn of(document: Value, ty: Type) -> Self {
        Self { document, ty: Some(ty), has_raw: true }
    }

    /// An image, members in the daemon's order.
    pub(crate) fn image(image: &InspectedImage) -> Self {
        let mut document = Members::default();
        document.put("Id", json!(image.id));
        document.put("RepoTags", names(&image.tags));
        document.put("RepoDigests", names(&image.digests));
        document.put("Parent", json!(image.parent.as_ref().map(ToString::to_string).unwrap_or_default()));
        document.put_config(&image.config);
        document.put("Size", json!(image.size));
        document.put("GraphDriver", driver(image));
        document.put_layers(&image.config);
        let tagged = image.tagged.map_or_else(|| NEVER.to_owned(), |tagged| tagged.to_string());
        document.put("Metadata", json!({"LastTagTime": tagged}));
        document.put("Config", run_config(&image.config));
        Self::of(Value::Object(document.0), Type::Struct(&IMAGE))
    }

    /// What is known of an image in a registry. Members that only a store has are left out; what an index offers
    /// and what a pull would fetch at most is there instead.
    pub(crate) fn remote(image: &RemoteImage) -> Self {
        let mut document = Members::default();
        let config = image.image.as_ref().and_then(|image| image.config.as_ref());
        if let Some(config) = config {
            document.put("Id", json!(config.id()));
        }
        let tag = Some(image.reference.clone()).filter(|reference| reference.tag().is_some());
        document.put("RepoTags", names(tag.as_slice()));
        document.put("RepoDigests", names(&[image.reference.with_digest(image.target.digest().clone())]));
        if let Some(config) = config {
            document.put_config(config);
        }
        document.put("Descriptor", descriptor(&image.target.descriptor()));
        if let Some(documents) = &image.image {
            let manifest = &documents.manifest;
            document.put("Manifest", descriptor(&Document::Manifest(manifest.clone()).descriptor()));
            let blobs = manifest.layers.iter().chain([&manifest.config]).map(|blob| blob.size);
            document.put("DownloadSize", json!(blobs.fold(0, u64::saturating_add)));
            document.put("Layers", manifest.layers.iter().map(descriptor).collect());
        }
        document.put("Platforms", image.offered.iter().map(offered).collect());
        if let Some(config) = config {
            document.put_layers(config);
            document.put("Config", run_config(config));
        }
        Self { document: Value::Object(document.0), ty: None, has_raw: true }
    }

    /// The document as the daemon would send it: on one line, escaped for HTML.
    pub(crate) fn json(&self) -> String {
        escape_html(&self.document.to_string())
    }

    /// The same for templates that see nothing but types.
    pub(crate) fn by_type_alone(self) -> Self {
        Self { has_raw: false, ..self }
    }

    /// The document without types, if templates see it.
    pub(crate) fn raw(&self) -> Option<&Value> {
        self.has_raw.then_some(&self.document)
    }

    /// The document in Docker's types; nothing of one that Docker does not have.
    pub(crate) fn typed(&self) -> Option<Typed<'_>> {
        self.ty.map(|ty| typed(ty, &self.document))
    }
}

/// Members of a document, in order.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// What a config says about itself.
    fn put_config(&mut self, config: &ImageConfig) {
        let platform = config.platform();
        self.put("Comment", json!(comment(config)));
        if let Some(created) = created(config) {
            self.put("Created", json!(created));
        }
        self.put("DockerVersion", json!(config.text("docker_version")));
        self.put("Author", json!(config.text("author")));
        self.put("Architecture", json!(platform.architecture));
        if let Some(variant) = &platform.variant {
            self.put("Variant", json!(variant));
        }
        self.put("Os", json!(platform.os));
        if let Some(version) = &platform.os_version {
            self.put("OsVersion", json!(version));
        }
    }

    fn put_layers(&mut self, config: &ImageConfig) {
        self.put("RootFS", json!({"Type": "layers", "Layers": config.diff_ids()}));
    }
}

fn names(references: &[Reference]) -> Value {
    json!(references.iter().map(Reference::familiar).collect::<Vec<_>>())
}

fn descriptor(of: &Descriptor) -> Value {
    json!({"mediaType": of.media_type.as_str(), "digest": of.digest, "size": of.size})
}

/// One platform of an index.
fn offered(entry: &Descriptor) -> Value {
    let platform = entry.platform.as_ref().map(ToString::to_string).unwrap_or_default();
    json!({"Platform": platform, "Digest": entry.digest})
}

fn comment(config: &ImageConfig) -> String {
    match config.text("comment") {
        "" => config.history().pop().map(|step| step.comment).unwrap_or_default(),
        comment => comment.to_owned(),
    }
}

/// The config's date. One with an offset keeps it, as in Go.
fn created(config: &ImageConfig) -> Option<String> {
    let created = config.created()?;
    let text = config.text("created");
    Some(if text.ends_with(['Z', 'z']) { created.to_string() } else { text.to_owned() })
}

fn driver(image: &InspectedImage) -> Value {
    let data = image.driver_data.as_ref().map(|data| {
        let mut data: Vec<_> = data.iter().collect();
        data.sort();
        Value::Object(data.into_iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect())
    });
    json!({"Data": data, "Name": image.driver})
}

/// What the image runs: eight members always, others when they say something, all by name.
fn run_config(config: &ImageConfig) -> Value {
    const ALWAYS_NULL: [&str; 6] = ["Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "Volumes"];
    const ALWAYS_TEXT: [&str; 2] = ["User", "WorkingDir"];
    const SOMETIMES: [&str; 5] = ["ArgsEscaped", "ExposedPorts", "Healthcheck", "Shell", "StopSignal"];
    let empty = Map::new();
    let run = config.run().unwrap_or(&empty);
    let mut members: Vec<(&str, Value)> = Vec::new();
    members.extend(ALWAYS_NULL.map(|name| (name, said(run, name).unwrap_or(Value::Null))));
    members.extend(ALWAYS_TEXT.map(|name| (name, said(run, name).unwrap_or_else(|| json!("")))));
    members.extend(SOMETIMES.into_iter().filter_map(|name| said(run, name).map(|value| (name, value))));
    members.sort_by_key(|(name, _)| *name);
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A member that has the form it must have and says something.
fn said(run: &Map<String, Value>, name: &str) -> Option<Value> {
    let value = run.get(name)?;
    let value = match name {
        "Cmd" | "Entrypoint" | "Shell" | "OnBuild" | "Env" => json!(words(value)),
        "Labels" => {
            let labels = value.as_object()?.iter().filter(|(_, value)| value.is_string());
            sorted(labels.map(|(name, value)| (name.clone(), value.clone())))
        }
        "ExposedPorts" | "Volumes" => sorted(value.as_object()?.keys().map(|name| (name.clone(), json!({})))),
        "Healthcheck" => healthcheck(value.as_object()?),
        "ArgsEscaped" => json!(value.as_bool().filter(|escaped| *escaped)?),
        _ => json!(value.as_str()?),
    };
    let silent = match &value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty() && name != "Healthcheck",
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    (!silent).then_some(value)
}

/// A list of words; a lone one is a list, too, in Docker's configs.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn healthcheck(value: &Map<String, Value>) -> Value {
    let numbers = ["Interval", "Retries", "StartInterval", "StartPeriod", "Timeout"].into_iter();
    let numbers = numbers.filter_map(|name| Some((name, value.get(name)?.as_i64().filter(|n| *n != 0)?)));
    let numbers = numbers.map(|(name, number)| (name.to_owned(), json!(number)));
    let test = value.get("Test").map(words).filter(|test| !test.is_empty());
    sorted(numbers.chain(test.map(|test| ("Test".to_owned(), json!(test)))))
}

fn sorted(members: impl Iterator<Item = (String, Value)>) -> Value {
    let mut members: Vec<_> = members.collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(members.into_iter().collect())
}

fn duration_text<'a>(receiver: &Typed<'a>, _: &[Operand<'a>]) -> Outcome<'a> {
    Ok(go_duration(receiver.as_int().unwrap_or_default()).into())
}

/// Nanoseconds as Go writes a duration: `1h2m3.5s`, `1.5ms`.
fn go_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let decimal = |unit: u64| {
        let (whole, part) = (nanos / unit, nanos % unit);
        let digits = format!("{part:0width$}", width = unit.ilog10() as usize);
        format!("{whole}.{digits}").trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let text = match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => decimal(1_000) + "µs",
        1_000_000..1_000_000_000 => decimal(1_000_000) + "ms",
        _ => {
            let (minutes, seconds) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
            let (hours, minutes) = (minutes / 60, minutes % 60);
            let digits = format!("{}.{:09}", seconds / 1_000_000_000, seconds % 1_000_000_000);
            let seconds = digits.trim_end_matches('0').trim_end_matches('.');
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, _) => format!("{minutes}m{seconds}s"),
                _ => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_does() {
        let check = |nanos, expect: &str| assert_eq!(go_duration(nanos), expect);
        check(0, "0s");
        check(999, "999ns");
        check(1_500, "1.5µs");
        check(1_500_000, "1.5ms");
        check(30_000_000_000, "30s");
        check(90_500_000_000, "1m30.5s");
        check(3_600_000_000_000, "1h0m0s");
        check(-1_000_000_000, "-1s");
        check(i64::MIN, "-2562047h47m16.854775808s");
    }
}
