//! Whether the processors and memory nodes that a container is to have are there, in Docker's words.

use std::collections::BTreeSet;
use std::path::Path;

use runner::record::HostConfig;

use crate::error::{Error, Result};

/// What the kernel gives out, with cgroups of version 2 and 1: a list such as `0-3,8`.
const PROCESSORS: [&str; 2] =
    ["/sys/fs/cgroup/cpuset.cpus.effective", "/sys/fs/cgroup/cpuset/cpuset.effective_cpus"];
const NODES: [&str; 2] =
    ["/sys/fs/cgroup/cpuset.mems.effective", "/sys/fs/cgroup/cpuset/cpuset.effective_mems"];
/// A list of every second one of some thousands is no longer.
const LIST_BYTES_MAX: u64 = 64 << 10;
/// The kernel has 8,192 at most (`NR_CPUS`), and 1,024 nodes.
const NUMBER_MAX: u32 = 8192;

/// Refuses what is no list, or names what is not there. A machine that does not say what is there refuses later.
pub(super) fn check(host: &HostConfig) -> Result<()> {
    one(&host.cpuset_cpus, "cpus", "CPUs", &PROCESSORS)?;
    one(&host.cpuset_mems, "mems", "memory nodes", &NODES)
}

fn one(asked: &str, name: &str, what: &str, files: &[&str]) -> Result<()> {
    if asked.is_empty() {
        return Ok(());
    }
    let Some(wanted) = numbers(asked) else {
        return Err(Error::invalid(format!(
            "Invalid value {asked} for cpuset {name}: invalid format: {asked}"
        )));
    };
    let read = |file: &&str| disk::read_named(Path::new(file), LIST_BYTES_MAX).ok();
    let Some(bytes) = files.iter().find_map(read) else { return Ok(()) };
    let available = String::from_utf8_lossy(&bytes).trim().to_owned();
    match numbers(&available) {
        Some(there) if !wanted.is_subset(&there) => Err(Error::invalid(format!(
            "Requested {what} are not available - requested {asked}, available: {available}"
        ))),
        _ => Ok(()),
    }
}

/// The numbers of a list (cpuset(7), list format).
fn numbers(list: &str) -> Option<BTreeSet<u32>> {
    let mut all = BTreeSet::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= NUMBER_MAX);
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        let check = |list: &str, expect: Option<&[u32]>| {
            assert_eq!(numbers(list), expect.map(|all| all.iter().copied().collect()), "{list}");
        };
        check("0", Some(&[0]));
        check("0-2,5", Some(&[0, 1, 2, 5]));
        for bad in ["", "x", "1-", "2-1", "1,,2", "-1", "0-4294967295"] {
            check(bad, None);
        }
    }
}
