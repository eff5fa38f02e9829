//! What a container gets from this machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ContainerId, DeviceRequest, ThrottleDevice, WeightDevice};

/// `HostConfig` of Docker's API. Numbers are 0, texts and lists empty where nothing was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostConfig {
    /// `-v` with a source: `source:target[:options]`, as typed but for relative paths.
    pub binds: Vec<String>,
    /// `--mount`.
    pub mounts: Vec<MountAsked>,
    /// `--tmpfs`: target to options.
    pub tmpfs: BTreeMap<String, String>,
    /// `--volumes-from`.
    pub volumes_from: Vec<String>,
    /// `--volume-driver`.
    pub volume_driver: String,
    /// File for the id.
    #[serde(rename = "ContainerIDFile")]
    pub container_id_file: String,
    /// Where output is kept.
    pub log_config: LogConfig,
    /// Containers that are known by other names: `<id>:<alias>`, as typed before it is decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// `bridge`, `host`, `none`, `container:<id>`; `default` is the bridge.
    pub network_mode: String,
    /// `80/tcp` to where it is published.
    pub port_bindings: BTreeMap<String, Vec<PortBinding>>,
    /// Publish every exposed port.
    pub publish_all_ports: bool,
    /// What happens when it ends.
    pub restart_policy: RestartPolicy,
    /// Remove it when it ends.
    pub auto_remove: bool,
    /// Height and width of the terminal at creation.
    pub console_size: [u16; 2],
    /// Annotations for the runtime.
    pub annotations: BTreeMap<String, String>,
    /// Capabilities added, `CAP_` or not, or `ALL`.
    pub cap_add: Vec<String>,
    /// Capabilities dropped.
    pub cap_drop: Vec<String>,
    /// `host`, `private` or empty.
    pub cgroupns_mode: String,
    /// Name servers.
    pub dns: Vec<String>,
    /// Resolver options.
    pub dns_options: Vec<String>,
    /// Search domains.
    pub dns_search: Vec<String>,
    /// `name:address`.
    pub extra_hosts: Vec<String>,
    /// Supplementary groups, by name or number.
    pub group_add: Vec<String>,
    /// `private`, `shareable`, `host`, `none`, `container:<id>` or empty.
    pub ipc_mode: String,
    /// `cgroup` of `--cgroup-parent`.
    pub cgroup_parent: String,
    /// `host`, `container:<id>` or empty.
    pub pid_mode: String,
    /// `host` or empty.
    #[serde(rename = "UTSMode")]
    pub uts_mode: String,
    /// `host` or empty.
    pub userns_mode: String,
    /// -1000 to 1000.
    pub oom_score_adj: i64,
    /// All capabilities, all devices, nothing masked.
    pub privileged: bool,
    /// Whether nothing can be written but in mounts.
    pub readonly_rootfs: bool,
    /// `seccomp=unconfined`, `no-new-privileges`, `seccomp=<profile's JSON>` …
    pub security_opt: Vec<String>,
    /// Options of the storage driver.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub storage_opt: BTreeMap<String, String>,
    /// `default` or empty.
    pub isolation: String,
    /// What of the kernel's files it cannot see; the usual where nothing is said.
    pub masked_paths: Option<Vec<String>>,
    /// What of the kernel's files it cannot change; the usual where nothing is said.
    pub readonly_paths: Option<Vec<String>>,
    /// Bytes of `/dev/shm`; 64 MiB when 0.
    pub shm_size: i64,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// The runtime's name; empty for the one that is found.
    pub runtime: String,
    /// Relative weight.
    pub cpu_shares: i64,
    /// Bytes.
    pub memory: i64,
    /// Billionths of a CPU.
    pub nano_cpus: i64,
    /// 10 to 1000.
    pub blkio_weight: u16,
    /// Weights at single disks.
    pub blkio_weight_device: Vec<WeightDevice>,
    /// Bytes a second from single disks.
    pub blkio_device_read_bps: Vec<ThrottleDevice>,
    /// Bytes a second to single disks.
    pub blkio_device_write_bps: Vec<ThrottleDevice>,
    /// Reads a second from single disks.
    #[serde(rename = "BlkioDeviceReadIOps")]
    pub blkio_device_read_iops: Vec<ThrottleDevice>,
    /// Writes a second to single disks.
    #[serde(rename = "BlkioDeviceWriteIOps")]
    pub blkio_device_write_iops: Vec<ThrottleDevice>,
    /// Microseconds.
    pub cpu_period: i64,
    /// Microseconds in each period.
    pub cpu_quota: i64,
    /// Microseconds of the scheduler for real time.
    pub cpu_realtime_period: i64,
    /// Microseconds in each of its periods.
    pub cpu_realtime_runtime: i64,
    /// `0-3,5`.
    pub cpuset_cpus: String,
    /// `0-3,5`.
    pub cpuset_mems: String,
    /// `--device`.
    pub devices: Vec<DeviceAsked>,
    /// Devices that drivers bring.
    pub device_requests: Vec<DeviceRequest>,
    /// `c 1:3 rwm`.
    pub device_cgroup_rules: Vec<String>,
    /// Bytes.
    pub memory_reservation: i64,
    /// Bytes of memory and swap together; -1 is no limit.
    pub memory_swap: i64,
    /// 0 to 100; nothing for the kernel's own.
    pub memory_swappiness: Option<i64>,
    /// Whether the kernel does not kill at the limit.
    pub oom_kill_disable: bool,
    /// Processes; 0 and below is no limit.
    pub pids_limit: i64,
    /// Limits of processes.
    pub ulimits: Vec<Ulimit>,
    /// Whether an init process is its first one; nothing when not said.
    pub init: Option<bool>,
}

