//! Limits reach the kernel: what is asked for stands in the container's cgroups while it runs.

use std::path::Path;

use testkit::{Scratch, skip};

use crate::{Container, running_bench};

const CGROUPS: &str = "/sys/fs/cgroup";

/// A program that runs, and the cgroups it is in.
struct Running<'s> {
    _container: Container<'s>,
    pid: String,
    cgroups: String,
}

impl<'s> Running<'s> {
    fn new(scratch: &'s Scratch, words: &str) -> Running<'s> {
        let container = Container::new(scratch, "run --detach", "limited", &format!("{words} bb:1 sleep 60"));
        let pid = scratch.run("inspect --format '{{.State.Pid}}' limited").stdout.trim().to_owned();
        let cgroups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        Running { _container: container, pid, cgroups }
    }

    /// A file of the cgroup that a controller has it in.
    fn file(&self, controller: &str, file: &str) -> String {
        let of = |line: &str| {
            line.split(':').nth(1).is_some_and(|names| names.split(',').any(|name| name == controller))
        };
        let line = self.cgroups.lines().find(|line| of(line)).unwrap();
        let path = line.splitn(3, ':').nth(2).unwrap();
        let file = format!("{CGROUPS}/{controller}{path}/{file}");
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}")).trim().to_owned()
    }
}

/// A disk of this machine: its path and its numbers.
fn disk() -> Option<(String, String)> {
    let partitions = std::fs::read_to_string("/proc/partitions").ok()?;
    let mut lines = partitions.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let is_whole = |name: &str| Path::new("/sys/block").join(name).join("queue").exists();
    lines.find_map(|fields| match fields[..] {
        [major, minor, _, name] if is_whole(name) && Path::new("/dev").join(name).exists() => {
            Some((format!("/dev/{name}"), format!("{major}:{minor}")))
        }
        _ => None,
    })
}

#[test]
fn limits_stand_in_the_containers_cgroups() {
    let Some(scratch) = running_bench() else { return };
    if !Path::new(CGROUPS).join("memory").exists() {
        skip::skip("needs cgroups of version 1");
        return;
    }
    let words = "--memory 64m --memory-swap 96m --memory-reservation 32m --memory-swappiness 40 --oom-kill-disable \
                 --cpu-shares 512 --cpu-period 50000 --cpu-quota 25000 --cpuset-cpus 0 --cpuset-mems 0 \
                 --pids-limit 50 --oom-score-adj 300 --device-cgroup-rule 'c 7:* rm'";
    let running = Running::new(&scratch, words);
    let check = |controller: &str, file: &str, expect: &str| {
        assert_eq!(running.file(controller, file), expect, "{file}");
    };
    check("memory", "memory.limit_in_bytes", "67108864");
    check("memory", "memory.soft_limit_in_bytes", "33554432");
    check("memory", "memory.swappiness", "40");
    assert!(running.file("memory", "memory.oom_control").starts_with("oom_kill_disable 1"));
    check("cpu", "cpu.shares", "512");
    check("cpu", "cpu.cfs_period_us", "50000");
    check("cpu", "cpu.cfs_quota_us", "25000");
    check("cpuset", "cpuset.cpus", "0");
    check("cpuset", "cpuset.mems", "0");
    check("pids", "pids.max", "50");
    assert!(running.file("devices", "devices.list").lines().any(|rule| rule == "c 7:* rm"));
    let score = std::fs::read_to_string(format!("/proc/{}/oom_score_adj", running.pid)).unwrap();
    assert_eq!(score.trim(), "300");
}

