//! Docker's types of a container, for templates of `inspect`.
use go_template::{Field, StructType, Type, UintType};

use super::inspect::{DRIVER, HEALTHCHECK_TYPE, SET};

static TIME: Type = Type::Object("time.Time");
static SIZE: Type = Type::INT64;
static NUMBER: Type = Type::INT;
static TRUTH: Type = Type::Bool;
static BASE_TYPE: Type = Type::Struct(&BASE);
static STATE_TYPE: Type = Type::Struct(&STATE);
static HEALTH_TYPE: Type = Type::Struct(&HEALTH);
static CHECK_TYPE: Type = Type::Struct(&CHECK);
static CHECK_POINTER: Type = Type::Pointer(&CHECK_TYPE);
static HOST_CONFIG_TYPE: Type = Type::Struct(&HOST_CONFIG);
static MOUNT_POINT_TYPE: Type = Type::Struct(&MOUNT_POINT);
static CONFIG_TYPE: Type = Type::Struct(&CONFIG);
static NETWORK_SETTINGS_TYPE: Type = Type::Struct(&NETWORK_SETTINGS);
static BINDING_TYPE: Type = Type::Struct(&BINDING);
static BINDINGS: Type = Type::Slice(&BINDING_TYPE);
static ENDPOINT_TYPE: Type = Type::Struct(&ENDPOINT);
static ENDPOINT_POINTER: Type = Type::Pointer(&ENDPOINT_TYPE);
static DEVICE_TYPE: Type = Type::Struct(&DEVICE);
static ULIMIT_TYPE: Type = Type::Struct(&ULIMIT);
static ULIMIT_POINTER: Type = Type::Pointer(&ULIMIT_TYPE);
static MOUNT_TYPE: Type = Type::Struct(&MOUNT);
static BIND_TYPE: Type = Type::Struct(&BIND);
static VOLUME_TYPE: Type = Type::Struct(&VOLUME);
static DRIVER_CONFIG_TYPE: Type = Type::Struct(&DRIVER_CONFIG);
static IMAGE_TYPE: Type = Type::Struct(&IMAGE);
static TMPFS_TYPE: Type = Type::Struct(&TMPFS);
static CONSOLE_LENGTH: Type = Type::Uint(UintType::Uint);
static PORT_MAP: Type = Type::Map(&Type::String, &BINDINGS);

/// `inspect` of a container.
pub(super) static CONTAINER: StructType = StructType {
    name: "container.InspectResponse",
    fields: &[
        Field::embedded("ContainerJSONBase", Type::Pointer(&BASE_TYPE)),
        Field::new("Mounts", "Mounts", Type::Slice(&MOUNT_POINT_TYPE)),
        Field::new("Config", "Config", Type::Pointer(&CONFIG_TYPE)),
        Field::new("NetworkSettings", "NetworkSettings", Type::Pointer(&NETWORK_SETTINGS_TYPE)),
    ],
    methods: &[],
};

static BASE: StructType = StructType {
    name: "container.ContainerJSONBase",
    fields: &[
        Field::new("ID", "Id", Type::String),
        Field::new("Created", "Created", Type::String),
        Field::new("Path", "Path", Type::String),
        Field::new("Args", "Args", Type::STRINGS),
        Field::new("State", "State", Type::Pointer(&STATE_TYPE)),
        Field::new("Image", "Image", Type::String),
        Field::new("ResolvConfPath", "ResolvConfPath", Type::String),
        Field::new("HostnamePath", "HostnamePath", Type::String),
        Field::new("HostsPath", "HostsPath", Type::String),
        Field::new("LogPath", "LogPath", Type::String),
        Field::new("Name", "Name", Type::String),
        Field::new("RestartCount", "RestartCount", Type::INT),
        Field::new("Driver", "Driver", Type::String),
        Field::new("Platform", "Platform", Type::String),
        Field::new("MountLabel", "MountLabel", Type::String),
        Field::new("ProcessLabel", "ProcessLabel", Type::String),
        Field::new("AppArmorProfile", "AppArmorProfile", Type::String),
        Field::new("ExecIDs", "ExecIDs", Type::STRINGS),
        Field::new("HostConfig", "HostConfig", Type::Pointer(&HOST_CONFIG_TYPE)),
        Field::new("GraphDriver", "GraphDriver", Type::Struct(&DRIVER)),
        Field::omit_empty("SizeRw", "SizeRw", Type::Pointer(&SIZE)),
        Field::omit_empty("SizeRootFs", "SizeRootFs", Type::Pointer(&SIZE)),
    ],
    methods: &[],
};

