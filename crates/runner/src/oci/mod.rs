//! What a runtime is told of a container.

mod bundle;

pub use bundle::{Bundle, IdMap, IdMaps, Space};

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Result;
use crate::record::Container;

/// Another program for a container that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecAsked {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables besides the container's own.
    pub env: Vec<String>,
    /// Where it starts; the container's own place when not given.
    pub workdir: Option<String>,
    /// Who it is; the container's own user when not given.
    pub user: Option<String>,
    /// Whether it has all capabilities.
    pub privileged: bool,
    /// Whether it has a terminal.
    pub tty: bool,
}

/// A container's whole configuration, for `config.json` of its bundle. Mount points that the image does not have
/// are made.
///
/// # Errors
/// In Docker's words when what was asked for cannot be had.
pub fn config(bundle: &Bundle<'_>) -> Result<Value> {
    let netns = match bundle.network {
        crate::network::Namespace::At(path) => Some(path),
        _ => None,
    };
    config_tmp(bundle.container, bundle.rootfs, bundle.cgroup, netns)
}

pub fn config_tmp(
    container: &Container,
    rootfs: &Path,
    cgroup: &str,
    netns: Option<&PathBuf>,
) -> Result<Value> {
    let mut spaces = vec![
        json!({"type": "pid"}),
        json!({"type": "ipc"}),
        json!({"type": "uts"}),
        json!({"type": "mount"}),
    ];
    match netns {
        Some(path) => spaces.push(json!({"type": "network", "path": path})),
        None => {}
    }
    let caps = [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FSETID",
        "CAP_FOWNER",
        "CAP_MKNOD",
        "CAP_NET_RAW",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETFCAP",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE",
        "CAP_SYS_CHROOT",
        "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ];
    Ok(json!({
        "ociVersion": "1.0.2",
        "process": {"terminal": container.config.tty, "user": {"uid": 0, "gid": 0}, "args": container.argv,
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "cwd": if container.config.working_dir.is_empty() {"/"} else {&container.config.working_dir},
            "capabilities": {"bounding": caps, "effective": caps, "permitted": caps}},
        "root": {"path": rootfs}, "hostname": container.config.hostname,
        "mounts": [{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},
          {"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]}],
        "linux": {"namespaces": spaces, "cgroupsPath": cgroup, "resources": {"pids": {"limit": container.host_config.pids_limit}}},
    }))
}

pub fn exec_process(asked: &ExecAsked, container: &Container, _rootfs: &Path) -> Result<Value> {
    Ok(
        json!({"terminal": asked.tty, "user": {"uid": 0, "gid": 0}, "args": asked.argv, "env": container.config.env, "cwd": "/"}),
    )
}
