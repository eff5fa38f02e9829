//! A container as Docker's daemon would send it, members in its order.
use std::path::PathBuf;

use engine::ops::container::InspectedContainer;
use engine::record::{
    Attached, Config, EndpointAsked, Health, Healthcheck, MountKind, MountPoint, State, Status,
};
use go_template::Type;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::container_host_config::{host_config, or_null};
use super::container_type::CONTAINER;
use super::inspect::Inspected;
use super::typed::NEVER;

/// The document of a container.
pub(crate) fn container_document(inspected: &InspectedContainer) -> Inspected {
    let InspectedContainer { container, state, files, log, driver_data, size, .. } = inspected;
    let mut document = json!({
        "Id": container.id,
        "Created": container.created.to_string(),
        "Path": container.path(),
        "Args": container.args(),
        "State": state_document(state),
        "Image": container.image,
        "ResolvConfPath": path(files.as_ref().map(|files| &files.resolv_conf)),
        "HostnamePath": path(files.as_ref().map(|files| &files.hostname)),
        "HostsPath": path(files.as_ref().map(|files| &files.hosts)),
        "LogPath": path(log.as_ref()),
        "Name": format!("/{}", container.name),
        "RestartCount": state.restart_count,
        "Driver": container.driver,
        "Platform": container.os,
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": null,
        "HostConfig": host_config(inspected),
        "GraphDriver": {"Data": driver_data.as_ref().map(|data| members(data.iter().cloned())), "Name": container.driver},
        "SizeRw": size.map(|size| size.written),
        "SizeRootFs": size.map(|size| size.whole),
        "Mounts": container.mounts.iter().map(mount_point).collect::<Vec<_>>(),
        "Config": config(&container.config),
        "NetworkSettings": network_settings(inspected),
    });
    omit_empty(&mut document, &["SizeRw", "SizeRootFs"]);
    Inspected::of(document, Type::Struct(&CONTAINER))
}

