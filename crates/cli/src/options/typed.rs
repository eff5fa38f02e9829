//! Which form a flag's value has, for its help and for the check while the command line is read.

use super::{
    add_host, bytes, bytes_device, device_rule, duration, gpus, link, mount, nano_cpus, network,
    operations_device, swap_bytes, ulimit, weight_device,
};

/// A form of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// `--add-host`
    AddHost,
    /// `--attach`
    Attach,
    /// A size of memory.
    Bytes,
    /// A size of memory and swap.
    SwapBytes,
    /// A number of processors.
    Decimal,
    /// `--device-read-bps`
    BytesDevice,
    /// `--device-read-iops`
    OperationsDevice,
    /// `--blkio-weight-device`
    WeightDevice,
    /// `--gpus`
    Gpus,
    /// `--device-cgroup-rule`
    DeviceRule,
    /// `--dns`
    Dns,
    /// A duration.
    Duration,
    /// `--env`
    Env,
    /// `--label`
    Label,
    /// Pairs of names and values.
    Map,
    /// `--link`
    Link,
    /// `--mount`
    Mount,
    /// `--network`
    Network,
    /// `--sysctl`
    Sysctl,
    /// A number up to 65535.
    Uint16,
    /// A number of 64 bits.
    Uint,
    /// `--ulimit`
    Ulimit,
}

impl Typed {
    /// The name that help shows.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Typed::AddHost
            | Typed::Attach
            | Typed::DeviceRule
            | Typed::Dns
            | Typed::Env
            | Typed::Label
            | Typed::Link
            | Typed::BytesDevice
            | Typed::OperationsDevice
            | Typed::WeightDevice => "list",
            Typed::Gpus => "gpu-request",
            Typed::Bytes | Typed::SwapBytes => "bytes",
            Typed::Decimal => "decimal",
            Typed::Duration => "duration",
            Typed::Map | Typed::Sysctl => "map",
            Typed::Mount => "mount",
            Typed::Network => "network",
            Typed::Uint => "uint",
            Typed::Uint16 => "uint16",
            Typed::Ulimit => "ulimit",
        }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// The words after `invalid argument "x" for "--flag" flag: `.
    pub(crate) fn check(self, text: &str) -> Result<(), String> {
        match self {
            Typed::AddHost => add_host(text).map(drop),
            Typed::Attach => attach(text).map(drop),
            Typed::Bytes => bytes(text).map(drop),
            Typed::SwapBytes => swap_bytes(text).map(drop),
            Typed::Decimal => nano_cpus(text).map(drop),
            Typed::BytesDevice => bytes_device(text).map(drop),
            Typed::OperationsDevice => operations_device(text).map(drop),
            Typed::WeightDevice => weight_device(text).map(drop),
            Typed::Gpus => gpus(text).map(drop),
            Typed::DeviceRule => device_rule(text),
            Typed::Dns => match text.trim().parse::<std::net::IpAddr>() {
                Ok(_) => Ok(()),
                Err(_) => Err(format!("IP address is not correctly formatted: {text}")),
            },
            Typed::Duration => duration(text).map(drop),
            Typed::Env => named("invalid environment variable", text),
            Typed::Label => named("invalid label format", text),
            Typed::Link => link(text),
            Typed::Map => Ok(()),
            Typed::Mount => mount(text, str::to_owned).map(drop),
            Typed::Network => network(text).map(drop),
            Typed::Sysctl => sysctl(text),
            Typed::Uint => unsigned(text, u64::MAX),
            Typed::Uint16 => unsigned(text, u64::from(u16::MAX)),
            Typed::Ulimit => ulimit(text).map(drop),
        }
    }
}

fn named(what: &str, text: &str) -> Result<(), String> {
    if text.split('=').next().is_none_or(str::is_empty) { Err(format!("{what}: {text}")) } else { Ok(()) }
}

fn unsigned(text: &str, max: u64) -> Result<(), String> {
    let failed = |what: &str| format!("strconv.ParseUint: parsing \"{text}\": {what}");
    match text.parse::<u64>() {
        Ok(number) if number <= max => Ok(()),
        Ok(_) => Err(failed("value out of range")),
        Err(_) => Err(failed("invalid syntax")),
    }
}

/// A stream's name, in lower case.
pub(crate) fn attach(text: &str) -> Result<String, String> {
    let lower = text.to_lowercase();
    match lower.as_str() {
        "stdin" | "stdout" | "stderr" => Ok(lower),
        _ => Err("valid streams are STDIN, STDOUT and STDERR".to_owned()),
    }
}

/// Kernel parameters that belong to a container alone.
fn sysctl(text: &str) -> Result<(), String> {
    const WHOLE: [&str; 8] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    let refused = || format!("sysctl '{text}' is not allowed");
    let (name, _) = text.split_once('=').ok_or_else(refused)?;
    let is_own = WHOLE.contains(&name) || name.starts_with("net.") || name.starts_with("fs.mqueue.");
    if is_own { Ok(()) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_in_dockers_words() {
        let check = |typed: Typed, text: &str, expect: &str| {
            assert_eq!(typed.check(text), Err(expect.to_owned()), "{text}");
        };
        check(Typed::Env, "=x", "invalid environment variable: =x");
        check(Typed::Attach, "nope", "valid streams are STDIN, STDOUT and STDERR");
        check(Typed::Dns, "x", "IP address is not correctly formatted: x");
        check(Typed::Sysctl, "kernel.hostname=x", "sysctl 'kernel.hostname=x' is not allowed");
        check(Typed::Uint16, "70000", "strconv.ParseUint: parsing \"70000\": value out of range");
        Typed::Sysctl.check("net.ipv4.ip_forward=1").unwrap();
    }
}
