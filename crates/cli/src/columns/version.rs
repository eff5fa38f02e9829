//! What can be seen of the program's version.
use go_template::{Field, StructType, Type, Value};

use super::{Object, Part};

/// What is known of this build.
#[derive(Debug, Clone)]
pub(crate) struct VersionFacts {
    pub(crate) number: &'static str,
    pub(crate) api_version: &'static str,
    pub(crate) api_version_min: &'static str,
    pub(crate) commit: &'static str,
    pub(crate) architecture: String,
    pub(crate) kernel: String,
}

static CLIENT: StructType = StructType {
    name: "system.clientVersion",
    fields: &[
        Field::omit_empty("Platform", "Platform", Type::Pointer(&Type::Struct(&PLATFORM))),
        Field::new("Version", "Version", Type::String),
        Field::new("APIVersion", "ApiVersion", Type::String),
        Field::new("DefaultAPIVersion", "DefaultAPIVersion", Type::String),
        Field::new("GitCommit", "GitCommit", Type::String),
        Field::new("GoVersion", "GoVersion", Type::String),
        Field::new("Os", "Os", Type::String),
        Field::new("Arch", "Arch", Type::String),
        Field::new("BuildTime", "BuildTime", Type::String),
        Field::new("Context", "Context", Type::String),
    ],
    methods: &[],
};

static PLATFORM: StructType = StructType {
    name: "struct { Name string }",
    fields: &[Field::new("Name", "Name", Type::String)],
    methods: &[],
};

static SERVER: StructType = StructType {
    name: "types.Version",
    fields: &[
        Field::new("Platform", "Platform", Type::Struct(&PLATFORM)),
        Field::new("Components", "Components", Type::Slice(&Type::Struct(&COMPONENT))),
        Field::new("Version", "Version", Type::String),
        Field::new("APIVersion", "ApiVersion", Type::String),
        Field::new("MinAPIVersion", "MinAPIVersion", Type::String),
        Field::new("GitCommit", "GitCommit", Type::String),
        Field::new("GoVersion", "GoVersion", Type::String),
        Field::new("Os", "Os", Type::String),
        Field::new("Arch", "Arch", Type::String),
        Field::omit_empty("KernelVersion", "KernelVersion", Type::String),
        Field::omit_empty("Experimental", "Experimental", Type::Bool),
        Field::omit_empty("BuildTime", "BuildTime", Type::String),
    ],
    methods: &[],
};

static COMPONENT: StructType = StructType {
    name: "types.ComponentVersion",
    fields: &[
        Field::new("Name", "Name", Type::String),
        Field::new("Version", "Version", Type::String),
        Field::omit_empty("Details", "Details", Type::STRING_MAP),
    ],
    methods: &[],
};

static SERVER_TYPE: Type = Type::Struct(&SERVER);
static PLATFORM_TYPE: Type = Type::Struct(&PLATFORM);
static COMPONENT_TYPE: Type = Type::Struct(&COMPONENT);

static PARTS: &[Part<VersionFacts>] = &[
    Part::new("Client", VersionFacts::client),
    Part::new("Server", |facts| Value::pointer(&SERVER_TYPE, facts.server())),
];

impl VersionFacts {
    /// The facts as templates see them.
    pub(crate) fn object(self) -> Object<Self> {
        Object::new("system.versionInfo", PARTS, self)
    }

    fn client(&self) -> Value<'_> {
        let no_platform = Value::nil_pointer(&PLATFORM_TYPE);
        let texts = [
            self.number,
            self.api_version,
            self.api_version,
            self.commit,
            "",
            std::env::consts::OS,
            &self.architecture,
            "",
            "default",
        ];
        let fields = std::iter::once(no_platform).chain(texts.map(Value::from));
        Value::structure(&CLIENT, fields.collect())
    }

    fn server(&self) -> Value<'_> {
        let details = [
            ("ApiVersion", self.api_version),
            ("Arch", &self.architecture),
            ("Experimental", "false"),
            ("GitCommit", self.commit),
            ("KernelVersion", &self.kernel),
            ("MinAPIVersion", self.api_version_min),
            ("Os", std::env::consts::OS),
        ];
        let engine = Value::structure(
            &COMPONENT,
            vec!["Engine".into(), self.number.into(), Value::string_map(details)],
        );
        let fields = vec![
            Value::structure(&PLATFORM, vec!["Strata".into()]),
            Value::list(&COMPONENT_TYPE, [engine]),
            self.number.into(),
            self.api_version.into(),
            self.api_version_min.into(),
            self.commit.into(),
            "".into(),
            std::env::consts::OS.into(),
            (&self.architecture).into(),
            (&self.kernel).into(),
        ];
        Value::structure(&SERVER, fields)
    }
}