static STATE: StructType = StructType {
    name: "container.State",
    fields: &[
        Field::new("Status", "Status", Type::String),
        Field::new("Running", "Running", Type::Bool),
        Field::new("Paused", "Paused", Type::Bool),
        Field::new("Restarting", "Restarting", Type::Bool),
        Field::new("OOMKilled", "OOMKilled", Type::Bool),
        Field::new("Dead", "Dead", Type::Bool),
        Field::new("Pid", "Pid", Type::INT),
        Field::new("ExitCode", "ExitCode", Type::INT),
        Field::new("Error", "Error", Type::String),
        Field::new("StartedAt", "StartedAt", Type::String),
        Field::new("FinishedAt", "FinishedAt", Type::String),
        Field::omit_empty("Health", "Health", Type::Pointer(&HEALTH_TYPE)),
    ],
    methods: &[],
};

static HEALTH: StructType = StructType {
    name: "container.Health",
    fields: &[
        Field::new("Status", "Status", Type::String),
        Field::new("FailingStreak", "FailingStreak", Type::INT),
        Field::new("Log", "Log", Type::Slice(&CHECK_POINTER)),
    ],
    methods: &[],
};

static CHECK: StructType = StructType {
    name: "container.HealthcheckResult",
    fields: &[
        Field::new("Start", "Start", TIME),
        Field::new("End", "End", TIME),
        Field::new("ExitCode", "ExitCode", Type::INT),
        Field::new("Output", "Output", Type::String),
    ],
    methods: &[],
};

static MOUNT_POINT: StructType = StructType {
    name: "container.MountPoint",
    fields: &[
        Field::omit_empty("Type", "Type", Type::String),
        Field::omit_empty("Name", "Name", Type::String),
        Field::new("Source", "Source", Type::String),
        Field::new("Destination", "Destination", Type::String),
        Field::omit_empty("Driver", "Driver", Type::String),
        Field::new("Mode", "Mode", Type::String),
        Field::new("RW", "RW", Type::Bool),
        Field::new("Propagation", "Propagation", Type::String),
    ],
    methods: &[],
};

static CONFIG: StructType = StructType {
    name: "container.Config",
    fields: &[
        Field::new("Hostname", "Hostname", Type::String),
        Field::new("Domainname", "Domainname", Type::String),
        Field::new("User", "User", Type::String),
        Field::new("AttachStdin", "AttachStdin", Type::Bool),
        Field::new("AttachStdout", "AttachStdout", Type::Bool),
        Field::new("AttachStderr", "AttachStderr", Type::Bool),
        Field::omit_empty("ExposedPorts", "ExposedPorts", SET),
        Field::new("Tty", "Tty", Type::Bool),
        Field::new("OpenStdin", "OpenStdin", Type::Bool),
        Field::new("StdinOnce", "StdinOnce", Type::Bool),
        Field::new("Env", "Env", Type::STRINGS),
        Field::new("Cmd", "Cmd", Type::STRINGS),
        Field::omit_empty("Healthcheck", "Healthcheck", Type::Pointer(&HEALTHCHECK_TYPE)),
        Field::omit_empty("ArgsEscaped", "ArgsEscaped", Type::Bool),
        Field::new("Image", "Image", Type::String),
        Field::new("Volumes", "Volumes", SET),
        Field::new("WorkingDir", "WorkingDir", Type::String),
        Field::new("Entrypoint", "Entrypoint", Type::STRINGS),
        Field::omit_empty("NetworkDisabled", "NetworkDisabled", Type::Bool),
        Field::omit_empty("MacAddress", "MacAddress", Type::String),
        Field::new("OnBuild", "OnBuild", Type::STRINGS),
        Field::new("Labels", "Labels", Type::STRING_MAP),
        Field::omit_empty("StopSignal", "StopSignal", Type::String),
        Field::omit_empty("StopTimeout", "StopTimeout", Type::Pointer(&NUMBER)),
        Field::omit_empty("Shell", "Shell", Type::STRINGS),
    ],
    methods: &[],
};

