//! What the flags of `run` and `create` ask for.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use engine::Engine;
use engine::ops::container::{CreateContainer, PullPolicy};
use engine::record::{
    Config, DeviceRequest, Healthcheck, HostConfig, LogConfig, PortBinding, ThrottleDevice,
};

use super::connections;
use super::creating::Creation;
use crate::commands::platform;
use crate::flags::Matches;
use crate::options::{self, Bound};
use crate::{Context, Failure};

/// What the flags and operands ask for. Refusals are told as Docker's client tells them.
pub(super) fn creation(
    matches: &Matches,
    context: &mut Context,
    engine: &Engine,
) -> Result<Creation, Failure> {
    let connections = connections::connections(matches)?;
    let request = CreateContainer {
        name: matches.text_given("name").map(str::to_owned),
        image: matches.operand(0).unwrap_or_default().to_owned(),
        platform: platform::parse(matches, engine, "Error response from daemon: ")?,
        config: config(matches, context)?,
        host_config: HostConfig { network_mode: connections.mode, ..host_config(matches)? },
        networks: connections.networks,
    };
    check_image(&request.image)?;
    check_together(&request)?;
    let pull = match matches.text("pull") {
        "" | "missing" => PullPolicy::Missing,
        "always" => PullPolicy::Always,
        "never" => PullPolicy::Never,
        other => {
            let text = format!(
                "invalid pull option: '{other}': must be one of \"always\", \"missing\" or \"never\""
            );
            return Err(Failure::new(text));
        }
    };
    let cidfile = matches.path("cidfile").map(Path::to_owned);
    Ok(Creation { request, pull, quiet: matches.bool("quiet"), cidfile })
}

/// Refuses what there is on Windows alone, in Docker's words, and what wants a daemon.
///
/// # Errors
/// When such a flag is given.
pub(super) fn check_possible(matches: &Matches) -> Result<(), Failure> {
    const OF_WINDOWS: [&str; 4] = ["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"];
    if let Some(flag) = OF_WINDOWS.iter().find(|flag| matches.given(flag)) {
        let text = format!(
            "\"--{flag}\" is only supported on a Docker daemon running on windows, but the Docker daemon is running \
             on linux"
        );
        return Err(Failure::with_exit(Failure::ERROR, text));
    }
    if matches.bool("use-api-socket") {
        let text = "--use-api-socket: there is no API socket, as there is no daemon";
        return Err(Failure::with_exit(Failure::FLAG, text));
    }
    Ok(())
}

/// What is no name is refused before anything is done; an id is one.
fn check_image(image: &str) -> Result<(), Failure> {
    spec::AnyReference::parse(image).map(drop).map_err(|error| Failure::new(error.to_string()))
}

fn check_together(request: &CreateContainer) -> Result<(), Failure> {
    let host = &request.host_config;
    if host.auto_remove && !matches!(host.restart_policy.name.as_str(), "" | "no") {
        return Err(Failure::new("conflicting options: cannot specify both --restart and --rm"));
    }
    Ok(())
}

fn config(matches: &Matches, context: &Context) -> Result<Config, Failure> {
    let streams = streams(matches)?;
    let mut operands = matches.operands().skip(1).map(str::to_owned);
    let cmd: Vec<String> = operands.by_ref().collect();
    let mut config = Config {
        hostname: matches.text("hostname").to_owned(),
        domainname: matches.text("domainname").to_owned(),
        user: matches.text("user").to_owned(),
        attach_stdin: streams.contains(&"stdin".to_owned()),
        attach_stdout: streams.contains(&"stdout".to_owned()),
        attach_stderr: streams.contains(&"stderr".to_owned()),
        tty: matches.bool("tty"),
        open_stdin: matches.bool("interactive"),
        env: env(matches, context)?,
        cmd: (!cmd.is_empty()).then_some(cmd),
        image: matches.operand(0).unwrap_or_default().to_owned(),
        working_dir: matches.text("workdir").to_owned(),
        entrypoint: matches.given("entrypoint").then(|| vec![matches.text("entrypoint").to_owned()]),
        labels: labels(matches)?,
        stop_signal: matches.text_given("stop-signal").map(str::to_owned),
        stop_timeout: matches.given("stop-timeout").then(|| matches.int("stop-timeout")),
        healthcheck: healthcheck(matches)?,
        ..Config::default()
    };
    for text in matches.list("expose") {
        config.exposed_ports.extend(options::expose(text).map_err(Failure::new)?);
    }
    for text in matches.list("publish") {
        config
            .exposed_ports
            .extend(options::publish(text).map_err(Failure::new)?.into_iter().map(|(port, _)| port));
    }
    for text in matches.list("volume") {
        if let Bound::Volume(target) = options::volume(text, absolute).map_err(Failure::new)? {
            config.volumes.insert(target);
        }
    }
    config.stdin_once = config.open_stdin && config.attach_stdin;
    Ok(config)
}