impl HostConfig {
    /// Containers that are known by other names, as it was decided, and these names.
    pub fn linked(&self) -> impl Iterator<Item = (ContainerId, &str)> {
        self.links.iter().filter_map(|text| {
            let (id, alias) = text.split_once(':')?;
            Some((ContainerId::parse(id)?, alias))
        })
    }
}

/// Where output is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LogConfig {
    /// `json-file` or `none`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// `max-size`, `max-file`, `labels`, `env`.
    pub config: BTreeMap<String, String>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { kind: "json-file".to_owned(), config: BTreeMap::new() }
    }
}

/// Where a port is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PortBinding {
    /// Empty for all addresses.
    pub host_ip: String,
    /// A port, a range `8000-8010` to choose from, or empty for any.
    pub host_port: String,
}

/// What happens when a container ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RestartPolicy {
    /// `no`, `always`, `unless-stopped`, `on-failure`.
    pub name: String,
    /// For `on-failure`; 0 is no limit.
    pub maximum_retry_count: i64,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self { name: "no".to_owned(), maximum_retry_count: 0 }
    }
}

/// A device of this machine for a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeviceAsked {
    /// Its path here.
    pub path_on_host: String,
    /// Its path there.
    pub path_in_container: String,
    /// Of `r`, `w`, `m`.
    pub cgroup_permissions: String,
}

/// A limit of processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ulimit {
    /// `nofile`.
    pub name: String,
    /// -1 is no limit.
    pub hard: i64,
    /// -1 is no limit.
    pub soft: i64,
}

/// The kind of a mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    /// A place of this machine.
    Bind,
    /// A volume.
    #[default]
    Volume,
    /// Memory.
    Tmpfs,
    /// An image's files, read-only.
    Image,
}

/// One `--mount`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MountAsked {
    /// What is mounted.
    #[serde(rename = "Type")]
    pub kind: MountKind,
    /// A path here, a volume's name (empty for a new one), an image.
    pub source: String,
    /// Where.
    pub target: String,
    /// Whether nothing can be written through it.
    pub read_only: bool,
    /// `rprivate`, `rshared`, … of a bind.
    pub propagation: String,
    /// Whether what is mounted below the source stays out.
    pub non_recursive: bool,
    /// Whether a missing source of a bind is made.
    pub create_mountpoint: bool,
    /// Whether the volume stays empty where the image has files.
    pub no_copy: bool,
    /// Labels of a volume that is made.
    pub labels: BTreeMap<String, String>,
    /// Driver of a volume that is made.
    pub driver: String,
    /// Its options.
    pub driver_options: BTreeMap<String, String>,
    /// Below the volume's or image's root.
    pub subpath: String,
    /// Bytes of memory; 0 is the kernel's own limit.
    pub tmpfs_size: i64,
    /// Mode of the memory's root; 0 is 01777.
    pub tmpfs_mode: u32,
}