#[test]
fn limits_at_disks_stand_in_the_containers_cgroup() {
    let Some(scratch) = running_bench() else { return };
    let throttle = "blkio.throttle.read_bps_device";
    let Some((path, numbers)) = disk().filter(|_| Path::new(CGROUPS).join("blkio").join(throttle).exists())
    else {
        skip::skip("needs a disk and cgroups of version 1");
        return;
    };
    let words = format!(
        "--device-read-bps {path}:1mb --device-write-bps {path}:2mb --device-read-iops {path}:100 \
         --device-write-iops {path}:200"
    );
    let running = Running::new(&scratch, &words);
    for (file, rate) in
        [("read_bps", 1 << 20), ("write_bps", 2 << 20), ("read_iops", 100), ("write_iops", 200)]
    {
        let found = running.file("blkio", &format!("blkio.throttle.{file}_device"));
        assert_eq!(found, format!("{numbers} {rate}"), "{file}");
    }
    let shown = scratch.run("inspect --format '{{json .HostConfig.BlkioDeviceReadBps}}' limited").stdout;
    assert_eq!(shown.trim(), format!(r#"[{{"Path":"{path}","Rate":1048576}}]"#));
}

#[test]
fn what_cannot_be_had_is_refused_in_dockers_words() {
    let Some(scratch) = running_bench() else { return };
    let check = |words: &str, exit: i32, expect: &str| {
        let refused = scratch.run(&format!("run --rm --network none {words} bb:1 true"));
        refused.expect_exit(exit);
        assert!(refused.stderr.contains(expect), "{words}: {refused}");
    };
    check("--gpus all", 125, "could not select device driver \"\" with capabilities: [[gpu]]");
    check("--device vendor.com/gpu=0", 125, "could not select device driver \"cdi\" with capabilities: []");
    check("--device-read-bps /dev/nope:1mb", 127, "stat /dev/nope: no such file or directory");
    check("--restart bogus", 125, "conflicting options: cannot specify both --restart and --rm");
    check("--cpu-count 2", 1, "is only supported on a Docker daemon running on windows");
    check("--ipc nope", 125, "invalid IPC mode: nope");
    check("--cpuset-cpus 4000", 125, "Requested CPUs are not available - requested 4000, available: ");
    check("--volume-driver nope -v data:/data", 125, "plugin \"nope\" not found");
    let left = scratch.run("volume ls --quiet").stdout + &scratch.run("ps --all --quiet").stdout;
    assert_eq!(left, "");
}

#[test]
fn a_hook_of_nvidias_toolkit_is_told_which_devices_are_wanted() {
    let Some(scratch) = running_bench() else { return };
    let ran = scratch.shell(
        "mkdir hook && printf '#!/bin/sh\\necho \"$@\" > %s/hook/said\\n' \"$PWD\" > hook/nvidia-container-runtime-hook && \
         chmod +x hook/nvidia-container-runtime-hook && \
         PATH=$PWD/hook:$PATH strata run --rm --network none -e NVIDIA_VISIBLE_DEVICES=none --gpus 2 bb:1 \
         sh -c 'echo $NVIDIA_VISIBLE_DEVICES' && cat hook/said",
    );
    ran.expect_success();
    assert_eq!(ran.stdout, "0,1\nprestart\n");
}

#[test]
fn all_of_the_kernels_files_can_be_given() {
    let Some(scratch) = running_bench() else { return };
    let mounts = |words: &str| {
        let ran = scratch.run(&format!("run --rm --network none {words} bb:1 cat /proc/self/mountinfo"));
        ran.expect_success();
        ran.stdout.lines().filter(|line| line.contains(" /proc/")).count()
    };
    assert_ne!(mounts(""), 0);
    assert_eq!(mounts("--security-opt systempaths=unconfined"), 0);
}

#[test]
fn a_name_alone_takes_the_images_variable_away() {
    let Some(scratch) = running_bench() else { return };
    let line = "import --change 'ENV A=1' --change 'ENV B=2' bb.tar env:1";
    scratch.run(line).expect_success();
    let ran = scratch.run("run --rm --network none -e A -e C env:1 sh -c 'echo [$A] [$B] [$C]'");
    ran.expect_success();
    assert_eq!(ran.stdout, "[] [2] []\n");
}
