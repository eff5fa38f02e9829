//! The data that the recorded answers are about, in the types that Docker 28 gives it.

use go_template::{
    Field, Member, Method, NamedType, Object, Opaque, Operand, Outcome, Param, StructType, Type, Value,
};

static SET: Type = Type::Map(&Type::String, &Type::Struct(&StructType::EMPTY));

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
        Field::omit_empty(
            "ContainerConfig",
            "ContainerConfig",
            Type::Pointer(&Type::Struct(&CONTAINER_CONFIG)),
        ),
        Field::new("DockerVersion", "DockerVersion", Type::String),
        Field::new("Author", "Author", Type::String),
        Field::new("Config", "Config", Type::Pointer(&Type::Struct(&CONFIG))),
        Field::new("Architecture", "Architecture", Type::String),
        Field::omit_empty("Variant", "Variant", Type::String),
        Field::new("Os", "Os", Type::String),
        Field::omit_empty("OsVersion", "OsVersion", Type::String),
        Field::new("Size", "Size", Type::INT64),
        Field::omit_empty("VirtualSize", "VirtualSize", Type::INT64),
        Field::new("GraphDriver", "GraphDriver", Type::Struct(&DRIVER)),
        Field::new("RootFS", "RootFS", Type::Struct(&ROOT_FS)),
        Field::new("Metadata", "Metadata", Type::Struct(&METADATA)),
        Field::omit_empty("Descriptor", "Descriptor", Type::Pointer(&Type::Struct(&DESCRIPTOR))),
        Field::omit_empty("Manifests", "Manifests", Type::Slice(&Type::Struct(&MANIFEST))),
    ],
    methods: &[],
};

static CONFIG_TYPE: Type = Type::Struct(&CONFIG);
static CONTAINER_CONFIG_TYPE: Type = Type::Struct(&CONTAINER_CONFIG);
static SYSTEM_INFO_TYPE: Type = Type::Struct(&SYSTEM_INFO);

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
        Field::omit_empty("Healthcheck", "Healthcheck", Type::Pointer(&Type::Struct(&HEALTHCHECK))),
        Field::omit_empty("OnBuild", "OnBuild", Type::STRINGS),
        Field::omit_empty("Shell", "Shell", Type::STRINGS),
    ],
    methods: &[],
};

static HEALTHCHECK: StructType = StructType {
    name: "v1.HealthcheckConfig",
    fields: &[Field::omit_empty("Test", "Test", Type::STRINGS)],
    methods: &[],
};

static CONTAINER_CONFIG: StructType = StructType {
    name: "container.Config",
    fields: &[Field::new("Hostname", "Hostname", Type::String)],
    methods: &[],
};

static DRIVER: StructType = StructType {
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
    fields: &[Field::new("LastTagTime", "LastTagTime", Type::Object("time.Time"))],
    methods: &[],
};

static DESCRIPTOR: StructType =
    StructType { name: "v1.Descriptor", fields: &[Field::new("Size", "size", Type::INT64)], methods: &[] };

static MANIFEST: StructType = StructType {
    name: "image.ManifestSummary",
    fields: &[Field::new("ID", "ID", Type::String)],
    methods: &[],
};

/// The image of `image.json`, typed.
pub(crate) fn image(json: &serde_json::Value) -> Value<'_> {
    let text = |name: &str| Value::from(json[name].as_str().unwrap_or_default());
    let config = &json["Config"];
    let oci = Value::structure(
        &OCI_CONFIG,
        vec![
            Value::from(config["User"].as_str().unwrap_or_default()),
            set(&config["ExposedPorts"]),
            strings(&config["Env"]),
            strings(&config["Entrypoint"]),
            strings(&config["Cmd"]),
            set(&config["Volumes"]),
            Value::from(config["WorkingDir"].as_str().unwrap_or_default()),
            string_map(&config["Labels"]),
            Value::from(""),
            Value::Bool(config["ArgsEscaped"].as_bool().unwrap_or_default()),
        ],
    );
    let config = Value::structure(&CONFIG, vec![oci, Value::structure(&CONFIG_EXT, vec![])]);
    let driver = &json["GraphDriver"];
    let root_fs = &json["RootFS"];
    Value::structure(
        &IMAGE,
        vec![
            text("Id"),
            strings(&json["RepoTags"]),
            strings(&json["RepoDigests"]),
            text("Parent"),
            text("Comment"),
            text("Created"),
            Value::from(""),
            Value::nil_pointer(&CONTAINER_CONFIG_TYPE),
            text("DockerVersion"),
            text("Author"),
            Value::pointer(&CONFIG_TYPE, config),
            text("Architecture"),
            Value::from(""),
            text("Os"),
            Value::from(""),
            Value::int64(json["Size"].as_i64().unwrap_or_default()),
            Value::int64(0),
            Value::structure(
                &DRIVER,
                vec![string_map(&driver["Data"]), driver["Name"].as_str().unwrap_or_default().into()],
            ),
            Value::structure(
                &ROOT_FS,
                vec![root_fs["Type"].as_str().unwrap_or_default().into(), strings(&root_fs["Layers"])],
            ),
            Value::structure(&METADATA, vec![never()]),
        ],
    )
}

