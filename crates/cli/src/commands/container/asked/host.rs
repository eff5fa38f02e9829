//! What the flags of `run` and `create` ask of this machine.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use engine::record::{DeviceRequest, HostConfig, LogConfig, PortBinding, ThrottleDevice};

use super::{absolute, pairs};
use crate::Failure;
use crate::flags::Matches;
use crate::options::{self, Bound};

/// What the flags ask of this machine.
///
/// # Errors
/// What cannot be meant, in Docker's words.
pub(super) fn host_config(matches: &Matches) -> Result<HostConfig, Failure> {
    let texts = |flag: &str| matches.list(flag).map(str::to_owned).collect::<Vec<String>>();
    let text = |flag: &str| matches.text(flag).to_owned();
    let mut host = HostConfig {
        volumes_from: texts("volumes-from"),
        volume_driver: text("volume-driver"),
        container_id_file: text("cidfile"),
        log_config: log_config(matches)?,
        links: texts("link"),
        storage_opt: storage(matches)?,
        isolation: text("isolation"),
        port_bindings: port_bindings(matches)?,
        publish_all_ports: matches.bool("publish-all"),
        restart_policy: options::restart_policy(matches.text("restart")).map_err(Failure::new)?,
        auto_remove: matches.bool("rm"),
        console_size: crate::term::raw::size()
            .filter(|_| matches.bool("tty"))
            .map_or([0, 0], |(r, c)| [r, c]),
        annotations: pairs(matches.list("annotation")),
        cap_add: capabilities(matches, "cap-add"),
        cap_drop: capabilities(matches, "cap-drop"),
        cgroupns_mode: one_of(matches, "cgroupns", "--cgroupns: invalid CGROUP mode", &["host", "private"])?,
        dns: texts("dns"),
        dns_options: matches.list("dns-option").chain(matches.list("dns-opt")).map(str::to_owned).collect(),
        dns_search: texts("dns-search"),
        extra_hosts: matches.list("add-host").filter_map(|text| options::add_host(text).ok()).collect(),
        group_add: texts("group-add"),
        ipc_mode: text("ipc"),
        cgroup_parent: text("cgroup-parent"),
        pid_mode: shared_mode(matches, "pid", "--pid: invalid PID mode")?,
        uts_mode: one_of(matches, "uts", "--uts: invalid UTS mode", &["host"])?,
        userns_mode: one_of(matches, "userns", "--userns: invalid USER mode", &["host"])?,
        oom_score_adj: matches.int("oom-score-adj"),
        privileged: matches.bool("privileged"),
        readonly_rootfs: matches.bool("read-only"),
        security_opt: security(matches)?,
        shm_size: size(matches, "shm-size")?,
        sysctls: pairs(matches.list("sysctl")),
        runtime: text("runtime"),
        device_cgroup_rules: texts("device-cgroup-rule"),
        init: matches.given("init").then(|| matches.bool("init")),
        tmpfs: matches
            .list("tmpfs")
            .map(|text| text.split_once(':').unwrap_or((text, "")))
            .map(owned)
            .collect(),
        ..limits(matches)?
    };
    if host.security_opt.iter().any(|option| option == SYSTEM_PATHS) {
        host.security_opt.retain(|option| option != SYSTEM_PATHS);
        (host.masked_paths, host.readonly_paths) = (Some(Vec::new()), Some(Vec::new()));
    }
    add_objects(matches, &mut host)?;
    Ok(host)
}

/// How much of processors, memory and disks.
fn limits(matches: &Matches) -> Result<HostConfig, Failure> {
    let swappiness = matches.int("memory-swappiness");
    if swappiness != -1 && !(0..=100).contains(&swappiness) {
        let text = format!("invalid value: {swappiness}. Valid memory swappiness range is 0-100");
        return Err(Failure::new(text));
    }
    Ok(HostConfig {
        cpu_shares: matches.int("cpu-shares"),
        memory: size(matches, "memory")?,
        nano_cpus: matches.text_given("cpus").map_or(Ok(0), options::nano_cpus).map_err(Failure::new)?,
        blkio_weight: matches.text("blkio-weight").parse().unwrap_or(0),
        cpu_realtime_period: matches.int("cpu-rt-period"),
        cpu_realtime_runtime: matches.int("cpu-rt-runtime"),
        cpu_period: matches.int("cpu-period"),
        cpu_quota: matches.int("cpu-quota"),
        cpuset_cpus: matches.text("cpuset-cpus").to_owned(),
        cpuset_mems: matches.text("cpuset-mems").to_owned(),
        memory_reservation: size(matches, "memory-reservation")?,
        memory_swap: size(matches, "memory-swap")?,
        memory_swappiness: Some(swappiness),
        oom_kill_disable: matches.bool("oom-kill-disable"),
        pids_limit: matches.int("pids-limit"),
        ..HostConfig::default()
    })
}

/// Bytes, or -1 for no limit.
fn size(matches: &Matches, flag: &str) -> Result<i64, Failure> {
    matches.text_given(flag).map_or(Ok(0), options::swap_bytes).map_err(Failure::new)
}

