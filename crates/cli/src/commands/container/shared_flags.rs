//! The flags that `run` and `create` share.
use crate::commands::usage;
use crate::flags::Flag;
use crate::options::Typed;

/// The flags of both.
pub(super) const SHARED: [Flag; 102] = [
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
    Flag::typed("blkio-weight-device", Typed::WeightDevice, "Block IO weight (relative device weight)")
        .shown("[]"),
    Flag::list("cap-add", "Add Linux capabilities"),
    Flag::list("cap-drop", "Drop Linux capabilities"),
    Flag::text("cgroup-parent", "Optional parent cgroup for the container"),
    Flag::text("cgroupns", CGROUPNS),
    Flag::path("cidfile", "Write the container ID to the file"),
    Flag::int("cpu-count", "CPU count (Windows only)").hidden(),
    Flag::int("cpu-percent", "CPU percent (Windows only)").hidden(),
    Flag::int("cpu-period", "Limit CPU CFS (Completely Fair Scheduler) period"),
    Flag::int("cpu-quota", "Limit CPU CFS (Completely Fair Scheduler) quota"),
    Flag::int("cpu-rt-period", "Limit CPU real-time period in microseconds"),
    Flag::int("cpu-rt-runtime", "Limit CPU real-time runtime in microseconds"),
    Flag::int("cpu-shares", "CPU shares (relative weight)").short('c'),
    Flag::typed("cpus", Typed::Decimal, "Number of CPUs"),
    Flag::text("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)"),
    Flag::text("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)"),
    Flag::list("device", "Add a host device to the container"),
    Flag::typed("device-cgroup-rule", Typed::DeviceRule, "Add a rule to the cgroup allowed devices list"),
    Flag::typed("device-read-bps", Typed::BytesDevice, "Limit read rate (bytes per second) from a device")
        .shown("[]"),
    Flag::typed("device-read-iops", Typed::OperationsDevice, "Limit read rate (IO per second) from a device")
        .shown("[]"),
    Flag::typed("device-write-bps", Typed::BytesDevice, "Limit write rate (bytes per second) to a device")
        .shown("[]"),
    Flag::typed("device-write-iops", Typed::OperationsDevice, "Limit write rate (IO per second) to a device")
        .shown("[]"),
    Flag::typed("dns", Typed::Dns, "Set custom DNS servers"),
    Flag::list("dns-option", "Set DNS options"),
    Flag::list("dns-search", "Set custom DNS search domains"),
    Flag::text("domainname", "Container NIS domain name"),
    Flag::text("entrypoint", "Overwrite the default ENTRYPOINT of the image"),
    Flag::typed("env", Typed::Env, "Set environment variables").short('e'),
    Flag::list("env-file", "Read in a file of environment variables"),
    Flag::list("expose", "Expose a port or a range of ports"),
    Flag::typed("gpus", Typed::Gpus, "GPU devices to add to the container ('all' to pass all GPUs)"),
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
    Flag::typed(
        "io-maxbandwidth",
        Typed::Bytes,
        "Maximum IO bandwidth limit for the system drive (Windows only)",
    )
    .hidden(),
    Flag::typed("io-maxiops", Typed::Uint, "Maximum IOps limit for the system drive (Windows only)").hidden(),
    Flag::text("ip", "IPv4 address (e.g., 172.30.100.104)"),
    Flag::text("ip6", "IPv6 address (e.g., 2001:db8::33)"),
    Flag::text("ipc", "IPC mode to use"),
    Flag::text("isolation", "Container isolation technology"),
    Flag::typed("kernel-memory", Typed::Bytes, "Kernel memory limit"),
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
    Flag::list("storage-opt", "Storage driver options for the container"),
    Flag::typed("sysctl", Typed::Sysctl, "Sysctl options").shown("map[]"),
    Flag::list("tmpfs", "Mount a tmpfs directory"),
    Flag::bool("tty", "Allocate a pseudo-TTY").short('t'),
    Flag::typed("ulimit", Typed::Ulimit, "Ulimit options").shown("[]"),
    Flag::bool("use-api-socket", "Bind mount Docker API socket and required auth").hidden(),
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