fn never<'a>() -> Value<'a> {
    Value::opaque(Opaque {
        type_name: "time.Time",
        text: "0001-01-01 00:00:00 +0000 UTC".to_owned(),
        json: "\"0001-01-01T00:00:00Z\"".to_owned(),
        getters: vec![("IsZero", true.into()), ("Year", Value::int(1))],
    })
}

fn strings(json: &serde_json::Value) -> Value<'_> {
    match json.as_array() {
        Some(items) => Value::strings(items.iter().filter_map(|item| item.as_str())),
        None => Value::nil_list(&Type::String),
    }
}

fn string_map(json: &serde_json::Value) -> Value<'_> {
    match json.as_object() {
        Some(entries) => {
            Value::string_map(entries.iter().map(|(key, value)| (key, value.as_str().unwrap_or_default())))
        }
        None => Value::nil_map(&Type::String, &Type::String),
    }
}

fn set(json: &serde_json::Value) -> Value<'_> {
    let elem = &Type::Struct(&StructType::EMPTY);
    match json.as_object() {
        Some(entries) => {
            Value::map(elem, entries.keys().map(|key| (key, Value::structure(&StructType::EMPTY, vec![]))))
        }
        None => Value::nil_map(&Type::String, elem),
    }
}

/// A row of `docker images`.
pub(crate) struct ImageRow {
    pub(crate) repository: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) id: &'static str,
    pub(crate) size: &'static str,
}

impl Object for ImageRow {
    fn type_name(&self) -> &'static str {
        "*formatter.imageContext"
    }

    fn member(&self, name: &str) -> Option<Member<'_>> {
        Some(match name {
            "Repository" => Member::getter(self.repository),
            "Tag" => Member::getter(self.tag),
            "ID" => Member::getter(self.id),
            "Size" => Member::getter(self.size),
            "Digest" => Member::getter("<none>"),
            "trunc" => Member::Unexported,
            _ => return None,
        })
    }

    fn names(&self) -> &[&'static str] {
        &["Digest", "ID", "Repository", "Size", "Tag"]
    }
}

/// A row of `docker ps`.
pub(crate) struct ContainerRow {
    pub(crate) labels: &'static [(&'static str, &'static str)],
}

impl Object for ContainerRow {
    fn type_name(&self) -> &'static str {
        "*formatter.ContainerContext"
    }

    fn member(&self, name: &str) -> Option<Member<'_>> {
        Some(match name {
            "Names" => Member::getter("web"),
            "Image" => Member::getter("redis"),
            "Labels" => {
                let pairs: Vec<String> =
                    self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                Member::getter(pairs.join(","))
            }
            "Label" => Member::method(&[Param::Of(Type::String)], |args| Ok(self.label(&args[0]).into())),
            _ => return None,
        })
    }
}

impl ContainerRow {
    fn label(&self, name: &Operand<'_>) -> &'static str {
        let name = name.value.as_str().map(|name| name.to_text()).unwrap_or_default();
        self.labels.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }
}

static HEADINGS: NamedType = NamedType {
    name: "formatter.SubHeaderContext",
    underlying: Type::STRING_MAP,
    methods: &[Method { name: "Label", params: &[Param::Of(Type::String)], call: label_heading }],
    raw_json: false,
};

/// What the heading of a table is made from.
pub(crate) fn headings<'a>() -> Value<'a> {
    let names = [
        ("Repository", "REPOSITORY"),
        ("Tag", "TAG"),
        ("ID", "IMAGE ID"),
        ("Size", "SIZE"),
        ("Names", "NAMES"),
        ("Image", "IMAGE"),
        ("Labels", "LABELS"),
    ];
    Value::named(&HEADINGS, Value::string_map(names))
}

fn label_heading<'a>(_: &Value<'a>, args: &[Operand<'a>]) -> Outcome<'a> {
    let name = args[0].value.as_str().map(|name| name.to_text().into_owned()).unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    Ok(last.replace(['-', '_'], " ").into())
}

static INFO: StructType = StructType {
    name: "system.dockerInfo",
    fields: &[Field::embedded("Info", Type::Pointer(&Type::Struct(&SYSTEM_INFO)))],
    methods: &[],
};

static SYSTEM_INFO: StructType = StructType {
    name: "system.Info",
    fields: &[
        Field::new("ID", "ID", Type::String),
        Field::new("Driver", "Driver", Type::String),
        Field::new("DriverStatus", "DriverStatus", Type::Slice(&PAIR)),
        Field::new("NCPU", "NCPU", Type::INT),
        Field::new("MemTotal", "MemTotal", Type::INT64),
        Field::new("SecurityOptions", "SecurityOptions", Type::STRINGS),
        Field::new("Warnings", "Warnings", Type::STRINGS),
    ],
    methods: &[],
};

static PAIR: Type = Type::STRINGS;

/// What `docker info` shows.
pub(crate) fn info<'a>() -> Value<'a> {
    let status = Value::strings(["Backing Filesystem", "extfs"]);
    let fields = vec![
        Value::from("x"),
        Value::from("overlay2"),
        Value::list(&PAIR, [status]),
        Value::int(2),
        Value::int64(1024),
        Value::strings(["name=seccomp,profile=builtin"]),
        Value::nil_list(&Type::String),
    ];
    let inner = Value::structure(&SYSTEM_INFO, fields);
    Value::structure(&INFO, vec![Value::pointer(&SYSTEM_INFO_TYPE, inner)])
}
