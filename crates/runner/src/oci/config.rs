//! The whole document.

use serde_json::{Map, Value, json};

use super::place::Places;
use super::security::{self, SecurityOptions};
use super::{Bundle, Space, capability, device, env, gpu, mount, process, resources, seccomp, sysctl};
use crate::error::Result;
use crate::network::Namespace;

/// The version of the runtime's specification that says all of it; every runtime knows it.
const OCI_VERSION: &str = "1.0.2";
/// What tells about the whole machine.
pub const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];
/// What changes the whole machine.
pub const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// A container's whole configuration, for `config.json` of its bundle. Mount points and the folder that its program
/// starts in are made in its files where they are missing.
///
/// # Errors
/// In Docker's words when what was asked for cannot be had.
pub fn config(bundle: &Bundle<'_>) -> Result<Value> {
    let host = &bundle.container.host_config;
    let security = security::options(&host.security_opt)?;
    let capabilities = capability::of(host)?;
    let places = Places::open(bundle.rootfs)?;
    super::scaffold::make(&places)?;
    let mounts = mount::of(bundle, &security, &places)?;
    let process = process::of(bundle, &security, &capabilities, &places)?;
    let mut config = json!({
        "ociVersion": OCI_VERSION,
        "process": process,
        "root": {"path": super::place::text(bundle.rootfs)?, "readonly": host.readonly_rootfs},
        "mounts": mounts.list,
        "linux": linux(bundle, &security, &capabilities)?,
    });
    if !bundle.hostname.is_empty() && host.uts_mode != "host" {
        config["hostname"] = json!(bundle.hostname);
    }
    if !host.annotations.is_empty() {
        config["annotations"] = json!(host.annotations);
    }
    if let Some(hooks) = gpu::hooks(host, bundle.gpu_hook, env::PATH) {
        config["hooks"] = hooks;
    }
    if let Some(propagation) = mounts.propagation {
        config["linux"]["rootfsPropagation"] = json!(propagation);
    }
    Ok(config)
}

fn linux(bundle: &Bundle<'_>, security: &SecurityOptions, capabilities: &[&str]) -> Result<Value> {
    let host = &bundle.container.host_config;
    let mut linux = Map::new();
    let mut set = |name: &str, value: Value| drop(linux.insert(name.to_owned(), value));
    let sysctls = sysctl::of(bundle.container, bundle.rootless.is_some())?;
    if !sysctls.is_empty() {
        set("sysctl", Value::Object(sysctls));
    }
    let devices = device::of(host)?;
    set("devices", Value::Array(devices.made));
    // Cgroups are not an ordinary user's.
    if bundle.rootless.is_none() {
        set("resources", resources::of(host, devices.rules)?);
        set("cgroupsPath", json!(bundle.cgroup));
    }
    set("namespaces", Value::Array(namespaces(bundle)));
    if let Some(filter) = seccomp::filter(&security.seccomp, host.privileged, capabilities)? {
        set("seccomp", filter);
    }
    if !host.privileged {
        let masked = host.masked_paths.clone().unwrap_or_else(masked);
        if !masked.is_empty() {
            set("maskedPaths", json!(masked));
        }
        let read_only = host.readonly_paths.as_ref().map_or_else(|| json!(READ_ONLY), |paths| json!(paths));
        if read_only != json!([]) {
            set("readonlyPaths", read_only);
        }
    }
    Ok(Value::Object(linux))
}

/// What nobody sees who is not asked about.
fn masked() -> Vec<String> {
    MASKED.iter().map(|path| (*path).to_owned()).chain(thermal_throttle()).collect()
}

/// Counters of each processor that tell what others do.
fn thermal_throttle() -> Vec<String> {
    let names = std::fs::read_dir("/sys/devices/system/cpu").into_iter().flatten().flatten();
    let mut paths: Vec<String> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.strip_prefix("cpu").is_some_and(|number| number.parse::<u32>().is_ok()))
        .map(|name| format!("/sys/devices/system/cpu/{name}/thermal_throttle"))
        .filter(|path| std::path::Path::new(path).exists())
        .collect();
    paths.sort();
    paths
}

fn namespaces(bundle: &Bundle<'_>) -> Vec<Value> {
    let host = &bundle.container.host_config;
    let mut list = vec![json!({"type": "mount"})];
    match bundle.network {
        Namespace::Host => {}
        Namespace::New => list.push(json!({"type": "network"})),
        Namespace::At(path) => list.push(json!({"type": "network", "path": path})),
    }
    if host.uts_mode != "host" {
        list.push(json!({"type": "uts"}));
    }
    for (kind, space) in [("pid", bundle.pid), ("ipc", bundle.ipc)] {
        match space {
            Space::Host => {}
            Space::Own => list.push(json!({"type": kind})),
            Space::Of(pid) => list.push(json!({"type": kind, "path": format!("/proc/{pid}/ns/{kind}")})),
        }
    }
    let has_own_cgroups = match host.cgroupns_mode.as_str() {
        "private" => true,
        "host" => false,
        _ => crate::runtime::has_unified_cgroups() && !host.privileged,
    };
    if has_own_cgroups {
        list.push(json!({"type": "cgroup"}));
    }
    list
}
