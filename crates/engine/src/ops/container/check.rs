//! What of a request cannot be meant, in Docker's words.

use runner::logs::LogOptions;
use runner::record::{Config, Healthcheck, HostConfig};
use runner::{oci, signal, user_namespace};

use super::kernel::Kernel;
use super::{CreateContainer, cpuset};
use crate::error::{Error, ErrorKind, Result};

/// Below this Docker says that nothing can run.
const MEMORY_BYTES_MIN: i64 = 6 << 20;
/// Docker checks a container's health once in a millisecond at most.
const HEALTH_NANOSECONDS_MIN: i64 = 1_000_000;

/// Refuses what cannot be meant; says what has no effect.
pub(super) fn settings(request: &CreateContainer, kernel: Kernel<'_>) -> Result<Vec<String>> {
    let (config, host) = (&request.config, &request.host_config);
    if !config.working_dir.is_empty() && !config.working_dir.starts_with('/') {
        let text = format!(
            "the working directory '{}' is invalid, it needs to be an absolute path",
            config.working_dir
        );
        return Err(Error::invalid(text));
    }
    if let Some(text) = config.stop_signal.as_deref().filter(|text| !text.is_empty())
        && signal::parse(text).is_none()
    {
        return Err(Error::invalid(format!("invalid signal: {text}")));
    }
    restart_policy(host)?;
    config.healthcheck.as_ref().map_or(Ok(()), healthcheck)?;
    cpuset::check(host, kernel)?;
    LogOptions::of(&host.log_config, config)?;
    oci::check(host).map_err(|error| Error::invalid(error.to_string()))?;
    ipc(&host.ipc_mode)?;
    conflicts(config, host)?;
    processors_of(host, kernel)?;
    disks(host)?;
    resources(request)
}

