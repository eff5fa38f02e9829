//! What `run` and `create` share: the flags, and what they ask for.
use std::collections::BTreeMap;
use std::path::Path;

use engine::Engine;
use engine::ops::container::{CreateContainer, PullPolicy};
use engine::record::{Config, Healthcheck, HostConfig, LogConfig, PortBinding};

use super::connections;
use super::creating::Creation;
use crate::commands::{platform, usage};
use crate::flags::{Flag, Matches};
use crate::options::{self, Bound, Typed};
use crate::{Context, Failure};

/// The flags of both.
pub(super) const SHARED: [Flag; 86] = [
    usage::DISABLE_CONTENT_TRUST,
    Flag::list("net", "Connect a container to a network").hidden(),
    Flag::list("net-alias", "Add network-scoped alias for the container").hidden(),
    Flag::list("dns-opt", "Set DNS options").hidden(),
    Flag::typed("add-host", Typed::AddHost, "Add a custom host-to-IP mapping (host:ip)"),
    Flag::typed(
        "annotation",
        Typed::Map,
        "Add an annotation to the container (passed through to the OCI runtime)",
    )
    .shown("map[]"),
    Flag::typed("attach", Typed::Attach, "Attach to STDIN, STDOUT or STDERR").short('a'),
    Flag::typed(
        "blkio-weight",
        Typed::Uint16,
        "Block IO (relative weight), between 10 and 1000, or 0 to disable",
    )
    .shown("0"),
    Flag::list("cap-add", "Add Linux capabilities"),
    Flag::list("cap-drop", "Drop Linux capabilities"),
    Flag::text("cgroup-parent", "Optional parent cgroup for the container"),
    Flag::text("cgroupns", CGROUPNS),
    Flag::path("cidfile", "Write the container ID to the file"),
    Flag::int("cpu-period", "Limit CPU CFS (Completely Fair Scheduler) period"),
    Flag::int("cpu-quota", "Limit CPU CFS (Completely Fair Scheduler) quota"),
    Flag::int("cpu-shares", "CPU shares (relative weight)").short('c'),
    Flag::typed("cpus", Typed::Decimal, "Number of CPUs"),
    Flag::text("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)"),
    Flag::text("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)"),
    Flag::list("device", "Add a host device to the container"),
    Flag::typed("device-cgroup-rule", Typed::DeviceRule, "Add a rule to the cgroup allowed devices list"),
    Flag::typed("dns", Typed::Dns, "Set custom DNS servers"),
    Flag::list("dns-option", "Set DNS options"),
    Flag::list("dns-search", "Set custom DNS search domains"),
    Flag::text("domainname", "Container NIS domain name"),
    Flag::text("entrypoint", "Overwrite the default ENTRYPOINT of the image"),
    Flag::typed("env", Typed::Env, "Set environment variables").short('e'),
    Flag::list("env-file", "Read in a file of environment variables"),
    Flag::list("expose", "Expose a port or a range of ports"),
    Flag::list("group-add", "Add additional groups to join"),
    Flag::text("health-cmd", "Command to run to check health"),
    Flag::typed("health-interval", Typed::Duration, "Time between running the check (ms|s|m|h)").shown("0s"),
    Flag::int("health-retries", "Consecutive failures needed to report unhealthy"),
    Flag::typed(
        "health-start-interval",
        Typed::Duration,
        "Time between running the check during the start period (ms|s|m|h)",
    )
    .shown("0s"),
    Flag::typed(
        "health-start-period",
        Typed::Duration,
        "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)",
    )
    .shown("0s"),
    Flag::typed("health-timeout", Typed::Duration, "Maximum time to allow one check to run (ms|s|m|h)")
        .shown("0s"),
    Flag::text("hostname", "Container host name").short('h'),
    Flag::bool("init", "Run an init inside the container that forwards signals and reaps processes"),
    Flag::bool("interactive", "Keep STDIN open even if not attached").short('i'),
    Flag::text("ip", "IPv4 address (e.g., 172.30.100.104)"),
    Flag::text("ip6", "IPv6 address (e.g., 2001:db8::33)"),
    Flag::text("ipc", "IPC mode to use"),
    Flag::typed("label", Typed::Label, "Set meta data on a container").short('l'),
    Flag::list("label-file", "Read in a line delimited file of labels"),
    Flag::typed("link", Typed::Link, "Add link to another container"),
    Flag::list("link-local-ip", "Container IPv4/IPv6 link-local addresses"),
    Flag::text("log-driver", "Logging driver for the container"),
    Flag::list("log-opt", "Log driver options"),
    Flag::text("mac-address", "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
    Flag::typed("memory", Typed::Bytes, "Memory limit").short('m'),
    Flag::typed("memory-reservation", Typed::Bytes, "Memory soft limit"),
    Flag::typed(
        "memory-swap",
        Typed::SwapBytes,
        "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
    ),
    Flag::int("memory-swappiness", "Tune container memory swappiness (0 to 100)").preset("-1"),
    Flag::typed("mount", Typed::Mount, "Attach a filesystem mount to the container"),
    Flag::text("name", "Assign a name to the container"),
    Flag::typed("network", Typed::Network, "Connect a container to a network"),
    Flag::list("network-alias", "Add network-scoped alias for the container"),
    Flag::bool("no-healthcheck", "Disable any container-specified HEALTHCHECK"),
    Flag::bool("oom-kill-disable", "Disable OOM Killer"),
    Flag::int("oom-score-adj", "Tune host's OOM preferences (-1000 to 1000)"),
    Flag::text("pid", "PID namespace to use"),
    Flag::int("pids-limit", "Tune container pids limit (set -1 for unlimited)"),
    Flag::text("platform", "Set platform if server is multi-platform capable")
        .computed(usage::default_platform),
    Flag::bool("privileged", "Give extended privileges to this container"),
    Flag::list("publish", "Publish a container's port(s) to the host").short('p'),
    Flag::bool("publish-all", "Publish all exposed ports to random ports").short('P'),
    Flag::bool("quiet", "Suppress the pull output").short('q'),
    Flag::bool("read-only", "Mount the container's root filesystem as read only"),
    Flag::text("restart", "Restart policy to apply when a container exits").preset("no"),
    Flag::bool("rm", "Automatically remove the container and its associated anonymous volumes when it exits"),
    Flag::text("runtime", "Runtime to use for this container"),
    Flag::list("security-opt", "Security Options"),
    Flag::typed("shm-size", Typed::Bytes, "Size of /dev/shm"),
    Flag::text("stop-signal", "Signal to stop the container"),
    Flag::int("stop-timeout", "Timeout (in seconds) to stop a container"),
    Flag::typed("sysctl", Typed::Sysctl, "Sysctl options").shown("map[]"),
    Flag::list("tmpfs", "Mount a tmpfs directory"),
    Flag::bool("tty", "Allocate a pseudo-TTY").short('t'),
    Flag::typed("ulimit", Typed::Ulimit, "Ulimit options").shown("[]"),
    Flag::text("user", "Username or UID (format: <name|uid>[:<group|gid>])").short('u'),
    Flag::text("userns", "User namespace to use"),
    Flag::text("uts", "UTS namespace to use"),
    Flag::list("volume", "Bind mount a volume").short('v'),
    Flag::text("volume-driver", "Optional volume driver for the container"),
    Flag::list("volumes-from", "Mount volumes from the specified container(s)"),
    Flag::text("workdir", "Working directory inside the container").short('w'),
];

const CGROUPNS: &str = "Cgroup namespace to use (host|private)
'host':    Run the container in the Docker host's cgroup namespace
'private': Run the container in its own private cgroup namespace
'':        Use the cgroup namespace as configured by the
           default-cgroupns-mode option on the daemon (default)";

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
    variables.extend(matches.list("env").filter_map(|text| options::with_environment(text, &context.env)));
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
    let size = |flag: &str| matches.text_given(flag).map_or(Ok(0), options::swap_bytes).map_err(Failure::new);
    let swappiness = matches.int("memory-swappiness");
    if swappiness != -1 && !(0..=100).contains(&swappiness) {
        let text = format!("invalid value: {swappiness}. Valid memory swappiness range is 0-100");
        return Err(Failure::new(text));
    }
    let mut host = HostConfig {
        volumes_from: texts("volumes-from"),
        volume_driver: text("volume-driver"),
        container_id_file: text("cidfile"),
        log_config: log_config(matches)?,
        links: texts("link"),
        port_bindings: port_bindings(matches)?,
        publish_all_ports: matches.bool("publish-all"),
        restart_policy: options::restart_policy(matches.text("restart")).map_err(Failure::new)?,
        auto_remove: matches.bool("rm"),
        console_size: crate::term::raw::size()
            .filter(|_| matches.bool("tty"))
            .map_or([0, 0], |(r, c)| [r, c]),
        annotations: pairs(matches.list("annotation")),
        cap_add: texts("cap-add"),
        cap_drop: texts("cap-drop"),
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
        shm_size: size("shm-size")?,
        sysctls: pairs(matches.list("sysctl")),
        runtime: text("runtime"),
        cpu_shares: matches.int("cpu-shares"),
        memory: size("memory")?,
        nano_cpus: matches.text_given("cpus").map_or(Ok(0), options::nano_cpus).map_err(Failure::new)?,
        blkio_weight: matches.text("blkio-weight").parse().unwrap_or(0),
        cpu_period: matches.int("cpu-period"),
        cpu_quota: matches.int("cpu-quota"),
        cpuset_cpus: text("cpuset-cpus"),
        cpuset_mems: text("cpuset-mems"),
        device_cgroup_rules: texts("device-cgroup-rule"),
        memory_reservation: size("memory-reservation")?,
        memory_swap: size("memory-swap")?,
        memory_swappiness: Some(swappiness),
        oom_kill_disable: matches.bool("oom-kill-disable"),
        pids_limit: matches.int("pids-limit"),
        init: matches.given("init").then(|| matches.bool("init")),
        tmpfs: matches
            .list("tmpfs")
            .map(|text| text.split_once(':').unwrap_or((text, "")))
            .map(owned)
            .collect(),
        ..HostConfig::default()
    };
    add_objects(matches, &mut host)?;
    Ok(host)
}

/// Limits, devices and what is mounted: each is read on its own.
fn add_objects(matches: &Matches, host: &mut HostConfig) -> Result<(), Failure> {
    for text in matches.list("ulimit") {
        host.ulimits.retain(|known| !text.starts_with(&format!("{}=", known.name)));
        host.ulimits.push(options::ulimit(text).map_err(Failure::new)?);
    }
    for text in matches.list("device") {
        host.devices.push(options::device(text).map_err(Failure::new)?);
    }
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
    let kind = matches.text_given("log-driver").unwrap_or("json-file").to_owned();
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

/// Docker's own profile has 30 KiB; a megabyte would name every system call of every architecture.
const PROFILE_BYTES_MAX: u64 = 4 << 20;

/// A seccomp profile is a file of this machine: what is asked for is what is in it.
fn security(matches: &Matches) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for text in matches.list("security-opt") {
        let (key, value) = text.split_once('=').or_else(|| text.split_once(':')).unwrap_or((text, ""));
        if value.is_empty() && key != "no-new-privileges" && !text.starts_with("systempaths") {
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
            Failure::new(format!("compacting json for seccomp profile ({value}) failed: {e}"))
        })?;
        all.push(format!("seccomp={profile}"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
