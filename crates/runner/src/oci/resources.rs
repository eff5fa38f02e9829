//! How much of this machine a container may take.

use rustix::process::{Resource, getrlimit};
use serde_json::{Map, Value, json};

use super::{OciError, block};
use crate::record::{HostConfig, Ulimit};

/// Microseconds that shares of processors are counted in.
const CPU_PERIOD: i64 = 100_000;
/// Billionths.
const NANO: i128 = 1_000_000_000;

/// Limits of processes that there are.
const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// `linux.resources`, with the rules for devices.
pub(super) fn of(host: &HostConfig, devices: Vec<Value>) -> Result<Value, OciError> {
    let mut resources = Map::new();
    resources.insert("devices".to_owned(), Value::Array(devices));
    let pids = if host.pids_limit > 0 { json!({ "limit": host.pids_limit }) } else { Value::Null };
    for (name, value) in
        [("memory", memory(host)), ("cpu", cpu(host)?), ("blockIO", Value::Object(block::of(host)?))]
    {
        if value.as_object().is_some_and(|object| !object.is_empty()) {
            resources.insert(name.to_owned(), value);
        }
    }
    if !pids.is_null() {
        resources.insert("pids".to_owned(), pids);
    }
    Ok(Value::Object(resources))
}

fn memory(host: &HostConfig) -> Value {
    let mut memory = Map::new();
    // Docker's default: as much swap as memory.
    let swap = if host.memory > 0 && host.memory_swap == 0 {
        host.memory.saturating_mul(2)
    } else {
        host.memory_swap
    };
    for (name, bytes) in [("limit", host.memory), ("reservation", host.memory_reservation), ("swap", swap)] {
        if bytes > 0 {
            memory.insert(name.to_owned(), json!(bytes));
        }
    }
    if let Some(swappiness) = host.memory_swappiness.filter(|value| *value >= 0) {
        memory.insert("swappiness".to_owned(), json!(swappiness));
    }
    if host.oom_kill_disable {
        memory.insert("disableOOMKiller".to_owned(), json!(true));
    }
    Value::Object(memory)
}

fn cpu(host: &HostConfig) -> Result<Value, OciError> {
    let mut cpu = Map::new();
    if host.cpu_shares < 0 {
        return Err(OciError::CpuShares(host.cpu_shares));
    }
    let (mut period, mut quota) = (host.cpu_period, host.cpu_quota);
    if host.nano_cpus > 0 && period == 0 && quota == 0 {
        period = CPU_PERIOD;
        // Less than a period's worth of 64 bits.
        quota = i64::try_from(i128::from(host.nano_cpus) * i128::from(CPU_PERIOD) / NANO).unwrap_or(i64::MAX);
    }
    let real_time =
        [("realtimePeriod", host.cpu_realtime_period), ("realtimeRuntime", host.cpu_realtime_runtime)];
    for (name, number) in
        [("shares", host.cpu_shares), ("quota", quota), ("period", period)].into_iter().chain(real_time)
    {
        if number != 0 {
            cpu.insert(name.to_owned(), json!(number));
        }
    }
    for (name, set) in [("cpus", &host.cpuset_cpus), ("mems", &host.cpuset_mems)] {
        if !set.is_empty() {
            cpu.insert(name.to_owned(), json!(set));
        }
    }
    Ok(Value::Object(cpu))
}

/// `process.rlimits`.
pub(super) fn rlimits(ulimits: &[Ulimit]) -> Result<Vec<Value>, OciError> {
    // -1 is all bits, which is the kernel's word for no limit.
    let limit = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
    let rlimit = |ulimit: &Ulimit| {
        if !ULIMITS.contains(&ulimit.name.as_str()) {
            return Err(OciError::Ulimit(ulimit.name.clone()));
        }
        let name = format!("RLIMIT_{}", ulimit.name.to_ascii_uppercase());
        Ok(json!({"type": name, "hard": limit(ulimit.hard), "soft": limit(ulimit.soft)}))
    };
    ulimits.iter().map(rlimit).collect()
}

/// Refuses limits above this process's own, which an ordinary user cannot raise.
pub(super) fn check_own_limits(ulimits: &[Ulimit]) -> Result<(), OciError> {
    for ulimit in ulimits {
        let Some(most) = resource(&ulimit.name).and_then(|resource| getrlimit(resource).maximum) else {
            continue;
        };
        let asked = u64::try_from(ulimit.hard).ok();
        if asked.is_none_or(|asked| asked > most) {
            let asked = asked.map_or_else(|| "unlimited".to_owned(), |asked| asked.to_string());
            return Err(OciError::UlimitAboveOwn { name: ulimit.name.clone(), asked, most });
        }
    }
    Ok(())
}