/// The streams to attach to: those that are named, else output, and input where it is kept open.
fn streams(matches: &Matches) -> Result<Vec<String>, Failure> {
    let mut streams: Vec<String> = Vec::new();
    for text in matches.list("attach") {
        streams.push(options::attach(text).map_err(Failure::new)?);
    }
    let detached = matches.command.flags.iter().any(|flag| flag.long == "detach") && matches.bool("detach");
    if detached && !streams.is_empty() {
        return Err(Failure::new("conflicting options: cannot specify both --attach and --detach"));
    }
    if streams.is_empty() && !detached {
        streams.extend(["stdout".to_owned(), "stderr".to_owned()]);
        if matches.bool("interactive") {
            streams.push("stdin".to_owned());
        }
    }
    Ok(streams)
}

/// Files first, so that single variables stand above them.
pub(super) fn env(matches: &Matches, context: &Context) -> Result<Vec<String>, Failure> {
    let mut variables = Vec::new();
    for file in matches.list("env-file") {
        variables.extend(options::env_file(Path::new(file), &context.env)?);
    }
    variables.extend(matches.list("env").map(|text| options::with_environment(text, &context.env)));
    Ok(variables)
}

fn labels(matches: &Matches) -> Result<BTreeMap<String, String>, Failure> {
    let mut labels = Vec::new();
    for file in matches.list("label-file") {
        labels.extend(options::label_file(Path::new(file))?);
    }
    labels.extend(matches.list("label").map(str::to_owned));
    Ok(pairs(labels.iter().map(String::as_str)))
}

fn pairs<'t>(texts: impl Iterator<Item = &'t str>) -> BTreeMap<String, String> {
    let pair = |text: &'t str| text.split_once('=').unwrap_or((text, ""));
    texts.map(pair).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn healthcheck(matches: &Matches) -> Result<Option<Healthcheck>, Failure> {
    const FLAGS: [&str; 6] = [
        "health-cmd",
        "health-interval",
        "health-timeout",
        "health-start-period",
        "health-start-interval",
        "health-retries",
    ];
    let wanted = FLAGS.iter().any(|flag| matches.given(flag));
    if matches.bool("no-healthcheck") {
        if wanted {
            return Err(Failure::new("--no-healthcheck conflicts with --health-* options"));
        }
        return Ok(Some(Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() }));
    }
    if !wanted {
        return Ok(None);
    }
    let time = |flag: &str| match options::duration(matches.text_given(flag).unwrap_or("0")) {
        Ok(time) if time < 0 => Err(Failure::new(format!("--{flag} cannot be negative"))),
        time => time.map_err(Failure::new),
    };
    let retries = matches.int("health-retries");
    if retries < 0 {
        return Err(Failure::new("--health-retries cannot be negative"));
    }
    let test = matches.text_given("health-cmd").map(|line| vec!["CMD-SHELL".to_owned(), line.to_owned()]);
    Ok(Some(Healthcheck {
        test: test.unwrap_or_default(),
        interval: time("health-interval")?,
        timeout: time("health-timeout")?,
        start_period: time("health-start-period")?,
        start_interval: time("health-start-interval")?,
        retries,
    }))
}

fn host_config(matches: &Matches) -> Result<HostConfig, Failure> {
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

/// A path of the working folder; where there is none it stays as it is, and is refused later.
fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
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

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::folder as files_of_options;