/// A path as text; nothing for none.
fn path(path: Option<&PathBuf>) -> String {
    path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

fn members<V: Into<Value>>(members: impl Iterator<Item = (&'static str, V)>) -> Value {
    Value::Object(members.map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// Takes away members that say nothing, as Go's `omitempty` does; zero says nothing but of a size.
pub(super) fn omit_empty(document: &mut Value, names: &[&str]) {
    let Some(members) = document.as_object_mut() else { return };
    let says_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Number(_) => false,
    };
    for name in names {
        if members.get(*name).is_some_and(says_nothing) {
            members.shift_remove(*name);
        }
    }
}

/// Takes away numbers that are zero, too.
pub(super) fn omit_zero(document: &mut Value, names: &[&str]) {
    omit_empty(document, names);
    let Some(members) = document.as_object_mut() else { return };
    members.retain(|name, value| !(names.contains(&name.as_str()) && value.as_i64() == Some(0)));
}

fn state_document(state: &State) -> Value {
    let is = |status| state.status == status;
    let moment = |then: Option<Timestamp>| then.map_or_else(|| NEVER.to_owned(), |then| then.to_string());
    let mut document = json!({
        "Status": state.status.as_str(),
        "Running": state.status.is_running(),
        "Paused": is(Status::Paused),
        "Restarting": is(Status::Restarting),
        "OOMKilled": state.oom_killed,
        "Dead": is(Status::Dead),
        "Pid": state.pid,
        "ExitCode": state.exit_code,
        "Error": state.error,
        "StartedAt": moment(state.started_at),
        "FinishedAt": moment(state.finished_at),
        "Health": state.health.as_ref().map(health),
    });
    omit_empty(&mut document, &["Health"]);
    document
}

fn health(health: &Health) -> Value {
    let check = |result: &engine::record::HealthResult| {
        json!({
            "Start": result.start.to_string(),
            "End": result.end.to_string(),
            "ExitCode": result.exit_code,
            "Output": result.output,
        })
    };
    let status = if health.status.is_empty() { "unhealthy" } else { &health.status };
    let log: Vec<Value> = health.log.iter().map(check).collect();
    json!({"Status": status, "FailingStreak": health.failing_streak, "Log": log})
}

fn mount_point(mount: &MountPoint) -> Value {
    let mut document = json!({
        "Type": kind(mount.kind),
        "Name": mount.name,
        "Source": mount.source,
        "Destination": mount.destination,
        "Driver": mount.driver,
        "Mode": mount.mode,
        "RW": mount.rw,
        "Propagation": mount.propagation,
    });
    omit_empty(&mut document, &["Name", "Driver"]);
    document
}

pub(super) fn kind(kind: MountKind) -> &'static str {
    match kind {
        MountKind::Bind => "bind",
        MountKind::Volume => "volume",
        MountKind::Tmpfs => "tmpfs",
        MountKind::Image => "image",
    }
}

/// A set of names as Go has it: each with an empty object.
fn set<'n>(names: impl Iterator<Item = &'n String>) -> Option<Value> {
    let members: Map<String, Value> = names.map(|name| (name.clone(), json!({}))).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

fn config(config: &Config) -> Value {
    let env = Some(&config.env).filter(|env| !env.is_empty());
    let mut document = json!({
        "Hostname": config.hostname,
        "Domainname": config.domainname,
        "User": config.user,
        "AttachStdin": config.attach_stdin,
        "AttachStdout": config.attach_stdout,
        "AttachStderr": config.attach_stderr,
        "ExposedPorts": set(config.exposed_ports.iter()),
        "Tty": config.tty,
        "OpenStdin": config.open_stdin,
        "StdinOnce": config.stdin_once,
        "Env": env,
        "Cmd": config.cmd,
        "Healthcheck": config.healthcheck.as_ref().map(healthcheck),
        "Image": config.image,
        "Volumes": set(config.volumes.iter()),
        "WorkingDir": config.working_dir,
        "Entrypoint": config.entrypoint,
        "OnBuild": config.on_build,
        "Labels": config.labels,
        "StopSignal": config.stop_signal,
        "StopTimeout": config.stop_timeout,
        "Shell": config.shell,
    });
    omit_empty(&mut document, &["ExposedPorts", "Healthcheck", "StopSignal", "StopTimeout", "Shell"]);
    document
}

fn healthcheck(check: &Healthcheck) -> Value {
    let mut document = json!({
        "Test": check.test,
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "StartInterval": check.start_interval,
        "Retries": check.retries,
    });
    omit_zero(&mut document, &["Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"]);
    document
}

fn network_settings(inspected: &InspectedContainer) -> Value {
    let state = &inspected.state;
    let network = &state.network;
    let runs = state.status.is_running();
    let nobody = Attached::default();
    let bridge = inspected.networks.get("bridge").filter(|_| runs).unwrap_or(&nobody);
    let networks: Map<String, Value> = inspected
        .networks
        .iter()
        .map(|(name, place)| (name.clone(), endpoint(place, inspected.container.networks.get(name), state)))
        .collect();
    json!({
        "Bridge": "",
        "SandboxID": if runs { inspected.container.id.as_str() } else { "" },
        "SandboxKey": if runs { network.sandbox.as_str() } else { "" },
        "Ports": if runs { ports(inspected) } else { json!({}) },
        "HairpinMode": false,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": null,
        "SecondaryIPv6Addresses": null,
        "EndpointID": bridge.endpoint_id,
        "Gateway": bridge.gateway,
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "IPAddress": bridge.ip_address,
        "IPPrefixLen": bridge.ip_prefix_len,
        "IPv6Gateway": "",
        "MacAddress": bridge.mac_address,
        "Networks": networks,
    })
}

/// Each port and where it is published; nil for one that is only exposed.
fn ports(inspected: &InspectedContainer) -> Value {
    let ports = inspected.state.network.ports.iter();
    let of = |(port, bindings): (&String, &Vec<engine::record::PortBinding>)| {
        let bindings = if bindings.is_empty() { Value::Null } else { json!(bindings) };
        (port.clone(), bindings)
    };
    Value::Object(ports.map(of).collect())
}

/// A place in a network; what belongs to a running container goes with it.
fn endpoint(place: &Attached, asked: Option<&EndpointAsked>, state: &State) -> Value {
    let runs = state.status.is_running();
    let nobody = Attached::default();
    let nothing = EndpointAsked::default();
    let asked = asked.unwrap_or(&nothing);
    let now = if runs { place } else { &nobody };
    // Before its first start a container has what it asked for.
    let mac = if state.status == Status::Created { &asked.mac_address } else { &now.mac_address };
    let addresses = asked.addresses.as_ref().map(|addresses| json!(addresses));
    json!({
        "IPAMConfig": addresses,
        "Links": or_null(&asked.links),
        "Aliases": or_null(&asked.aliases),
        "MacAddress": mac,
        "DriverOpts": (!asked.driver_opts.is_empty()).then_some(&asked.driver_opts),
        "GwPriority": asked.gw_priority,
        "NetworkID": place.network_id,
        "EndpointID": now.endpoint_id,
        "Gateway": now.gateway,
        "IPAddress": now.ip_address,
        "IPPrefixLen": now.ip_prefix_len,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": null,
    })
}
