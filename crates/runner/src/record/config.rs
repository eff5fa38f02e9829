//! What runs in a container, independent of the machine: the image's configuration with what `run` was told.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// `Config` of Docker's API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Config {
    /// Name of the machine inside; the short id when not given, empty when the network is another's.
    pub hostname: String,
    /// NIS domain.
    pub domainname: String,
    /// `user[:group]`, by name or number; empty is root.
    pub user: String,
    /// Whether `run` is attached to standard input.
    pub attach_stdin: bool,
    /// Whether it is attached to standard output.
    pub attach_stdout: bool,
    /// Whether it is attached to standard error.
    pub attach_stderr: bool,
    /// `80/tcp`.
    pub exposed_ports: BTreeSet<String>,
    /// Whether the program has a terminal.
    pub tty: bool,
    /// Whether standard input stays open without anybody attached.
    pub open_stdin: bool,
    /// Whether standard input closes when the first one attached leaves.
    pub stdin_once: bool,
    /// `NAME=value`, each name once.
    pub env: Vec<String>,
    /// Arguments, or the program where there is no entry point; nothing when never given.
    pub cmd: Option<Vec<String>>,
    /// How to see whether it works.
    pub healthcheck: Option<Healthcheck>,
    /// The image as typed.
    pub image: String,
    /// Mount points that want a volume.
    pub volumes: BTreeSet<String>,
    /// Where the program starts; empty is `/`.
    pub working_dir: String,
    /// The program; nothing when never given.
    pub entrypoint: Option<Vec<String>>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `SIGTERM` when nothing is given.
    pub stop_signal: Option<String>,
    /// Seconds between the stop signal and the kill; ten when nothing is given, for ever when negative.
    pub stop_timeout: Option<i64>,
    /// The shell of shell forms, from the image.
    pub shell: Option<Vec<String>>,
    /// What a build on this image does first, from the image.
    pub on_build: Option<Vec<String>>,
}

/// A health check; durations in nanoseconds, 0 for the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// `["NONE"]`, `["CMD", …]`, `["CMD-SHELL", text]`, or nothing to inherit.
    pub test: Vec<String>,
    /// Between two checks.
    pub interval: i64,
    /// How long one may take.
    pub timeout: i64,
    /// How long failures do not count after the start.
    pub start_period: i64,
    /// Between two checks in that time.
    pub start_interval: i64,
    /// Failures in a row that make it unhealthy.
    pub retries: i64,
}