static NETWORK_SETTINGS: StructType = StructType {
    name: "container.NetworkSettings",
    fields: &[
        Field::embedded("NetworkSettingsBase", Type::Struct(&NETWORK_BASE)),
        Field::embedded("DefaultNetworkSettings", Type::Struct(&NETWORK_DEFAULT)),
        Field::new("Networks", "Networks", Type::Map(&Type::String, &ENDPOINT_POINTER)),
    ],
    methods: &[],
};

static NETWORK_BASE: StructType = StructType {
    name: "container.NetworkSettingsBase",
    fields: &[
        Field::new("Bridge", "Bridge", Type::String),
        Field::new("SandboxID", "SandboxID", Type::String),
        Field::new("SandboxKey", "SandboxKey", Type::String),
        Field::new("Ports", "Ports", PORT_MAP),
        Field::new("HairpinMode", "HairpinMode", Type::Bool),
        Field::new("LinkLocalIPv6Address", "LinkLocalIPv6Address", Type::String),
        Field::new("LinkLocalIPv6PrefixLen", "LinkLocalIPv6PrefixLen", Type::INT),
        Field::new("SecondaryIPAddresses", "SecondaryIPAddresses", Type::ANY_LIST),
        Field::new("SecondaryIPv6Addresses", "SecondaryIPv6Addresses", Type::ANY_LIST),
    ],
    methods: &[],
};

static NETWORK_DEFAULT: StructType = StructType {
    name: "container.DefaultNetworkSettings",
    fields: &[
        Field::new("EndpointID", "EndpointID", Type::String),
        Field::new("Gateway", "Gateway", Type::String),
        Field::new("GlobalIPv6Address", "GlobalIPv6Address", Type::String),
        Field::new("GlobalIPv6PrefixLen", "GlobalIPv6PrefixLen", Type::INT),
        Field::new("IPAddress", "IPAddress", Type::String),
        Field::new("IPPrefixLen", "IPPrefixLen", Type::INT),
        Field::new("IPv6Gateway", "IPv6Gateway", Type::String),
        Field::new("MacAddress", "MacAddress", Type::String),
    ],
    methods: &[],
};

static BINDING: StructType = StructType {
    name: "nat.PortBinding",
    fields: &[Field::new("HostIP", "HostIp", Type::String), Field::new("HostPort", "HostPort", Type::String)],
    methods: &[],
};

static ENDPOINT: StructType = StructType {
    name: "network.EndpointSettings",
    fields: &[
        Field::new("IPAMConfig", "IPAMConfig", Type::Pointer(&IPAM_CONFIG)),
        Field::new("Links", "Links", Type::STRINGS),
        Field::new("Aliases", "Aliases", Type::STRINGS),
        Field::new("MacAddress", "MacAddress", Type::String),
        Field::new("DriverOpts", "DriverOpts", Type::STRING_MAP),
        Field::new("GwPriority", "GwPriority", Type::INT),
        Field::new("NetworkID", "NetworkID", Type::String),
        Field::new("EndpointID", "EndpointID", Type::String),
        Field::new("Gateway", "Gateway", Type::String),
        Field::new("IPAddress", "IPAddress", Type::String),
        Field::new("IPPrefixLen", "IPPrefixLen", Type::INT),
        Field::new("IPv6Gateway", "IPv6Gateway", Type::String),
        Field::new("GlobalIPv6Address", "GlobalIPv6Address", Type::String),
        Field::new("GlobalIPv6PrefixLen", "GlobalIPv6PrefixLen", Type::INT),
        Field::new("DNSNames", "DNSNames", Type::STRINGS),
    ],
    methods: &[],
};

