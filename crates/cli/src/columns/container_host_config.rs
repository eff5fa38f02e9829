//! What a container gets from the machine, as Docker's daemon would send it.
use engine::ops::container::InspectedContainer;
use engine::record::{DeviceAsked, DeviceRequest, HostConfig, MountAsked, MountKind, Ulimit};
use serde_json::{Value, json};

use super::container_document::{kind, omit_empty, omit_zero};

/// Bytes of `/dev/shm` when nothing else is asked for.
const SHM_BYTES: i64 = 64 << 20;

/// `HostConfig` of `inspect`; what was left open is told as it was decided.
pub(super) fn host_config(inspected: &InspectedContainer) -> Value {
    let host = &inspected.container.host_config;
    let mut document = general(host);
    let parts = [namespaces(host, inspected), resources(host, inspected), protections(inspected)];
    if let Some(members) = document.as_object_mut() {
        for mut part in parts {
            members.extend(part.as_object_mut().map(std::mem::take).unwrap_or_default());
        }
    }
    omit_empty(&mut document, &["Annotations", "StorageOpt", "Tmpfs", "Sysctls", "Runtime", "Mounts"]);
    if host.init.is_none() {
        omit_empty(&mut document, &["Init"]);
    }
    document
}

/// A list that Docker has as nil when nothing is in it.
pub(super) fn or_null(items: &[String]) -> Value {
    if items.is_empty() { Value::Null } else { json!(items) }
}

fn general(host: &HostConfig) -> Value {
    let network = match host.network_mode.as_str() {
        "" | "default" => "bridge",
        mode => mode,
    };
    json!({
        "Binds": or_null(&host.binds),
        "ContainerIDFile": host.container_id_file,
        "LogConfig": {"Type": host.log_config.kind, "Config": host.log_config.config},
        "NetworkMode": network,
        "PortBindings": host.port_bindings,
        "RestartPolicy": {
            "Name": host.restart_policy.name,
            "MaximumRetryCount": host.restart_policy.maximum_retry_count,
        },
        "AutoRemove": host.auto_remove,
        "VolumeDriver": host.volume_driver,
        "VolumesFrom": or_null(&host.volumes_from),
        "ConsoleSize": host.console_size,
        "Annotations": host.annotations,
        "CapAdd": or_null(&host.cap_add),
        "CapDrop": or_null(&host.cap_drop),
    })
}

fn namespaces(host: &HostConfig, inspected: &InspectedContainer) -> Value {
    let own = |mode: &str, otherwise: &str| if mode.is_empty() { otherwise } else { mode }.to_owned();
    json!({
        "CgroupnsMode": own(&host.cgroupns_mode, if inspected.is_unified { "private" } else { "host" }),
        "Dns": host.dns,
        "DnsOptions": host.dns_options,
        "DnsSearch": host.dns_search,
        "ExtraHosts": or_null(&host.extra_hosts),
        "GroupAdd": or_null(&host.group_add),
        "IpcMode": own(&host.ipc_mode, "private"),
        "Cgroup": "",
        "Links": or_null(&inspected.links),
        "OomScoreAdj": host.oom_score_adj,
        "PidMode": host.pid_mode,
        "Privileged": host.privileged,
        "PublishAllPorts": host.publish_all_ports,
        "ReadonlyRootfs": host.readonly_rootfs,
        "SecurityOpt": or_null(&host.security_opt),
        "StorageOpt": host.storage_opt,
        "Tmpfs": host.tmpfs,
        "UTSMode": host.uts_mode,
        "UsernsMode": host.userns_mode,
        "ShmSize": if host.shm_size == 0 { SHM_BYTES } else { host.shm_size },
        "Sysctls": host.sysctls,
        "Runtime": inspected.runtime,
        "Isolation": host.isolation,
    })
}

