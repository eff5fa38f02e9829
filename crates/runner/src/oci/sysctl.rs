//! Parameters of the kernel that a container has of its own.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::OciError;
use crate::network::Mode;
use crate::record::Container;

/// What belongs to the namespace of semaphores and queues.
const OF_IPC: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];
/// What belongs to namespaces as a whole.
const PREFIXES: [&str; 2] = ["net.", "fs.mqueue."];

/// Docker's and the container's.
pub(super) fn of(container: &Container, is_rootless: bool) -> Result<Map<String, Value>, OciError> {
    let mut sysctls = Map::new();
    let host = &container.host_config;
    let mut set = |name: &str, value: &str| drop(sysctls.insert(name.to_owned(), json!(value)));
    if !container.config.domainname.is_empty() {
        set("kernel.domainname", &container.config.domainname);
    }
    if matches!(Mode::parse(&host.network_mode), Ok(Mode::Bridge | Mode::None)) {
        // Pings and low ports for everybody, whose capabilities containers have anyway.
        for (name, value) in
            [("net.ipv4.ip_unprivileged_port_start", "0"), ("net.ipv4.ping_group_range", "0 2147483647")]
        {
            let is_there = Path::new("/proc/sys").join(name.replace('.', "/")).exists();
            if is_there && !(is_rootless && name.ends_with("ping_group_range")) {
                set(name, value);
            }
        }
    }
    check(&host.sysctls)?;
    for (name, value) in &host.sysctls {
        set(name, value);
    }
    Ok(sysctls)
}

/// Refuses those of the whole machine.
pub(super) fn check(sysctls: &BTreeMap<String, String>) -> Result<(), OciError> {
    match sysctls.iter().find(|(name, _)| !is_own(name)) {
        Some((name, value)) => Err(OciError::Sysctl(format!("{name}={value}"))),
        None => Ok(()),
    }
}

/// Whether a namespace has it of its own. Dots are not slashes, so that no other file is meant.
fn is_own(name: &str) -> bool {
    let is_clean = !name.contains('/') && !name.contains("..") && !name.ends_with('.');
    is_clean && (OF_IPC.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_flags(network: &str, sysctls: &[(&str, &str)]) -> Result<String, String> {
        let mut container = crate::network::container_for_tests();
        container.host_config.network_mode = network.to_owned();
        let owned = sysctls.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        container.host_config.sysctls = owned.collect();
        let sysctls = of(&container, false).map_err(|error| error.to_string())?;
        Ok(sysctls.iter().map(|(name, value)| format!("{name}={} ", value.as_str().unwrap())).collect())
    }

    #[test]
    fn parameters_are_dockers_and_then_the_containers() {
        let check = |network: &str, sysctls: &[(&str, &str)], expect: &str| {
            assert_eq!(of_flags(network, sysctls).unwrap(), expect, "{network} {sysctls:?}");
        };
        let usual = "net.ipv4.ip_unprivileged_port_start=0 net.ipv4.ping_group_range=0 2147483647 ";
        check("bridge", &[], usual);
        check("none", &[], usual);
        check("host", &[], "");
        check(&format!("container:{}", "0".repeat(64)), &[], "");
        check(
            "host",
            &[("kernel.shmmax", "5"), ("fs.mqueue.msg_max", "6")],
            "fs.mqueue.msg_max=6 kernel.shmmax=5 ",
        );
        check(
            "bridge",
            &[("net.ipv4.ip_unprivileged_port_start", "1024")],
            "net.ipv4.ip_unprivileged_port_start=1024 net.ipv4.ping_group_range=0 2147483647 ",
        );
    }

    #[test]
    fn the_machines_own_parameters_are_refused() {
        for name in [
            "vm.swappiness",
            "kernel.core_pattern",
            "net/../kernel.core_pattern",
            "net.a/b",
            "net.a..b",
            "net.",
            "",
        ] {
            let refused = of_flags("bridge", &[(name, "1")]).unwrap_err();
            assert_eq!(refused, format!("sysctl '{name}=1' is not allowed"));
        }
    }
}