static HOST_CONFIG: StructType = StructType {
    name: "container.HostConfig",
    fields: &[
        Field::new("Binds", "Binds", Type::STRINGS),
        Field::new("ContainerIDFile", "ContainerIDFile", Type::String),
        Field::new("LogConfig", "LogConfig", Type::Struct(&LOG_CONFIG)),
        Field::new("NetworkMode", "NetworkMode", Type::String),
        Field::new("PortBindings", "PortBindings", PORT_MAP),
        Field::new("RestartPolicy", "RestartPolicy", Type::Struct(&RESTART_POLICY)),
        Field::new("AutoRemove", "AutoRemove", Type::Bool),
        Field::new("VolumeDriver", "VolumeDriver", Type::String),
        Field::new("VolumesFrom", "VolumesFrom", Type::STRINGS),
        Field::new("ConsoleSize", "ConsoleSize", Type::Slice(&CONSOLE_LENGTH)),
        Field::omit_empty("Annotations", "Annotations", Type::STRING_MAP),
        Field::new("CapAdd", "CapAdd", Type::STRINGS),
        Field::new("CapDrop", "CapDrop", Type::STRINGS),
        Field::new("CgroupnsMode", "CgroupnsMode", Type::String),
        Field::new("DNS", "Dns", Type::STRINGS),
        Field::new("DNSOptions", "DnsOptions", Type::STRINGS),
        Field::new("DNSSearch", "DnsSearch", Type::STRINGS),
        Field::new("ExtraHosts", "ExtraHosts", Type::STRINGS),
        Field::new("GroupAdd", "GroupAdd", Type::STRINGS),
        Field::new("IpcMode", "IpcMode", Type::String),
        Field::new("Cgroup", "Cgroup", Type::String),
        Field::new("Links", "Links", Type::STRINGS),
        Field::new("OomScoreAdj", "OomScoreAdj", Type::INT),
        Field::new("PidMode", "PidMode", Type::String),
        Field::new("Privileged", "Privileged", Type::Bool),
        Field::new("PublishAllPorts", "PublishAllPorts", Type::Bool),
        Field::new("ReadonlyRootfs", "ReadonlyRootfs", Type::Bool),
        Field::new("SecurityOpt", "SecurityOpt", Type::STRINGS),
        Field::omit_empty("StorageOpt", "StorageOpt", Type::STRING_MAP),
        Field::omit_empty("Tmpfs", "Tmpfs", Type::STRING_MAP),
        Field::new("UTSMode", "UTSMode", Type::String),
        Field::new("UsernsMode", "UsernsMode", Type::String),
        Field::new("ShmSize", "ShmSize", Type::INT64),
        Field::omit_empty("Sysctls", "Sysctls", Type::STRING_MAP),
        Field::omit_empty("Runtime", "Runtime", Type::String),
        Field::new("Isolation", "Isolation", Type::String),
        Field::embedded("Resources", Type::Struct(&RESOURCES)),
        Field::omit_empty("Mounts", "Mounts", Type::Slice(&MOUNT_TYPE)),
        Field::new("MaskedPaths", "MaskedPaths", Type::STRINGS),
        Field::new("ReadonlyPaths", "ReadonlyPaths", Type::STRINGS),
        Field::omit_empty("Init", "Init", Type::Pointer(&TRUTH)),
    ],
    methods: &[],
};

static LOG_CONFIG: StructType = StructType {
    name: "container.LogConfig",
    fields: &[Field::new("Type", "Type", Type::String), Field::new("Config", "Config", Type::STRING_MAP)],
    methods: &[],
};

static RESTART_POLICY: StructType = StructType {
    name: "container.RestartPolicy",
    fields: &[
        Field::new("Name", "Name", Type::String),
        Field::new("MaximumRetryCount", "MaximumRetryCount", Type::INT),
    ],
    methods: &[],
};

