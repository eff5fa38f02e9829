//! What processes use that share no cgroup of their own: those of an ordinary user's container.

use std::collections::HashMap;
use std::fs::read_link;
use std::path::Path;

use super::{Counters, NANOS, TICKS, text};

/// The processes of a container without a cgroup, by its first one, in no order: those in its process numbers; with
/// the machine's numbers its descendants.
pub fn processes_of(first: i32) -> Vec<i32> {
    let space = |pid: &str| read_link(format!("/proc/{pid}/ns/pid")).ok();
    let all = disk::Dir::open(Path::new("/proc")).and_then(|proc| proc.entries()).unwrap_or_default();
    let all = all.iter().filter_map(|entry| entry.name.to_str()?.parse::<i32>().ok());
    let own = space(&first.to_string());
    if own.is_none() || own == space("self") {
        return descendants(first, all);
    }
    all.filter(|pid| space(&pid.to_string()) == own).collect()
}

fn descendants(first: i32, all: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in all {
        if let Some(stat) = Stat::of(pid) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut found = vec![first];
    let mut at = 0;
    while let Some(pid) = found.get(at) {
        found.extend(children.remove(pid).unwrap_or_default());
        at += 1;
    }
    found
}

/// What these processes use, and what those used that they have waited for.
pub(super) fn of_processes(pids: &[i32]) -> Counters {
    let mut sum = Counters::default();
    for &pid in pids {
        let file = |name: &str| text(Path::new(&format!("/proc/{pid}/{name}")));
        let Some(stat) = Stat::of(pid) else { continue };
        let io = file("io");
        sum.cpu = sum.cpu.saturating_add(stat.ticks.saturating_mul(NANOS / TICKS));
        sum.processes = sum.processes.saturating_add(stat.threads);
        sum.memory = sum.memory.saturating_add(own_memory(&file("status")));
        sum.read = sum.read.saturating_add(named(&io, "read_bytes:"));
        sum.written = sum.written.saturating_add(named(&io, "write_bytes:"));
    }
    sum
}

/// Bytes that are the process's alone: what it shares with others would be counted several times.
fn own_memory(status: &str) -> u64 {
    named(status, "RssAnon:").saturating_mul(1024)
}

fn named(text: &str, name: &str) -> u64 {
    let value =
        text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.unwrap_or(0)
}

/// Of `/proc/<pid>/stat`.
struct Stat {
    parent: i32,
    /// Processor time, of it and of the children that it waited for.
    ticks: u64,
    threads: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Stat> {
        Stat::parse(&text(Path::new(&format!("/proc/{pid}/stat"))))
    }

    fn parse(text: &str) -> Option<Stat> {
        // The name before the last bracket may hold anything.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let ticks = (11..15).filter_map(number).fold(0, u64::saturating_add);
        Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks, threads: number(17)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_process_are_these() {
        let line =
            "7 (a) b) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 5 0 99 1000 10 18446744073709551615";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.parent, stat.ticks, stat.threads), (3, 100, 5));
        assert!(Stat::parse("7 (a) S").is_none() && Stat::parse("").is_none());
        assert_eq!(own_memory("VmRSS:\t 9 kB\nRssAnon:\t     2 kB\n"), 2048);
        assert_eq!(named("read_bytes: 4096\nwrite_bytes: 7\n", "write_bytes:"), 7);
    }

    #[test]
    fn a_process_and_its_children_are_found_and_counted() {
        let own = i32::try_from(std::process::id()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a child to be found")]
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = processes_of(own);
        let is_there = found.contains(&own) && found.contains(&i32::try_from(child.id()).unwrap());
        let used = of_processes(&found);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_there, "{found:?}");
        assert!(used.processes >= 2 && used.memory > 0, "{used:?}");
    }
}