/// Limits, devices and what is mounted: each is read on its own.
fn add_objects(matches: &Matches, host: &mut HostConfig) -> Result<(), Failure> {
    for text in matches.list("ulimit") {
        host.ulimits.retain(|known| !text.starts_with(&format!("{}=", known.name)));
        host.ulimits.push(options::ulimit(text).map_err(Failure::new)?);
    }
    add_devices(matches, host)?;
    for text in matches.list("volume") {
        if let Bound::Bind(bind) = options::volume(text, absolute).map_err(Failure::new)? {
            host.binds.push(bind);
        }
    }
    for text in matches.list("mount") {
        host.mounts.push(options::mount(text, absolute).map_err(Failure::new)?);
    }
    Ok(())
}

/// Devices of this machine, those that drivers bring, and limits at disks.
fn add_devices(matches: &Matches, host: &mut HostConfig) -> Result<(), Failure> {
    let asked = matches.list("gpus").map(options::gpus);
    host.device_requests = asked.collect::<Result<_, _>>().map_err(Failure::new)?;
    let of_vendors: Vec<String> =
        matches.list("device").filter(|text| options::is_vendors(text)).map(str::to_owned).collect();
    if !of_vendors.is_empty() {
        let request =
            DeviceRequest { driver: "cdi".to_owned(), device_ids: of_vendors, ..DeviceRequest::default() };
        host.device_requests.push(request);
    }
    for text in matches.list("device").filter(|text| !options::is_vendors(text)) {
        host.devices.push(options::device(text).map_err(Failure::new)?);
    }
    let weights = matches.list("blkio-weight-device").map(options::weight_device);
    host.blkio_weight_device = weights.collect::<Result<_, _>>().map_err(Failure::new)?;
    let throttle = |flag: &str, read: fn(&str) -> Result<ThrottleDevice, String>| {
        matches.list(flag).map(read).collect::<Result<Vec<_>, _>>().map_err(Failure::new)
    };
    host.blkio_device_read_bps = throttle("device-read-bps", options::bytes_device)?;
    host.blkio_device_write_bps = throttle("device-write-bps", options::bytes_device)?;
    host.blkio_device_read_iops = throttle("device-read-iops", options::operations_device)?;
    host.blkio_device_write_iops = throttle("device-write-iops", options::operations_device)?;
    Ok(())
}

fn storage(matches: &Matches) -> Result<BTreeMap<String, String>, Failure> {
    if matches.list("storage-opt").any(|text| !text.contains('=')) {
        return Err(Failure::new("invalid storage option"));
    }
    Ok(pairs(matches.list("storage-opt")))
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn one_of(matches: &Matches, flag: &str, what: &str, known: &[&str]) -> Result<String, Failure> {
    let text = matches.text(flag);
    if text.is_empty() || known.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(Failure::new(what.to_owned()))
    }
}

fn shared_mode(matches: &Matches, flag: &str, what: &str) -> Result<String, Failure> {
    let text = matches.text(flag);
    let is_other = text.strip_prefix("container:").is_some_and(|other| !other.is_empty());
    if text.is_empty() || text == "host" || is_other {
        Ok(text.to_owned())
    } else {
        Err(Failure::new(what.to_owned()))
    }
}

fn log_config(matches: &Matches) -> Result<LogConfig, Failure> {
    let kind = matches.text("log-driver").to_owned();
    let config = pairs(matches.list("log-opt"));
    if kind == "none" && !config.is_empty() {
        return Err(Failure::new("invalid logging opts for driver none"));
    }
    Ok(LogConfig { kind, config })
}

fn port_bindings(matches: &Matches) -> Result<BTreeMap<String, Vec<PortBinding>>, Failure> {
    let mut bindings: BTreeMap<String, Vec<PortBinding>> = BTreeMap::new();
    for text in matches.list("publish") {
        for (port, binding) in options::publish(text).map_err(Failure::new)? {
            bindings.entry(port).or_default().push(binding);
        }
    }
    Ok(bindings)
}

/// Names in full, each once, by their letters; whether there are such capabilities is for whoever gives them.
fn capabilities(matches: &Matches, flag: &str) -> Vec<String> {
    let full = |text: &str| {
        let upper = text.to_uppercase();
        if upper == "ALL" || upper.starts_with("CAP_") { upper } else { format!("CAP_{upper}") }
    };
    matches.list(flag).map(full).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Gives a container all of the kernel's files, which is said by lists of what it does not get.
const SYSTEM_PATHS: &str = "systempaths=unconfined";
/// Docker's own profile has 30 KiB; a megabyte would name every system call of every architecture.
const PROFILE_BYTES_MAX: u64 = 4 << 20;

/// A seccomp profile is a file of this machine: what is asked for is what is in it.
fn security(matches: &Matches) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for text in matches.list("security-opt") {
        let (key, value) = text.split_once('=').or_else(|| text.split_once(':')).unwrap_or((text, ""));
        if value.is_empty() && key != "no-new-privileges" {
            return Err(Failure::new(format!("Invalid --security-opt: \"{text}\"")));
        }
        if key != "seccomp" || matches!(value, "unconfined" | "builtin") {
            all.push(text.to_owned());
            continue;
        }
        let failed = |why: &str| Failure::new(format!("opening seccomp profile ({value}) failed: {why}"));
        let bytes = engine::read_user_file(Path::new(value), PROFILE_BYTES_MAX)
            .map_err(|e| failed(&e.to_string()))?;
        let profile: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| {
            let why = if e.is_eof() { "unexpected end of JSON input".to_owned() } else { e.to_string() };
            Failure::new(format!("compacting json for seccomp profile ({value}) failed: {why}"))
        })?;
        all.push(format!("seccomp={profile}"));
    }
    Ok(all)
}