static RESOURCES: StructType = StructType {
    name: "container.Resources",
    fields: &[
        Field::new("CPUShares", "CpuShares", Type::INT64),
        Field::new("Memory", "Memory", Type::INT64),
        Field::new("NanoCPUs", "NanoCpus", Type::INT64),
        Field::new("CgroupParent", "CgroupParent", Type::String),
        Field::new("BlkioWeight", "BlkioWeight", Type::Uint(UintType::Uint16)),
        Field::new("BlkioWeightDevice", "BlkioWeightDevice", Type::Slice(&WEIGHT_DEVICE)),
        Field::new("BlkioDeviceReadBps", "BlkioDeviceReadBps", Type::Slice(&THROTTLE_DEVICE)),
        Field::new("BlkioDeviceWriteBps", "BlkioDeviceWriteBps", Type::Slice(&THROTTLE_DEVICE)),
        Field::new("BlkioDeviceReadIOps", "BlkioDeviceReadIOps", Type::Slice(&THROTTLE_DEVICE)),
        Field::new("BlkioDeviceWriteIOps", "BlkioDeviceWriteIOps", Type::Slice(&THROTTLE_DEVICE)),
        Field::new("CPUPeriod", "CpuPeriod", Type::INT64),
        Field::new("CPUQuota", "CpuQuota", Type::INT64),
        Field::new("CPURealtimePeriod", "CpuRealtimePeriod", Type::INT64),
        Field::new("CPURealtimeRuntime", "CpuRealtimeRuntime", Type::INT64),
        Field::new("CpusetCpus", "CpusetCpus", Type::String),
        Field::new("CpusetMems", "CpusetMems", Type::String),
        Field::new("Devices", "Devices", Type::Slice(&DEVICE_TYPE)),
        Field::new("DeviceCgroupRules", "DeviceCgroupRules", Type::STRINGS),
        Field::new("DeviceRequests", "DeviceRequests", Type::Slice(&DEVICE_REQUEST)),
        Field::omit_empty("KernelMemory", "KernelMemory", Type::INT64),
        Field::omit_empty("KernelMemoryTCP", "KernelMemoryTCP", Type::INT64),
        Field::new("MemoryReservation", "MemoryReservation", Type::INT64),
        Field::new("MemorySwap", "MemorySwap", Type::INT64),
        Field::new("MemorySwappiness", "MemorySwappiness", Type::Pointer(&SIZE)),
        Field::new("OomKillDisable", "OomKillDisable", Type::Pointer(&TRUTH)),
        Field::new("PidsLimit", "PidsLimit", Type::Pointer(&SIZE)),
        Field::new("Ulimits", "Ulimits", Type::Slice(&ULIMIT_POINTER)),
        Field::new("CPUCount", "CpuCount", Type::INT64),
        Field::new("CPUPercent", "CpuPercent", Type::INT64),
        Field::new("IOMaximumIOps", "IOMaximumIOps", Type::Uint(UintType::Uint64)),
        Field::new("IOMaximumBandwidth", "IOMaximumBandwidth", Type::Uint(UintType::Uint64)),
    ],
    methods: &[],
};

static IPAM_CONFIG: Type = Type::Struct(&StructType {
    name: "network.EndpointIPAMConfig",
    fields: &[
        Field::omit_empty("IPv4Address", "IPv4Address", Type::String),
        Field::omit_empty("IPv6Address", "IPv6Address", Type::String),
        Field::omit_empty("LinkLocalIPs", "LinkLocalIPs", Type::STRINGS),
    ],
    methods: &[],
});

static WEIGHT_DEVICE: Type = Type::Pointer(&Type::Struct(&StructType {
    name: "blkiodev.WeightDevice",
    fields: &[
        Field::new("Path", "Path", Type::String),
        Field::new("Weight", "Weight", Type::Uint(UintType::Uint16)),
    ],
    methods: &[],
}));

static THROTTLE_DEVICE: Type = Type::Pointer(&Type::Struct(&StructType {
    name: "blkiodev.ThrottleDevice",
    fields: &[
        Field::new("Path", "Path", Type::String),
        Field::new("Rate", "Rate", Type::Uint(UintType::Uint64)),
    ],
    methods: &[],
}));

