//! What can be seen of the machine, the store and the settings.
use engine::ops::Info;
use engine::{HostInfo, Settings};
use go_template::{Field, StructType, Type, Value};
use jiff::Timestamp;

use super::{Object, Part};

/// Docker Hub's address as Docker gives it.
const INDEX_SERVER: &str = "https://index.docker.io/v1/";
/// Registries on the machine itself are always spoken to without TLS.
pub(crate) const LOCAL_NETWORKS: [&str; 2] = ["::1/128", "127.0.0.0/8"];

/// Everything that `info` shows.
#[derive(Debug)]
pub(crate) struct InfoFacts {
    pub(crate) info: Info,
    pub(crate) settings: Settings,
    pub(crate) host: HostInfo,
    pub(crate) machine: String,
    pub(crate) version: &'static str,
    pub(crate) api_version: &'static str,
    pub(crate) commit: &'static str,
    pub(crate) debug: bool,
    pub(crate) now: Timestamp,
}

static PAIR: Type = Type::STRINGS;
static INDEX_STRUCT: Type = Type::Struct(&INDEX);
static INDEX_TYPE: Type = Type::Pointer(&INDEX_STRUCT);
static SERVICE_TYPE: Type = Type::Struct(&SERVICE);
static CLIENT_TYPE: Type = Type::Struct(&CLIENT);

static PLUGINS: StructType = StructType {
    name: "system.PluginsInfo",
    fields: &[
        Field::new("Volume", "Volume", Type::STRINGS),
        Field::new("Network", "Network", Type::STRINGS),
        Field::new("Authorization", "Authorization", Type::STRINGS),
        Field::new("Log", "Log", Type::STRINGS),
    ],
    methods: &[],
};

static SERVICE: StructType = StructType {
    name: "registry.ServiceConfig",
    fields: &[
        Field::new("IndexConfigs", "IndexConfigs", Type::Map(&Type::String, &INDEX_TYPE)),
        Field::new("InsecureRegistryCIDRs", "InsecureRegistryCIDRs", Type::STRINGS),
        Field::new("Mirrors", "Mirrors", Type::STRINGS),
    ],
    methods: &[],
};

static INDEX: StructType = StructType {
    name: "registry.IndexInfo",
    fields: &[
        Field::new("Mirrors", "Mirrors", Type::STRINGS),
        Field::new("Name", "Name", Type::String),
        Field::new("Official", "Official", Type::Bool),
        Field::new("Secure", "Secure", Type::Bool),
    ],
    methods: &[],
};

static SWARM: StructType = StructType {
    name: "swarm.Info",
    fields: &[
        Field::new("NodeID", "NodeID", Type::String),
        Field::new("NodeAddr", "NodeAddr", Type::String),
        Field::new("LocalNodeState", "LocalNodeState", Type::String),
        Field::new("ControlAvailable", "ControlAvailable", Type::Bool),
        Field::new("Error", "Error", Type::String),
        Field::new("RemoteManagers", "RemoteManagers", Type::ANY_LIST),
    ],
    methods: &[],
};

static RUNTIME_TYPE: Type = Type::Struct(&RUNTIME);
static RUNTIME: StructType = StructType {
    name: "system.RuntimeWithStatus",
    fields: &[
        Field::omit_empty("Path", "path", Type::String),
        Field::omit_empty("Args", "runtimeArgs", Type::STRINGS),
    ],
    methods: &[],
};

static COMMIT: StructType =
    StructType { name: "system.Commit", fields: &[Field::new("ID", "ID", Type::String)], methods: &[] };

static CLIENT: StructType = StructType {
    name: "system.clientInfo",
    fields: &[
        Field::new("Debug", "Debug", Type::Bool),
        Field::new("Version", "Version", Type::String),
        Field::new("DefaultAPIVersion", "DefaultAPIVersion", Type::String),
        Field::new("GitCommit", "GitCommit", Type::String),
        Field::new("GoVersion", "GoVersion", Type::String),
        Field::new("Os", "Os", Type::String),
        Field::new("Arch", "Arch", Type::String),
        Field::new("BuildTime", "BuildTime", Type::String),
        Field::new("Context", "Context", Type::String),
        Field::new("Plugins", "Plugins", Type::ANY_LIST),
        Field::new("Warnings", "Warnings", Type::STRINGS),
    ],
    methods: &[],
};