fn resource(name: &str) -> Option<Resource> {
    Some(match name {
        "as" => Resource::As,
        "core" => Resource::Core,
        "cpu" => Resource::Cpu,
        "data" => Resource::Data,
        "fsize" => Resource::Fsize,
        "locks" => Resource::Locks,
        "memlock" => Resource::Memlock,
        "msgqueue" => Resource::Msgqueue,
        "nice" => Resource::Nice,
        "nofile" => Resource::Nofile,
        "nproc" => Resource::Nproc,
        "rss" => Resource::Rss,
        "rtprio" => Resource::Rtprio,
        "rttime" => Resource::Rttime,
        "sigpending" => Resource::Sigpending,
        "stack" => Resource::Stack,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_above_ones_own_are_refused() {
        let most = getrlimit(Resource::Nofile).maximum.unwrap();
        let check = |hard: i64| {
            let ulimit = Ulimit { name: "nofile".to_owned(), soft: 1, hard };
            check_own_limits(&[ulimit]).map_err(|error| error.to_string())
        };
        check(1).unwrap();
        check(i64::try_from(most).unwrap()).unwrap();
        assert!(check(i64::try_from(most).unwrap() + 1).unwrap_err().contains(&format!("may have, {most}")));
        assert!(check(-1).unwrap_err().starts_with("ulimit nofile=unlimited"));
        for name in ULIMITS {
            assert!(resource(name).is_some(), "{name}");
        }
    }

    #[test]
    fn limits_are_as_docker_has_them() {
        let check = |host: HostConfig, expect: Value| {
            let mut resources = of(&host, Vec::new()).unwrap();
            resources.as_object_mut().unwrap().remove("devices");
            assert_eq!(resources, expect);
        };
        let none = HostConfig::default;
        check(none(), json!({}));
        check(
            HostConfig { memory: 64 << 20, ..none() },
            json!({"memory": {"limit": 67108864, "swap": 134217728}}),
        );
        check(
            HostConfig { memory: 64 << 20, memory_swap: -1, ..none() },
            json!({"memory": {"limit": 67108864}}),
        );
        check(
            HostConfig {
                memory: 64 << 20,
                memory_swap: 96 << 20,
                memory_reservation: 32 << 20,
                memory_swappiness: Some(10),
                oom_kill_disable: true,
                ..none()
            },
            json!({"memory": {"limit": 67108864, "reservation": 33554432, "swap": 100663296, "swappiness": 10,
                "disableOOMKiller": true}}),
        );
        check(
            HostConfig { memory: i64::MAX, ..none() },
            json!({"memory": {"limit": i64::MAX, "swap": i64::MAX}}),
        );
        check(HostConfig { memory_swappiness: Some(-1), ..none() }, json!({}));
        check(
            HostConfig { nano_cpus: 1_500_000_000, ..none() },
            json!({"cpu": {"quota": 150_000, "period": 100_000}}),
        );
        check(
            HostConfig { cpu_period: 50_000, cpu_quota: 25_000, ..none() },
            json!({"cpu": {"quota": 25_000, "period": 50_000}}),
        );
        check(
            HostConfig { cpu_shares: 512, cpuset_cpus: "0".into(), cpuset_mems: "0-1".into(), ..none() },
            json!({"cpu": {"shares": 512, "cpus": "0", "mems": "0-1"}}),
        );
        check(
            HostConfig { cpu_realtime_period: 1_000_000, cpu_realtime_runtime: 950_000, ..none() },
            json!({"cpu": {"realtimePeriod": 1_000_000, "realtimeRuntime": 950_000}}),
        );
        check(HostConfig { pids_limit: 50, ..none() }, json!({"pids": {"limit": 50}}));
        check(HostConfig { pids_limit: -1, ..none() }, json!({}));
        check(HostConfig { blkio_weight: 300, ..none() }, json!({"blockIO": {"weight": 300}}));
        let refused = of(&HostConfig { cpu_shares: -1, ..none() }, Vec::new()).unwrap_err().to_string();
        assert_eq!(refused, "invalid CPU shares (-1): value must be a positive integer");
    }

    #[test]
    fn limits_of_processes_are_named_as_the_kernel_does() {
        let ulimit = |name: &str, soft, hard| Ulimit { name: name.to_owned(), soft, hard };
        let rlimits = |ulimit| rlimits(&[ulimit]).map_err(|error| error.to_string());
        assert_eq!(
            rlimits(ulimit("nofile", 100, 200)).unwrap(),
            [json!({"type": "RLIMIT_NOFILE", "hard": 200, "soft": 100})]
        );
        assert_eq!(
            rlimits(ulimit("core", -1, -1)).unwrap(),
            [json!({"type": "RLIMIT_CORE", "hard": u64::MAX, "soft": u64::MAX})]
        );
        assert_eq!(rlimits(ulimit("nope", 1, 1)).unwrap_err(), "invalid ulimit type: nope");
    }
}