static DEVICE_REQUEST: Type = Type::Struct(&StructType {
    name: "container.DeviceRequest",
    fields: &[
        Field::new("Driver", "Driver", Type::String),
        Field::new("Count", "Count", Type::INT),
        Field::new("DeviceIDs", "DeviceIDs", Type::STRINGS),
        Field::new("Capabilities", "Capabilities", Type::ANY_LIST),
        Field::new("Options", "Options", Type::STRING_MAP),
    ],
    methods: &[],
});

static DEVICE: StructType = StructType {
    name: "container.DeviceMapping",
    fields: &[
        Field::new("PathOnHost", "PathOnHost", Type::String),
        Field::new("PathInContainer", "PathInContainer", Type::String),
        Field::new("CgroupPermissions", "CgroupPermissions", Type::String),
    ],
    methods: &[],
};

static ULIMIT: StructType = StructType {
    name: "units.Ulimit",
    fields: &[
        Field::new("Name", "Name", Type::String),
        Field::new("Hard", "Hard", Type::INT64),
        Field::new("Soft", "Soft", Type::INT64),
    ],
    methods: &[],
};

static MOUNT: StructType = StructType {
    name: "mount.Mount",
    fields: &[
        Field::omit_empty("Type", "Type", Type::String),
        Field::omit_empty("Source", "Source", Type::String),
        Field::omit_empty("Target", "Target", Type::String),
        Field::omit_empty("ReadOnly", "ReadOnly", Type::Bool),
        Field::omit_empty("Consistency", "Consistency", Type::String),
        Field::omit_empty("BindOptions", "BindOptions", Type::Pointer(&BIND_TYPE)),
        Field::omit_empty("VolumeOptions", "VolumeOptions", Type::Pointer(&VOLUME_TYPE)),
        Field::omit_empty("ImageOptions", "ImageOptions", Type::Pointer(&IMAGE_TYPE)),
        Field::omit_empty("TmpfsOptions", "TmpfsOptions", Type::Pointer(&TMPFS_TYPE)),
    ],
    methods: &[],
};

static BIND: StructType = StructType {
    name: "mount.BindOptions",
    fields: &[
        Field::omit_empty("Propagation", "Propagation", Type::String),
        Field::omit_empty("NonRecursive", "NonRecursive", Type::Bool),
        Field::omit_empty("CreateMountpoint", "CreateMountpoint", Type::Bool),
        Field::omit_empty("ReadOnlyNonRecursive", "ReadOnlyNonRecursive", Type::Bool),
        Field::omit_empty("ReadOnlyForceRecursive", "ReadOnlyForceRecursive", Type::Bool),
    ],
    methods: &[],
};

static VOLUME: StructType = StructType {
    name: "mount.VolumeOptions",
    fields: &[
        Field::omit_empty("NoCopy", "NoCopy", Type::Bool),
        Field::omit_empty("Labels", "Labels", Type::STRING_MAP),
        Field::omit_empty("Subpath", "Subpath", Type::String),
        Field::omit_empty("DriverConfig", "DriverConfig", Type::Pointer(&DRIVER_CONFIG_TYPE)),
    ],
    methods: &[],
};

static DRIVER_CONFIG: StructType = StructType {
    name: "mount.Driver",
    fields: &[
        Field::omit_empty("Name", "Name", Type::String),
        Field::omit_empty("Options", "Options", Type::STRING_MAP),
    ],
    methods: &[],
};

static IMAGE: StructType = StructType {
    name: "mount.ImageOptions",
    fields: &[Field::omit_empty("Subpath", "Subpath", Type::String)],
    methods: &[],
};

static TMPFS: StructType = StructType {
    name: "mount.TmpfsOptions",
    fields: &[
        Field::omit_empty("SizeBytes", "SizeBytes", Type::INT64),
        Field::omit_empty("Mode", "Mode", Type::Uint(UintType::Uint32)),
    ],
    methods: &[],
};