fn restart_policy(host: &HostConfig) -> Result<()> {
    let policy = &host.restart_policy;
    let refuse = |text: &str| Err(Error::invalid(format!("invalid restart policy: {text}")));
    let count = policy.maximum_retry_count;
    match policy.name.as_str() {
        "" | "no" | "always" | "unless-stopped" if count < 0 => {
            refuse("maximum retry count can only be used with 'on-failure' and cannot be negative")
        }
        "" | "no" | "always" | "unless-stopped" if count > 0 => {
            refuse("maximum retry count can only be used with 'on-failure'")
        }
        "on-failure" if count < 0 => refuse("maximum retry count cannot be negative"),
        "" | "no" => Ok(()),
        "always" | "unless-stopped" | "on-failure" if host.auto_remove => {
            Err(Error::invalid("can't create 'AutoRemove' container with restart policy"))
        }
        "always" | "unless-stopped" | "on-failure" => Ok(()),
        unknown => refuse(&format!(
            "unknown policy '{unknown}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )),
    }
}

fn healthcheck(health: &Healthcheck) -> Result<()> {
    let times = [
        (health.interval, "Interval"),
        (health.timeout, "Timeout"),
        (health.start_period, "StartPeriod"),
        (health.start_interval, "StartInterval"),
    ];
    if let Some((_, name)) = times.iter().find(|(time, _)| *time != 0 && *time < HEALTH_NANOSECONDS_MIN) {
        return Err(Error::invalid(format!("{name} in Healthcheck cannot be less than 1ms")));
    }
    if health.retries < 0 {
        return Err(Error::invalid("Retries in Healthcheck cannot be negative"));
    }
    Ok(())
}

/// Refuses what belongs to another container's network, or to the machine's names.
fn conflicts(config: &Config, host: &HostConfig) -> Result<()> {
    let is_shared = host.network_mode.starts_with("container:");
    let has_ports = !host.port_bindings.is_empty() || host.publish_all_ports;
    let conflicts = [
        (is_shared && !config.hostname.is_empty(), "hostname and the network mode"),
        (is_shared && !host.dns.is_empty(), "dns and the network mode"),
        (is_shared && !host.extra_hosts.is_empty(), "custom host-to-IP mapping and the network mode"),
        (is_shared && has_ports, "port publishing and the container type network mode"),
        (is_shared && !config.exposed_ports.is_empty(), "port exposing and the container type network mode"),
        (host.uts_mode == "host" && !config.hostname.is_empty(), "hostname and the UTS mode"),
    ];
    match conflicts.iter().find(|(is_so, _)| *is_so) {
        Some((_, what)) => Err(Error::invalid(format!("conflicting options: {what}"))),
        None => Ok(()),
    }
}

/// Refuses places that semaphores and queues do not come from.
fn ipc(mode: &str) -> Result<()> {
    let is_known = matches!(mode, "" | "private" | "shareable" | "host" | "none");
    if is_known || mode.starts_with("container:") {
        Ok(())
    } else {
        Err(Error::invalid(format!("invalid IPC mode: {mode}")))
    }
}

/// Refuses shares of processors that cannot be had.
fn processors_of(host: &HostConfig, kernel: Kernel<'_>) -> Result<()> {
    const PERIOD: std::ops::RangeInclusive<i64> = 1_000..=1_000_000;
    let refuse = |text: &str| Err(Error::invalid(text));
    if host.cpu_period != 0 && !PERIOD.contains(&host.cpu_period) {
        return refuse(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
        );
    }
    if host.cpu_quota > 0 && host.cpu_quota < *PERIOD.start() {
        return refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)");
    }
    let (period, runtime) = (host.cpu_realtime_period, host.cpu_realtime_runtime);
    if (period != 0 || runtime != 0) && !kernel.has_real_time() {
        return refuse("your kernel does not support CPU real-time scheduler");
    }
    if period != 0 && runtime > period {
        return refuse("cpu real-time runtime cannot be higher than cpu real-time period");
    }
    Ok(())
}

/// Refuses weights that disks do not have, and what only Windows has.
fn disks(host: &HostConfig) -> Result<()> {
    if host.blkio_weight > 0 && !(10..=1000).contains(&host.blkio_weight) {
        return Err(Error::invalid("Range of blkio weight is from 10 to 1000"));
    }
    if !host.isolation.is_empty() && !host.isolation.eq_ignore_ascii_case("default") {
        let text = format!("invalid isolation ({}): linux only supports 'default'", host.isolation);
        return Err(Error::invalid(text));
    }
    Ok(())
}

/// Refuses options of the storage driver: none has any for a single container, in Docker's words.
pub(super) fn storage(host: &HostConfig, driver: &str) -> Result<()> {
    match (host.storage_opt.is_empty(), driver) {
        (true, _) => Ok(()),
        (false, "overlay2") => Err(Error::invalid(
            "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
        )),
        (false, _) => Err(Error::invalid("Filesystem does not support, or has not enabled quotas")),
    }
}

fn resources(request: &CreateContainer) -> Result<Vec<String>> {
    let host = &request.host_config;
    let mut warnings = Vec::new();
    let refuse = |text: &str| Err(Error::invalid(text));
    if host.memory != 0 && host.memory < MEMORY_BYTES_MIN {
        return refuse("Minimum memory limit allowed is 6MB");
    }
    if host.memory > 0 && host.memory_swap > 0 && host.memory_swap < host.memory {
        return refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
    }
    if host.memory == 0 && host.memory_swap > 0 {
        return refuse("You should always set the Memory limit when using Memoryswap limit, see usage");
    }
    if host.memory > 0 && host.memory_reservation > host.memory {
        return refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
    }
    if host.memory_reservation != 0 && host.memory_reservation < MEMORY_BYTES_MIN {
        return refuse("Minimum memory reservation allowed is 6MB");
    }
    if host.memory_swappiness.is_some_and(|value| !(-1..=100).contains(&value)) {
        let value = host.memory_swappiness.unwrap_or_default();
        return refuse(&format!("Invalid value: {value}, valid memory swappiness range is 0-100"));
    }
    if host.nano_cpus > 0 && (host.cpu_period > 0 || host.cpu_quota > 0) {
        let what = if host.cpu_period > 0 { "CPU Period" } else { "CPU Quota" };
        return refuse(&format!("Conflicting options: Nano CPUs and {what} cannot both be set"));
    }
    if !(-1000..=1000).contains(&host.oom_score_adj) {
        let text = format!("Invalid value {}, range for oom score adj is [-1000, 1000]", host.oom_score_adj);
        return refuse(&text);
    }
    if host.shm_size < 0 {
        return refuse("SHM size can not be less than 0");
    }
    if host.oom_kill_disable && host.memory == 0 {
        warnings.push(
            "OOM killer is disabled for the container, but no memory limit is set, this can result in the system \
             running out of resources."
                .to_owned(),
        );
    }
    if host.network_mode == "host" && (host.publish_all_ports || !host.port_bindings.is_empty()) {
        warnings.push("Published ports are discarded when using host network mode".to_owned());
    }
    warnings.extend(limits_of_ordinary_users(host).filter(|_| user_namespace::is_inside()));
    Ok(warnings)
}

/// What of a container's limits an ordinary user cannot have: those that cgroups enforce.
fn limits_of_ordinary_users(host: &HostConfig) -> Option<String> {
    let asked = [
        ("--memory", host.memory > 0),
        ("--memory-reservation", host.memory_reservation > 0),
        ("--memory-swap", host.memory_swap != 0),
        ("--memory-swappiness", host.memory_swappiness.is_some_and(|value| value >= 0)),
        ("--oom-kill-disable", host.oom_kill_disable),
        ("--cpus", host.nano_cpus > 0),
        ("--cpu-shares", host.cpu_shares > 0),
        ("--cpu-period", host.cpu_period > 0),
        ("--cpu-quota", host.cpu_quota > 0),
        ("--cpuset-cpus", !host.cpuset_cpus.is_empty()),
        ("--cpuset-mems", !host.cpuset_mems.is_empty()),
        ("--pids-limit", host.pids_limit > 0),
        ("--blkio-weight", host.blkio_weight > 0),
        ("--blkio-weight-device", !host.blkio_weight_device.is_empty()),
        ("--device-read-bps", !host.blkio_device_read_bps.is_empty()),
        ("--device-write-bps", !host.blkio_device_write_bps.is_empty()),
        ("--device-read-iops", !host.blkio_device_read_iops.is_empty()),
        ("--device-write-iops", !host.blkio_device_write_iops.is_empty()),
        ("--cpu-rt-period", host.cpu_realtime_period != 0),
        ("--cpu-rt-runtime", host.cpu_realtime_runtime != 0),
        ("--device-cgroup-rule", !host.device_cgroup_rules.is_empty()),
    ];
    let discarded: Vec<&str> =
        asked.iter().filter(|(_, is_asked)| *is_asked).map(|(flag, _)| *flag).collect();
    let what = discarded.join(", ");
    (!discarded.is_empty())
        .then(|| format!("Containers of an ordinary user have no cgroup. Discarded: {what}"))
}

/// Refuses more processors than there are.
pub(super) fn processors(nano_cpus: i64, available: usize) -> Result<()> {
    let most = i64::try_from(available).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
    if nano_cpus < 0 || nano_cpus > most {
        let text = format!(
            "range of CPUs is from 0.01 to {available}.00, as there are only {available} CPUs available"
        );
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use runner::record::RestartPolicy;

    use super::*;

    #[test]
    fn limits_that_cgroups_enforce_are_named() {
        assert_eq!(limits_of_ordinary_users(&HostConfig::default()), None);
        let host = HostConfig {
            memory: 1 << 30,
            memory_swap: -1,
            memory_swappiness: Some(-1),
            nano_cpus: 5,
            pids_limit: -1,
            shm_size: 1 << 20,
            ..HostConfig::default()
        };
        let told = limits_of_ordinary_users(&host).unwrap();
        assert!(told.ends_with("Discarded: --memory, --memory-swap, --cpus"), "{told}");
    }

    #[test]
    fn policies_that_there_are_not_are_refused_in_dockers_words() {
        let check = |name: &str, maximum_retry_count: i64, expect: &str| {
            let restart_policy = RestartPolicy { name: name.to_owned(), maximum_retry_count };
            let host = HostConfig { restart_policy, ..HostConfig::default() };
            let refused = super::restart_policy(&host).map_err(|error| error.to_string()).err();
            let expect = (!expect.is_empty()).then(|| format!("invalid restart policy: {expect}"));
            assert_eq!(refused, expect, "{name}:{maximum_retry_count}");
        };
        check("on-failure", 3, "");
        check("", 0, "");
        check("no", 0, "");
        check("always", 3, "maximum retry count can only be used with 'on-failure'");
        check("no", -1, "maximum retry count can only be used with 'on-failure' and cannot be negative");
        check("on-failure", -1, "maximum retry count cannot be negative");
        let unknown = "unknown policy 'NO'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'";
        check("NO", 0, unknown);
    }

    #[test]
    fn places_of_semaphores_are_known() {
        for mode in ["", "private", "shareable", "host", "none", "container:web"] {
            ipc(mode).unwrap();
        }
        assert_eq!(ipc("nope").unwrap_err().to_string(), "invalid IPC mode: nope");
    }

    #[test]
    fn shares_that_cannot_be_had_are_refused_in_dockers_words() {
        let refused = |host: HostConfig, expect: &str| {
            let checked = processors_of(&host, Kernel::own()).and_then(|()| disks(&host));
            assert_eq!(checked.unwrap_err().to_string(), expect);
        };
        let none = HostConfig::default;
        let period = "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)";
        refused(HostConfig { cpu_period: 999, ..none() }, period);
        refused(HostConfig { cpu_period: 1_000_001, ..none() }, period);
        refused(HostConfig { cpu_period: -1, ..none() }, period);
        refused(
            HostConfig { cpu_quota: 999, ..none() },
            "CPU cfs quota can not be less than 1ms (i.e. 1000)",
        );
        refused(HostConfig { blkio_weight: 9, ..none() }, "Range of blkio weight is from 10 to 1000");
        refused(HostConfig { blkio_weight: 1001, ..none() }, "Range of blkio weight is from 10 to 1000");
        refused(
            HostConfig { isolation: "hyperv".into(), ..none() },
            "invalid isolation (hyperv): linux only supports 'default'",
        );
        let real_time = HostConfig { cpu_realtime_period: 5, cpu_realtime_runtime: 10, ..none() };
        let expect = match Kernel::own().has_real_time() {
            true => "cpu real-time runtime cannot be higher than cpu real-time period",
            false => "your kernel does not support CPU real-time scheduler",
        };
        refused(real_time, expect);
        let fine = HostConfig { cpu_period: 1_000, cpu_quota: -1, isolation: "default".into(), ..none() };
        processors_of(&fine, Kernel::own()).and_then(|()| disks(&fine)).unwrap();
    }

    #[test]
    fn storage_drivers_have_no_options_for_one_container() {
        let host = HostConfig { storage_opt: [("size".into(), "1g".into())].into(), ..HostConfig::default() };
        storage(&HostConfig::default(), "overlay2").unwrap();
        assert!(
            storage(&host, "overlay2")
                .unwrap_err()
                .to_string()
                .starts_with("--storage-opt is supported only")
        );
        let expect = "Filesystem does not support, or has not enabled quotas";
        assert_eq!(storage(&host, "vfs").unwrap_err().to_string(), expect);
    }

    #[test]
    fn what_belongs_to_another_is_refused_in_dockers_words() {
        let check = |set: &dyn Fn(&mut Config, &mut HostConfig), expect: &str| {
            let mut config = Config::default();
            let shared = format!("container:{}", "0".repeat(64));
            let mut host = HostConfig { network_mode: shared, ..HostConfig::default() };
            conflicts(&config, &host).unwrap();
            set(&mut config, &mut host);
            let refused = conflicts(&config, &host).unwrap_err().to_string();
            assert_eq!(refused, format!("conflicting options: {expect}"));
        };
        check(&|c, _| c.hostname = "web".into(), "hostname and the network mode");
        check(&|_, h| h.dns = vec!["1.1.1.1".into()], "dns and the network mode");
        check(&|_, h| h.extra_hosts = vec!["a:1".into()], "custom host-to-IP mapping and the network mode");
        check(&|_, h| h.publish_all_ports = true, "port publishing and the container type network mode");
        check(
            &|c, _| {
                c.exposed_ports.insert("80/tcp".into());
            },
            "port exposing and the container type network mode",
        );
        let own_names = |c: &mut Config, h: &mut HostConfig| {
            c.hostname = "web".into();
            h.network_mode = "bridge".into();
            h.uts_mode = "host".into();
        };
        check(&own_names, "hostname and the UTS mode");
    }
}
