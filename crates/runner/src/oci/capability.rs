//! What a program may do that others may not.

use std::path::Path;
use std::sync::OnceLock;

use super::OciError;
use crate::record::HostConfig;

/// All that there are, by number.
const KNOWN: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// What Docker gives when nothing is said, in its order.
const DEFAULT: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

const ALL: &str = "ALL";
/// Some 1,500 bytes.
const STATUS_BYTES_MAX: u64 = 64 << 10;

/// What a container may do.
pub(super) fn of(host: &HostConfig) -> Result<Vec<&'static str>, OciError> {
    let add = Asked::read("CapAdd", &host.cap_add)?;
    let drop = Asked::read("CapDrop", &host.cap_drop)?;
    if host.privileged {
        return Ok(available().to_vec());
    }
    let kept = |list: &[&'static str]| -> Vec<&'static str> {
        list.iter().filter(|name| !drop.names.contains(*name)).copied().collect()
    };
    if add.all {
        return Ok(kept(available()));
    }
    let mut list = if drop.all { Vec::new() } else { kept(&DEFAULT) };
    for name in add.names {
        if !list.contains(&name) {
            list.push(name);
        }
    }
    Ok(list)
}

/// All that this machine has to give.
pub(super) fn available() -> &'static [&'static str] {
    static AVAILABLE: OnceLock<Vec<&str>> = OnceLock::new();
    AVAILABLE.get_or_init(|| {
        let status = disk::read_named(Path::new("/proc/self/status"), STATUS_BYTES_MAX).unwrap_or_default();
        in_mask(bounding_mask(&String::from_utf8_lossy(&status)).unwrap_or(u64::MAX))
    })
}

fn bounding_mask(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapBnd:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn in_mask(mask: u64) -> Vec<&'static str> {
    KNOWN.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, name)| *name).collect()
}

struct Asked {
    all: bool,
    names: Vec<&'static str>,
}

impl Asked {
    /// Names in any case, with or without `CAP_`.
    fn read(option: &'static str, texts: &[String]) -> Result<Asked, OciError> {
        let mut asked = Asked { all: false, names: Vec::new() };
        for text in texts {
            let upper = text.to_ascii_uppercase();
            if upper == ALL {
                asked.all = true;
                continue;
            }
            let name = if upper.starts_with("CAP_") { upper } else { format!("CAP_{upper}") };
            let known = KNOWN.iter().find(|known| **known == name);
            let known = *known.ok_or_else(|| OciError::NoSuchCapability { option, name: name.clone() })?;
            if !available().contains(&known) {
                return Err(OciError::CapabilityUnavailable { option, name });
            }
            asked.names.push(known);
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_flags(add: &[&str], drop: &[&str], privileged: bool) -> Result<Vec<&'static str>, String> {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let host =
            HostConfig { cap_add: owned(add), cap_drop: owned(drop), privileged, ..HostConfig::default() };
        of(&host).map_err(|error| error.to_string())
    }

    #[test]
    fn capabilities_are_added_and_dropped() {
        assert_eq!(of_flags(&[], &[], false).unwrap(), DEFAULT);
        assert_eq!(of_flags(&[], &["all"], false).unwrap(), Vec::<&str>::new());
        assert_eq!(of_flags(&["kill"], &["ALL"], false).unwrap(), ["CAP_KILL"]);
        assert_eq!(of_flags(&["CAP_KILL"], &[], false).unwrap(), DEFAULT, "no name twice");
        let without = of_flags(&[], &["cap_chown", "KILL"], false).unwrap();
        assert_eq!(without.len(), 12);
        assert!(!without.contains(&"CAP_CHOWN") && !without.contains(&"CAP_KILL"));
        assert_eq!(of_flags(&["ALL"], &[], false).unwrap(), available());
        assert_eq!(of_flags(&[], &["ALL"], true).unwrap(), available());
        let but_one = of_flags(&["ALL"], &["chown"], false).unwrap();
        assert_eq!(
            but_one,
            available().iter().copied().filter(|name| *name != "CAP_CHOWN").collect::<Vec<_>>()
        );
        assert_eq!(
            of_flags(&["NOPE"], &[], false).unwrap_err(),
            "invalid CapAdd: unknown capability: \"CAP_NOPE\""
        );
        assert_eq!(
            of_flags(&[], &["cap_nope"], false).unwrap_err(),
            "invalid CapDrop: unknown capability: \"CAP_NOPE\""
        );
    }

    #[test]
    fn run_5_only_what_the_machine_has_is_given() {
        assert_eq!(bounding_mask("Name:\tx\nCapBnd:\t0000000000000003\n"), Some(3));
        assert_eq!(in_mask(0b101), ["CAP_CHOWN", "CAP_DAC_READ_SEARCH"]);
        assert_eq!(in_mask(u64::MAX).len(), KNOWN.len());
        assert_eq!(in_mask(0), Vec::<&str>::new());
    }
}