const fn none(name: &'static str) -> Part<InfoFacts> {
    Part::new(name, |_| Value::from(""))
}

const fn off(name: &'static str) -> Part<InfoFacts> {
    Part::new(name, |_| Value::from(false))
}

const fn on(name: &'static str) -> Part<InfoFacts> {
    Part::new(name, |_| Value::from(true))
}

const fn zero(name: &'static str) -> Part<InfoFacts> {
    Part::new(name, |_| Value::int(0))
}

const fn commit(name: &'static str) -> Part<InfoFacts> {
    Part::new(name, |_| Value::structure(&COMMIT, vec![]))
}

/// In the order of Docker's JSON. What we know nothing of is empty, off or zero.
static PARTS: &[Part<InfoFacts>] = &[
    none("ID"),
    Part::new("Containers", |facts| count(facts.info.containers.all())),
    Part::new("ContainersRunning", |facts| count(facts.info.containers.running)),
    Part::new("ContainersPaused", |facts| count(facts.info.containers.paused)),
    Part::new("ContainersStopped", |facts| count(facts.info.containers.stopped)),
    Part::new("Images", |facts| count(facts.info.images)),
    Part::new("Driver", |facts| facts.info.driver.as_deref().unwrap_or_default().into()),
    Part::new("DriverStatus", |facts| {
        let pairs = facts.info.driver_status.iter();
        Value::list(&PAIR, pairs.map(|(name, value)| Value::strings([name.as_str(), value.as_str()])))
    }),
    Part::new("Plugins", |facts| {
        let none = Value::nil_list(&Type::String);
        let [volume, network, log] = [VOLUME_DRIVERS, facts.network_drivers(), LOG_DRIVERS].map(plain_list);
        Value::structure(&PLUGINS, vec![volume, network, none, log])
    }),
    limit("MemoryLimit"),
    limit("SwapLimit"),
    limit("CpuCfsPeriod"),
    limit("CpuCfsQuota"),
    limit("CPUShares"),
    limit("CPUSet"),
    limit("PidsLimit"),
    on("IPv4Forwarding"),
    Part::new("Debug", |facts| facts.debug.into()),
    zero("NFd"),
    off("OomKillDisable"),
    zero("NGoroutines"),
    Part::new("SystemTime", |facts| facts.now.to_string().into()),
    Part::new("LoggingDriver", |_| LOG_DRIVERS[0].into()),
    Part::new("CgroupDriver", |facts| facts.cgroup_driver().into()),
    Part::new("CgroupVersion", |facts| facts.host.cgroup_version.to_string().into()),
    zero("NEventsListener"),
    Part::new("KernelVersion", |facts| (&facts.host.kernel).into()),
    Part::new("OperatingSystem", |facts| (&facts.host.os_name).into()),
    none("OSVersion"),
    Part::new("OSType", |facts| (&facts.host.platform.os).into()),
    Part::new("Architecture", |facts| (&facts.machine).into()),
    Part::new("IndexServerAddress", |_| INDEX_SERVER.into()),
    Part::new("RegistryConfig", |facts| Value::pointer(&SERVICE_TYPE, facts.registries())),
    Part::new("NCPU", |facts| Value::int(i64::try_from(facts.host.cpus).unwrap_or(i64::MAX))),
    Part::new("MemTotal", |facts| Value::int64(i64::try_from(facts.host.memory).unwrap_or(i64::MAX))),
    Part::new("GenericResources", |_| Value::nil_list(&Type::Any)),
    Part::new("DockerRootDir", |facts| facts.root().into()),
    Part::new("HttpProxy", |facts| text(&facts.settings.inputs.http_proxy)),
    Part::new("HttpsProxy", |facts| text(&facts.settings.inputs.https_proxy)),
    Part::new("NoProxy", |facts| text(&facts.settings.inputs.no_proxy)),
    Part::new("Name", |facts| (&facts.host.hostname).into()),
    Part::new("Labels", |_| Value::strings::<&str>([])),
    off("ExperimentalBuild"),
    Part::new("ServerVersion", |facts| facts.version.into()),
    Part::new("Runtimes", InfoFacts::runtimes),
    Part::new("DefaultRuntime", |facts| facts.default_runtime().unwrap_or_default().into()),
    Part::new("Swarm", |_| Value::structure(&SWARM, vec!["".into(), "".into(), "inactive".into()])),
    off("LiveRestoreEnabled"),
    none("Isolation"),
    Part::new("InitBinary", |facts| facts.init().into()),
    commit("ContainerdCommit"),
    Part::new("RuncCommit", |facts| {
        let version = facts.info.programs.runtimes.first().map_or("", |runtime| &runtime.version);
        Value::structure(&COMMIT, vec![version.into()])
    }),
    commit("InitCommit"),
    Part::new("SecurityOptions", |facts| plain_list(facts.security_options())),
    Part::new("CDISpecDirs", |_| Value::strings::<&str>([])),
    Part::new("Warnings", |facts| match facts.missing() {
        missing if missing.is_empty() => Value::nil_list(&Type::String),
        missing => Value::strings(missing),
    }),
    Part::new("ClientInfo", |facts| Value::pointer(&CLIENT_TYPE, facts.client())),
    Part { name: "ServerErrors", key: "", value: |_| Value::nil_list(&Type::String) },
    Part { name: "ClientErrors", key: "", value: |_| Value::nil_list(&Type::String) },
];

