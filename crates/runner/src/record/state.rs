//! What became of a container: `state.json`, written by its monitor alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortBinding;

/// Where a container is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Never started.
    #[default]
    Created,
    /// Its program runs.
    Running,
    /// Its program is frozen.
    Paused,
    /// It ended, and will be started again.
    Restarting,
    /// It is going.
    Removing,
    /// Its program ended.
    Exited,
    /// It could not be removed.
    Dead,
}

impl Status {
    /// Docker's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Restarting => "restarting",
            Status::Removing => "removing",
            Status::Exited => "exited",
            Status::Dead => "dead",
        }
    }

    /// Whether there are processes, or will be in a moment.
    pub fn is_running(self) -> bool {
        matches!(self, Status::Running | Status::Paused | Status::Restarting)
    }
}

/// A container's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    /// Where it is in its life.
    pub status: Status,
    /// Process id of its program; 0 when it does not run.
    pub pid: i32,
    /// When that process began, in the kernel's ticks: the same number may name another process later.
    pub pid_began: u64,
    /// Process id of its monitor.
    pub monitor: i32,
    /// The run of the machine that this belongs to.
    pub boot: String,
    /// How it ended last.
    pub exit_code: i32,
    /// Why it could not be started.
    pub error: String,
    /// Whether the kernel killed it for want of memory.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    /// When it was started last.
    pub started_at: Option<Timestamp>,
    /// When it ended last.
    pub finished_at: Option<Timestamp>,
    /// How often its policy started it again.
    pub restart_count: u32,
    /// Whether a user stopped it, so that `unless-stopped` leaves it.
    pub stopped_by_user: bool,
    /// How its checks go; nothing without checks.
    pub health: Option<Health>,
    /// Its place in the network while it runs.
    pub network: NetworkState,
    /// The runtime that started it, an absolute path.
    pub runtime: String,
    /// Its cgroup below each hierarchy's root.
    pub cgroup: String,
}

/// How health checks go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Health {
    /// `starting`, `healthy`, `unhealthy`.
    pub status: String,
    /// Failures in a row.
    pub failing_streak: u32,
    /// The last five.
    pub log: Vec<HealthResult>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthResult {
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// How; -1 when it took too long.
    pub exit_code: i32,
    /// What it said, at most 4096 bytes.
    pub output: String,
}

/// The networks of a running container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkState {
    /// Path of the network namespace, where it has its own.
    pub sandbox: String,
    /// By the network's name.
    pub networks: BTreeMap<String, Attached>,
    /// Ports as they are published: `80/tcp` to where; an empty list for one that is only exposed.
    pub ports: BTreeMap<String, Vec<PortBinding>>,
}

/// A place in one network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Attached {
    /// The network's id.
    #[serde(rename = "NetworkID")]
    pub network_id: String,
    /// This place's id, 64 hexadecimal digits.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// Address of the gateway.
    pub gateway: String,
    /// Address.
    #[serde(rename = "IPAddress")]
    pub ip_address: String,
    /// Bits of the network in it.
    #[serde(rename = "IPPrefixLen")]
    pub ip_prefix_len: u8,
    /// Hardware address.
    pub mac_address: String,
}
