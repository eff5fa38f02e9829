//! Whether the processors and memory nodes that a container is to have are there, in Docker's words.

use std::collections::BTreeSet;

use runner::record::HostConfig;

use super::kernel::Kernel;
use crate::error::{Error, Result};

/// What the kernel gives out, with cgroups of version 2 and 1: a list such as `0-3,8`.
const PROCESSORS: [&str; 2] = ["cpuset.cpus.effective", "cpuset/cpuset.effective_cpus"];
const NODES: [&str; 2] = ["cpuset.mems.effective", "cpuset/cpuset.effective_mems"];
/// The kernel has 8,192 at most (`NR_CPUS`), and 1,024 nodes.
const NUMBER_MAX: u32 = 8192;

/// Refuses what is no list, or names what is not there. A machine that does not say what is there refuses later.
pub(super) fn check(host: &HostConfig, kernel: Kernel<'_>) -> Result<()> {
    one(&host.cpuset_cpus, "cpus", "CPUs", &kernel.first_text(&PROCESSORS))?;
    one(&host.cpuset_mems, "mems", "memory nodes", &kernel.first_text(&NODES))
}

fn one(asked: &str, name: &str, what: &str, available: &str) -> Result<()> {
    if asked.is_empty() {
        return Ok(());
    }
    let Some(wanted) = numbers(asked) else {
        return Err(Error::invalid(format!(
            "Invalid value {asked} for cpuset {name}: invalid format: {asked}"
        )));
    };
    match numbers(available) {
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
    fn what_is_not_there_is_refused_in_dockers_words() {
        let check = |asked: &str, available: &str, expect: &str| {
            let refused = one(asked, "cpus", "CPUs", available).map_err(|error| error.to_string());
            assert_eq!(refused.err().unwrap_or_default(), expect, "{asked} of {available}");
        };
        check("", "0-1", "");
        check("1,0", "0-1", "");
        check("1-2", "0-1", "Requested CPUs are not available - requested 1-2, available: 0-1");
        check("x", "0-1", "Invalid value x for cpuset cpus: invalid format: x");
        check("9", "", "");
    }

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