/// What containers may write their output to; the first one is the usual one.
pub(crate) const LOG_DRIVERS: &[&str] = &["json-file", "none"];
/// Where networks come from.
const NETWORK_DRIVERS: &[&str] = &["bridge", "host", "null"];
/// Where volumes come from.
pub(crate) const VOLUME_DRIVERS: &[&str] = &["local"];
/// Who makes cgroups: the runtime, in the file system.
const CGROUP_DRIVER: &str = "cgroupfs";

/// A limit that cgroups enforce.
const fn limit(name: &'static str) -> Part<InfoFacts> {
    Part::new(name, |facts| (!facts.is_ordinary_user()).into())
}

fn count(number: usize) -> Value<'static> {
    Value::int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn plain_list(items: &[&'static str]) -> Value<'static> {
    Value::strings(items.iter().copied())
}

fn text(value: &Option<String>) -> Value<'_> {
    value.as_deref().unwrap_or_default().into()
}

impl InfoFacts {
    /// The facts as templates see them.
    pub(crate) fn object(self) -> Object<Self> {
        Object::new("system.dockerInfo", PARTS, self)
    }

    /// The runtime that starts containers when none is named; nothing where none can.
    pub(crate) fn default_runtime(&self) -> Option<&str> {
        let programs = &self.info.programs;
        let first = programs.runtimes.first().filter(|_| programs.no_runtime.is_none());
        first.map(|runtime| runtime.name.as_str())
    }

    /// What `--init` starts; empty where there is nothing for it.
    pub(crate) fn init(&self) -> String {
        let init = self.info.programs.init.as_ref().ok();
        init.and_then(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// What is missing for containers, and the way out.
    pub(crate) fn missing(&self) -> Vec<&str> {
        let programs = &self.info.programs;
        let network = programs.network.as_ref().err();
        programs.no_runtime.iter().chain(network).map(String::as_str).collect()
    }

    /// What keeps containers apart from the machine, in the form of Docker's API.
    fn security_options(&self) -> &'static [&'static str] {
        match (self.is_ordinary_user(), self.host.cgroup_version) {
            (true, _) => &["name=seccomp,profile=builtin", "name=rootless"],
            (false, 2) => &["name=seccomp,profile=builtin", "name=cgroupns"],
            (false, _) => &["name=seccomp,profile=builtin"],
        }
    }

    /// Whether who runs this has neither cgroups nor networks to give to containers.
    pub(crate) fn is_ordinary_user(&self) -> bool {
        self.host.uid != 0
    }

    /// Where networks come from.
    pub(crate) fn network_drivers(&self) -> &'static [&'static str] {
        if self.is_ordinary_user() { &NETWORK_DRIVERS[1..] } else { NETWORK_DRIVERS }
    }

    /// Who makes cgroups.
    pub(crate) fn cgroup_driver(&self) -> &'static str {
        if self.is_ordinary_user() { "none" } else { CGROUP_DRIVER }
    }

    fn runtimes(&self) -> Value<'_> {
        let of = |runtime: &engine::Runtime| {
            let path = runtime.path.to_string_lossy().into_owned();
            (runtime.name.clone(), Value::structure(&RUNTIME, vec![path.into()]))
        };
        Value::map(&RUNTIME_TYPE, self.info.programs.runtimes.iter().map(of))
    }

    /// The store's root folder.
    pub(crate) fn root(&self) -> String {
        self.settings.root.value.to_string_lossy().into_owned()
    }

    /// Insecure registries that are no networks, and those that are.
    pub(crate) fn insecure(&self) -> (Vec<&str>, Vec<&str>) {
        let given = self.settings.insecure_registries.value.iter().map(String::as_str);
        let (networks, hosts): (Vec<_>, Vec<_>) = given.partition(|entry| entry.contains('/'));
        (hosts, LOCAL_NETWORKS.into_iter().chain(networks).collect())
    }

    /// The mirrors of Docker Hub, ending in a slash as Docker shows them.
    pub(crate) fn hub_mirrors(&self) -> Vec<String> {
        let mirrors = self.settings.registry_mirrors.value.iter();
        mirrors.filter(|mirror| other_registry(mirror).is_none()).map(|mirror| with_slash(mirror)).collect()
    }

    /// Mirrors of other registries: the registry and its mirror.
    pub(crate) fn other_mirrors(&self) -> Vec<(&str, String)> {
        let mirrors = self.settings.registry_mirrors.value.iter();
        mirrors
            .filter_map(|mirror| other_registry(mirror))
            .map(|(host, url)| (host, with_slash(url)))
            .collect()
    }

    fn registries(&self) -> Value<'_> {
        let (hosts, networks) = self.insecure();
        let others = self.other_mirrors();
        let index = |name: &str, mirrors: Vec<String>, secure: bool| {
            let official = name == spec::DEFAULT_DOMAIN;
            let fields =
                vec![Value::strings(mirrors), name.to_owned().into(), official.into(), secure.into()];
            Value::pointer(&INDEX_STRUCT, Value::structure(&INDEX, fields))
        };
        let hub = (spec::DEFAULT_DOMAIN.to_owned(), index(spec::DEFAULT_DOMAIN, self.hub_mirrors(), true));
        let mut names: Vec<&str> =
            hosts.iter().copied().chain(others.iter().map(|(host, _)| *host)).collect();
        names.sort_unstable();
        names.dedup();
        let mirrors_of = |name: &str| {
            others.iter().filter(|(host, _)| *host == name).map(|(_, url)| url.clone()).collect()
        };
        let others = names
            .into_iter()
            .map(|name| (name.to_owned(), index(name, mirrors_of(name), !hosts.contains(&name))));
        let indexes = Value::map(&INDEX_TYPE, std::iter::once(hub).chain(others));
        let fields = vec![indexes, Value::strings(networks), Value::strings(self.hub_mirrors())];
        Value::structure(&SERVICE, fields)
    }

    fn client(&self) -> Value<'_> {
        let fields = vec![
            self.debug.into(),
            self.version.into(),
            self.api_version.into(),
            self.commit.into(),
            "".into(),
            std::env::consts::OS.into(),
            (&self.host.platform.architecture).into(),
            "".into(),
            "default".into(),
            Value::list(&Type::Any, []),
        ];
        Value::structure(&CLIENT, fields)
    }
}

/// The parts of `HOST=URL`; nothing for a mirror of Docker Hub.
fn other_registry(mirror: &str) -> Option<(&str, &str)> {
    mirror.split_once('=').filter(|(host, _)| !host.contains("://"))
}

fn with_slash(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}