fn resources(host: &HostConfig, inspected: &InspectedContainer) -> Value {
    // The kernel of version 2 has no such switch.
    let requests = (!host.device_requests.is_empty())
        .then(|| host.device_requests.iter().map(device_request).collect::<Vec<_>>());
    let oom_kill_disable = (!inspected.is_unified).then_some(host.oom_kill_disable);
    json!({
        "CpuShares": host.cpu_shares,
        "Memory": host.memory,
        "NanoCpus": host.nano_cpus,
        "CgroupParent": host.cgroup_parent,
        "BlkioWeight": host.blkio_weight,
        "BlkioWeightDevice": host.blkio_weight_device,
        "BlkioDeviceReadBps": host.blkio_device_read_bps,
        "BlkioDeviceWriteBps": host.blkio_device_write_bps,
        "BlkioDeviceReadIOps": host.blkio_device_read_iops,
        "BlkioDeviceWriteIOps": host.blkio_device_write_iops,
        "CpuPeriod": host.cpu_period,
        "CpuQuota": host.cpu_quota,
        "CpuRealtimePeriod": host.cpu_realtime_period,
        "CpuRealtimeRuntime": host.cpu_realtime_runtime,
        "CpusetCpus": host.cpuset_cpus,
        "CpusetMems": host.cpuset_mems,
        "Devices": host.devices.iter().map(device).collect::<Vec<_>>(),
        "DeviceCgroupRules": or_null(&host.device_cgroup_rules),
        "DeviceRequests": requests,
        "MemoryReservation": host.memory_reservation,
        "MemorySwap": host.memory_swap,
        "MemorySwappiness": host.memory_swappiness.filter(|share| *share >= 0),
        "OomKillDisable": oom_kill_disable,
        "PidsLimit": Some(host.pids_limit).filter(|limit| *limit > 0),
        "Ulimits": host.ulimits.iter().map(ulimit).collect::<Vec<_>>(),
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumIOps": 0,
        "IOMaximumBandwidth": 0,
    })
}

fn protections(inspected: &InspectedContainer) -> Value {
    let host = &inspected.container.host_config;
    json!({
        "Mounts": host.mounts.iter().map(mount).collect::<Vec<_>>(),
        "MaskedPaths": inspected.kept_from.as_ref().map(|kept| &kept.masked),
        "ReadonlyPaths": inspected.kept_from.as_ref().map(|kept| &kept.read_only),
        "Init": host.init,
    })
}

fn device(device: &DeviceAsked) -> Value {
    json!({
        "PathOnHost": device.path_on_host,
        "PathInContainer": device.path_in_container,
        "CgroupPermissions": device.cgroup_permissions,
    })
}

fn device_request(request: &DeviceRequest) -> Value {
    // Those of vendors have nothing but names.
    let is_named = request.capabilities.is_empty();
    json!({
        "Driver": request.driver,
        "Count": request.count,
        "DeviceIDs": (!request.device_ids.is_empty()).then_some(&request.device_ids),
        "Capabilities": (!is_named).then_some(&request.capabilities),
        "Options": (!is_named).then_some(&request.options),
    })
}

fn ulimit(limit: &Ulimit) -> Value {
    json!({"Name": limit.name, "Hard": limit.hard, "Soft": limit.soft})
}

/// One `--mount`, with options where it has any.
fn mount(asked: &MountAsked) -> Value {
    let mut document = json!({
        "Type": kind(asked.kind),
        "Source": asked.source,
        "Target": asked.target,
        "ReadOnly": asked.read_only,
        "BindOptions": null,
        "VolumeOptions": null,
        "ImageOptions": null,
        "TmpfsOptions": null,
    });
    let (name, options) = options(asked);
    document[name] = options;
    omit_empty(
        &mut document,
        &["Source", "Target", "ReadOnly", "BindOptions", "VolumeOptions", "ImageOptions", "TmpfsOptions"],
    );
    document
}

fn options(asked: &MountAsked) -> (&'static str, Value) {
    match asked.kind {
        MountKind::Bind => {
            let mut options = json!({
                "Propagation": asked.propagation,
                "NonRecursive": asked.non_recursive,
                "CreateMountpoint": asked.create_mountpoint,
            });
            omit_empty(&mut options, &["Propagation", "NonRecursive", "CreateMountpoint"]);
            ("BindOptions", options)
        }
        MountKind::Volume => {
            let mut driver = json!({"Name": asked.driver, "Options": asked.driver_options});
            omit_empty(&mut driver, &["Name", "Options"]);
            let mut options = json!({
                "NoCopy": asked.no_copy,
                "Labels": asked.labels,
                "Subpath": asked.subpath,
                "DriverConfig": driver,
            });
            omit_empty(&mut options, &["NoCopy", "Labels", "Subpath", "DriverConfig"]);
            ("VolumeOptions", options)
        }
        MountKind::Image => {
            let mut options = json!({"Subpath": asked.subpath});
            omit_empty(&mut options, &["Subpath"]);
            ("ImageOptions", options)
        }
        MountKind::Tmpfs => {
            let mut options = json!({"SizeBytes": asked.tmpfs_size, "Mode": asked.tmpfs_mode});
            omit_zero(&mut options, &["SizeBytes", "Mode"]);
            ("TmpfsOptions", options)
        }
    }
}
