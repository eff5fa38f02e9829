//! What the kernel counts for a running container: processor time, memory, network, disks and processes, on machines
//! with cgroups of version 1, of version 2, or of both.

mod cgroup;
mod numbers;
mod processes;

use std::path::Path;

use numbers::{
    from_line, inactive_file_v1, inactive_file_v2, io_v1, io_v2, network, number, system_ticks, usage_usec,
};

pub use cgroup::Cgroup;
pub use processes::processes_of;

/// Where the system's hierarchies are.
const ROOT: &str = "/sys/fs/cgroup";
/// The largest of these files, `memory.stat` and `/proc/stat` of large machines, have some ten kilobytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Ticks of `/proc/stat` in a second: the kernel's interface is the same on all architectures.
const TICKS: u64 = 100;
const NANOS: u64 = 1_000_000_000;

/// Everything at one moment. What the machine does not count is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Nanoseconds of processor time that the container has used.
    pub cpu: u64,
    /// Nanoseconds of processor time of the whole machine, idle time included.
    pub machine_cpu: u64,
    /// Bytes of memory, without files that nobody used lately.
    pub memory: u64,
    /// Bytes it may use; nothing where that is not limited.
    pub memory_limit: Option<u64>,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes read from disks.
    pub read: u64,
    /// Bytes written to disks.
    pub written: u64,
    /// Processes and threads.
    pub processes: u64,
}

impl Counters {
    /// Reads them of a container's cgroup; `pid` is a process in its network, where it has one of its own.
    pub fn read(cgroup: &Cgroup, pid: Option<i32>) -> Counters {
        of_cgroup(cgroup).with_machine(pid)
    }

    /// Adds up what processes use, where they have no cgroup: less than a cgroup counts, since files in memory are not
    /// a process's.
    pub fn add_up(pids: &[i32], pid: Option<i32>) -> Counters {
        processes::of_processes(pids).with_machine(pid)
    }

    fn with_machine(self, pid: Option<i32>) -> Counters {
        let (received, sent) =
            pid.map(|pid| network(&text(Path::new(&format!("/proc/{pid}/net/dev"))))).unwrap_or_default();
        let machine_cpu = system_ticks(&text(Path::new("/proc/stat"))) * (NANOS / TICKS);
        Counters { machine_cpu, received, sent, ..self }
    }
}

/// What its cgroup says.
fn of_cgroup(cgroup: &Cgroup) -> Counters {
    let of = |controller: &str, name: &str| text(&cgroup.file(controller, name));
    let unified = |controller: &str| cgroup.is_unified(controller);
    let cpu = match unified("cpuacct") {
        true => usage_usec(&of("cpuacct", "cpu.stat")) * 1000,
        false => number(&of("cpuacct", "cpuacct.usage")).unwrap_or(0),
    };
    let (usage, limit, inactive) = match unified("memory") {
        true => {
            let inactive = inactive_file_v2(&of("memory", "memory.stat"));
            (number(&of("memory", "memory.current")), number(&of("memory", "memory.max")), inactive)
        }
        false => {
            let inactive = inactive_file_v1(&of("memory", "memory.stat"));
            let limit = number(&of("memory", "memory.limit_in_bytes"));
            (number(&of("memory", "memory.usage_in_bytes")), limit, inactive)
        }
    };
    let usage = usage.unwrap_or(0);
    let (read, written) = match unified("blkio") {
        true => io_v2(&of("blkio", "io.stat")),
        false => io_v1(&of("blkio", "blkio.throttle.io_service_bytes_recursive")),
    };
    Counters {
        cpu,
        memory: if inactive < usage { usage - inactive } else { usage },
        memory_limit: limit,
        read,
        written,
        processes: from_line(&of("pids", "pids.current")),
        ..Counters::default()
    }
}

/// A file's text; empty when there is none.
fn text(path: &Path) -> String {
    let bytes = disk::read_named(path, FILE_BYTES_MAX).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine's hierarchies with these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn both_versions_of_cgroups_are_read() {
        let expect = Counters {
            cpu: 5_000_000,
            memory: 700,
            memory_limit: Some(4096),
            read: 30,
            written: 12,
            processes: 3,
            ..Counters::default()
        };
        let v1 = machine(&[
            ("cpuacct/strata/a/cpuacct.usage", "5000000\n"),
            ("memory/strata/a/memory.usage_in_bytes", "1000\n"),
            ("memory/strata/a/memory.limit_in_bytes", "4096\n"),
            ("memory/strata/a/memory.stat", "inactive_file 9\ntotal_inactive_file 300\n"),
            (
                "blkio/strata/a/blkio.throttle.io_service_bytes_recursive",
                "8:0 Read 10\n8:0 Write 12\n8:16 Read 20\nTotal 42\n",
            ),
            ("pids/strata/a/pids.current", "3\n"),
        ]);
        assert_eq!(of_cgroup(&Cgroup::below(v1.path(), "/strata/a")), expect);
        let v2 = machine(&[
            ("cgroup.controllers", "cpu io memory pids\n"),
            ("strata/a/cpu.stat", "usage_usec 5000\nuser_usec 1\n"),
            ("strata/a/memory.current", "1000\n"),
            ("strata/a/memory.max", "4096\n"),
            ("strata/a/memory.stat", "anon 1\ninactive_file 300\n"),
            ("strata/a/io.stat", "8:0 rbytes=10 wbytes=12 rios=1 wios=1\n8:16 rbytes=20 wbytes=0\n"),
            ("strata/a/pids.current", "3\n"),
        ]);
        assert_eq!(of_cgroup(&Cgroup::below(v2.path(), "strata/a")), expect);
        // Of both: what version 1 does not count here, version 2 does.
        let hybrid = machine(&[
            ("cpuacct/strata/a/cpuacct.usage", "5000000\n"),
            ("unified/strata/a/memory.current", "1000\n"),
            ("unified/strata/a/memory.max", "4096\n"),
            ("unified/strata/a/memory.stat", "inactive_file 300\n"),
            ("unified/strata/a/io.stat", "8:0 rbytes=30 wbytes=12\n"),
            ("pids/strata/a/pids.current", "3\n"),
        ]);
        assert_eq!(of_cgroup(&Cgroup::below(hybrid.path(), "strata/a")), expect);
    }

    #[test]
    fn what_is_not_there_counts_nothing() {
        let empty = machine(&[]);
        assert_eq!(of_cgroup(&Cgroup::below(empty.path(), "strata/a")), Counters::default());
        let unlimited =
            machine(&[("cgroup.controllers", ""), ("a/memory.current", "5"), ("a/memory.max", "max\n")]);
        let counters = of_cgroup(&Cgroup::below(unlimited.path(), "a"));
        assert_eq!((counters.memory, counters.memory_limit), (5, None));
    }

    #[test]
    fn this_process_counts() {
        let counters = Counters::read(&Cgroup::of("/"), i32::try_from(std::process::id()).ok());
        assert!(counters.machine_cpu > 0);
    }
}
