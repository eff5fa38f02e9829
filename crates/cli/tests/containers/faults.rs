//! Whatever dies or fails: nothing stays on the machine, and what is said about the container is so.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use testkit::{Scratch, until};

use crate::{Container, bench, running_bench};

/// Calls of a create are some forty; a loop that goes on longer does not end.
const CALLS_MAX: u32 = 300;
const ENOSPC: i32 = 28;
const SLEEP: &str = "bb:1 sleep 600";
const DEAF: &str = "bb:1 sh -c 'trap \"\" TERM; echo ready; while :; do sleep 1; done'";

fn id_of(scratch: &Scratch, name: &str) -> String {
    let told = scratch.run_args(&["inspect", "-f", "{{.Id}}", name].map(str::to_owned));
    told.expect_success();
    told.stdout.trim().to_owned()
}

fn state_file(scratch: &Scratch, id: &str) -> std::path::PathBuf {
    scratch.root().join("containers").join(id).join("state.json")
}

fn number(scratch: &Scratch, id: &str, key: &str) -> i64 {
    let state: Value = serde_json::from_slice(&std::fs::read(state_file(scratch, id)).unwrap()).unwrap();
    state[key].as_i64().unwrap()
}

fn kill(pid: i64) {
    let proc = format!("/proc/{pid}");
    assert!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    let is_gone =
        || std::fs::read_to_string(format!("{proc}/stat")).map_or(true, |stat| stat.contains(") Z "));
    until("a killed process goes", is_gone);
}

fn status(scratch: &Scratch, name: &str) -> String {
    let filter = format!("name={name}");
    let words = ["ps", "-a", "--filter", &filter, "--format", "{{.Status}}"].map(str::to_owned);
    scratch.run_args(&words).stdout.trim().to_owned()
}

fn expect_status(scratch: &Scratch, name: &str, begins: &str, when: &str) {
    let told = status(scratch, name);
    assert!(told.starts_with(begins), "{when}: {told:?} does not begin with {begins:?}");
}

/// The container can be removed, and neither mounts nor cgroups nor files of it are left.
fn goes_without_a_trace(scratch: &Scratch, name: &str, id: &str, when: &str) {
    scratch.run(&format!("rm --force {name}")).expect_success();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(id), "{when}: a mount is left");
    let cgroups = [format!("/sys/fs/cgroup/strata/{id}"), format!("/sys/fs/cgroup/memory/strata/{id}")];
    let left: Vec<_> = cgroups.iter().filter(|path| Path::new(path).exists()).collect();
    assert!(left.is_empty(), "{when}: {left:?} are left");
    assert_eq!(scratch.run("ps -aq").stdout, "", "{when}");
    let checked = scratch.run("fsck");
    assert!(checked.success(), "{when}: fsck says\n{}{}", checked.stdout, checked.stderr);
}

/// Ends with this exit code, and says so among other words.
#[track_caller]
fn is_refused(scratch: &Scratch, line: &str, exit: i32, words: &str) {
    let outcome = scratch.run(line);
    outcome.expect_exit(exit);
    assert!(outcome.stderr.contains(words), "{words:?} in {outcome}");
}

#[test]
fn a_program_outlives_its_monitor_and_can_be_ended() {
    let Some(scratch) = running_bench() else { return };
    for (pause, end, after) in [
        (false, "stop --time 1 c1", "Exited (137)"),
        (false, "kill c1", "Exited (137)"),
        (false, "rm --force c1", ""),
        (true, "rm --force c1", ""),
    ] {
        let _c1 = Container::new(&scratch, "run --detach", "c1", SLEEP);
        let id = id_of(&scratch, "c1");
        if pause {
            scratch.run("pause c1").expect_success();
        }
        kill(number(&scratch, &id, "Monitor"));
        expect_status(&scratch, "c1", "Up", end);
        scratch.run(end).expect_success();
        expect_status(&scratch, "c1", after, end);
        goes_without_a_trace(&scratch, "c1", &id, end);
    }
}

#[test]
fn what_ends_unseen_counts_as_ended() {
    let Some(scratch) = running_bench() else { return };
    for (keys, expect) in [(&["Pid"][..], "Exited (137)"), (&["Monitor", "Pid"], "Exited (255)")] {
        let when = format!("{keys:?} killed");
        let _c1 = Container::new(&scratch, "run --detach", "c1", SLEEP);
        let id = id_of(&scratch, "c1");
        let pids: Vec<i64> = keys.iter().map(|key| number(&scratch, &id, key)).collect();
        pids.into_iter().for_each(kill);
        until(&when, || status(&scratch, "c1").starts_with(expect));
        scratch.run("start c1").expect_success();
        expect_status(&scratch, "c1", "Up", &when);
        goes_without_a_trace(&scratch, "c1", &id, &when);
    }
}

#[test]
fn nothing_runs_on_after_a_restart_of_the_machine() {
    let Some(scratch) = running_bench() else { return };
    let _c1 = Container::new(&scratch, "run --detach", "c1", SLEEP);
    let id = id_of(&scratch, "c1");
    for key in ["Monitor", "Pid"] {
        kill(number(&scratch, &id, key));
    }
    let file = state_file(&scratch, &id);
    let mut state: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    state["Boot"] = "00000000-0000-0000-0000-000000000000".into();
    // Its number belongs to somebody else now.
    state["Pid"] = std::process::id().into();
    std::fs::write(&file, state.to_string()).unwrap();
    expect_status(&scratch, "c1", "Exited (255)", "another boot");
    goes_without_a_trace(&scratch, "c1", &id, "another boot");
}

#[test]
fn a_runtime_that_fails_leaves_a_container_that_did_not_start() {
    let Some(scratch) = running_bench() else { return };
    let real = scratch.shell("PATH=$PATH:/usr/sbin command -v runc").stdout.trim().to_owned();
    for (when, at_run) in [
        ("fails", "exit 1".to_owned()),
        ("is killed", "kill -9 $$".to_owned()),
        ("is killed when the program runs", format!("{real} \"$@\"; kill -9 $$")),
    ] {
        let script =
            format!("#!/bin/sh\nfor a; do case $a in run) {at_run};; esac; done\nexec {real} \"$@\"\n");
        let wrapper = scratch.write("runc", script);
        scratch.shell(&format!("chmod 755 {}", wrapper.display())).expect_success();
        let line = format!("run -d --network none --name c1 --runtime {} {SLEEP}", wrapper.display());
        is_refused(&scratch, &line, 125, "runc create failed");
        expect_status(&scratch, "c1", "Created", when);
        let id = id_of(&scratch, "c1");
        goes_without_a_trace(&scratch, "c1", &id, when);
    }
    let missing = format!("run --network none --runtime nosuch {SLEEP}");
    is_refused(&scratch, &missing, 125, "unknown or invalid runtime name: nosuch");
}

#[test]
fn starts_at_once_start_one_program() {
    let Some(scratch) = running_bench() else { return };
    for round in 0..5 {
        let _c1 = Container::new(&scratch, "create", "c1", SLEEP);
        let id = id_of(&scratch, "c1");
        let starts: Vec<_> = (0..6).map(|_| scratch.start("start c1")).collect();
        for start in starts {
            start.wait().expect_success();
        }
        expect_status(&scratch, "c1", "Up", "all started");
        let listed = scratch.run("top c1").stdout;
        assert_eq!(listed.matches("sleep 600").count(), 1, "round {round}: {listed}");
        goes_without_a_trace(&scratch, "c1", &id, "started by many");
    }
}

#[test]
fn the_deaf_are_killed_and_removed_while_somebody_stops_them() {
    let Some(scratch) = running_bench() else { return };
    let ready = |when: &str| until(when, || scratch.run("logs c1").stdout.contains("ready"));
    let c1 = Container::new(&scratch, "run --detach", "c1", DEAF);
    ready("the first is ready");
    scratch.run("stop --time 1 c1").expect_success();
    expect_status(&scratch, "c1", "Exited (137)", "stopped");
    drop(c1);
    let _c1 = Container::new(&scratch, "run --detach", "c1", DEAF);
    ready("the second is ready");
    let id = id_of(&scratch, "c1");
    let stop = scratch.start("stop --time 30 c1");
    is_refused(&scratch, "rm c1", 1, "container is running");
    goes_without_a_trace(&scratch, "c1", &id, "removed while it is stopped");
    stop.wait();
}

#[test]
fn limits_hold() {
    let Some(scratch) = running_bench() else { return };
    let bomb = "bb:1 sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 9 & done; echo through'";
    let forked = scratch.run(&format!("run --rm --network none --pids-limit 8 {bomb}"));
    assert!(!forked.success() && !forked.stdout.contains("through"), "{}", forked.stdout);
    scratch.run(&format!("run --rm --network none {bomb}")).expect_success().expect_stdout("through\n");
    let eater = "bb:1 sh -c 'x=x; while :; do x=$x$x; done'";
    scratch.run(&format!("run --network none --name c1 -m 20m --memory-swap 20m {eater}")).expect_exit(137);
    let told = scratch.run("inspect -f {{.State.OOMKilled}} c1");
    told.expect_stdout("true\n");
    let id = id_of(&scratch, "c1");
    goes_without_a_trace(&scratch, "c1", &id, "out of memory");
}

#[test]
fn policies_restart_and_a_stop_ends_them() {
    let Some(scratch) = running_bench() else { return };
    let restarts = || scratch.run("inspect -f {{.RestartCount}} c1").stdout.trim().parse::<u32>().unwrap();
    let c1 = Container::new(&scratch, "run -d --restart on-failure:2", "c1", "bb:1 sh -c 'echo hi; exit 3'");
    until("it gives up", || restarts() == 2 && status(&scratch, "c1").starts_with("Exited (3)"));
    scratch.run("logs c1").expect_stdout("hi\nhi\nhi\n");
    drop(c1);
    for policy in ["always", "unless-stopped"] {
        let command = format!("run -d --restart {policy}");
        let _c1 = Container::new(&scratch, &command, "c1", "bb:1 sh -c 'exit 0'");
        until(policy, || restarts() >= 2);
        scratch.run("stop --time 1 c1").expect_success();
        expect_status(&scratch, "c1", "Exited (0)", policy);
        let count = restarts();
        // The next pause would have been shorter.
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(restarts(), count, "{policy}: started after the stop");
        let id = id_of(&scratch, "c1");
        goes_without_a_trace(&scratch, "c1", &id, policy);
    }
}

#[test]
fn health_is_told_and_the_frozen_run_nothing() {
    let Some(scratch) = running_bench() else { return };
    let words = format!("--health-cmd 'cat /tmp/well' --health-interval 200ms --health-retries 2 {SLEEP}");
    let _c1 = Container::new(&scratch, "run --detach", "c1", &words);
    until("it is unwell", || status(&scratch, "c1").contains("(unhealthy)"));
    scratch.run("exec c1 sh -c 'echo > /tmp/well'").expect_success();
    until("it is well", || status(&scratch, "c1").contains("(healthy)"));
    scratch.run("pause c1").expect_success();
    is_refused(&scratch, "exec c1 ls", 1, "is paused, unpause the container before exec");
    let id = id_of(&scratch, "c1");
    goes_without_a_trace(&scratch, "c1", &id, "frozen");
}

#[test]
fn a_name_is_free_when_run_rm_returns() {
    let Some(scratch) = running_bench() else { return };
    for _ in 0..10 {
        scratch.run("run --rm --name c1 --network none bb:1 ls /bin").expect_success();
    }
    assert_eq!(scratch.run("ps -aq").stdout, "");
}

/// For N = 1, 2, … until the command gets through: killed, or failing, at its N-th disk operation.
fn at_every_call(scratch: &Scratch, before: Option<&str>, command: &str, fault: &dyn Fn(u32) -> String) {
    for at in 1..CALLS_MAX {
        if let Some(before) = before {
            scratch.run(before).expect_success();
        }
        let when = format!("{command} with {}", fault(at));
        let outcome = scratch.shell(&format!("STRATA_FAULT={} strata {command}", fault(at)));
        assert!(!outcome.stderr.contains("panicked"), "{when}: {}", outcome.stderr);
        if fault(at).starts_with("kill") {
            // Files without a record are what a kill between the two leaves; repairs and prunes know them.
            scratch.run(if at % 2 == 0 { "fsck --repair" } else { "container prune -f --filter label=no" });
        }
        scratch.run("rm --force c1").expect_success();
        assert_eq!(scratch.run("ps -aq").stdout, "", "{when}");
        let checked = scratch.run("fsck");
        assert!(checked.success(), "{when}: fsck says\n{}", checked.stdout);
        if outcome.success() {
            assert!(at > 5, "{when}: the command passes hardly any fault point");
            return;
        }
    }
    panic!("{command} did not get through in {CALLS_MAX} calls");
}

const CREATE: &str = "create --name c1 --network none bb:1 ls /bin";
const RUN: &str = "run --name c1 --network none bb:1 ls /bin";

#[test]
fn a_create_leaves_nothing_wherever_it_is_cut_off() {
    let Some(scratch) = bench() else { return };
    at_every_call(&scratch, None, CREATE, &|at| format!("kill:{at}"));
    at_every_call(&scratch, None, CREATE, &|at| format!("fail:{at}:{ENOSPC}"));
}

#[test]
fn a_run_leaves_nothing_wherever_it_is_cut_off() {
    let Some(scratch) = running_bench() else { return };
    at_every_call(&scratch, None, RUN, &|at| format!("kill:{at}"));
    at_every_call(&scratch, None, RUN, &|at| format!("fail:{at}:{ENOSPC}"));
}

#[test]
fn a_removal_is_finished_by_the_next_wherever_it_is_cut_off() {
    let Some(scratch) = running_bench() else { return };
    let before = Some("run -d --name c1 --network none bb:1 sleep 600");
    at_every_call(&scratch, before, "rm --force c1", &|at| format!("kill:{at}"));
    at_every_call(&scratch, before, "rm --force c1", &|at| format!("fail:{at}:{ENOSPC}"));
}

#[test]
fn a_start_leaves_nothing_wherever_it_is_cut_off() {
    let Some(scratch) = running_bench() else { return };
    let before = Some("create --name c1 --network none bb:1 sleep 600");
    at_every_call(&scratch, before, "start c1", &|at| format!("kill:{at}"));
}

/// The command only asks: it is the monitor that is killed here, wherever it is on its way to the end.
#[test]
fn a_stop_leaves_nothing_wherever_the_monitor_is_killed() {
    let Some(scratch) = running_bench() else { return };
    let (mut stopped, mut went_well) = (0, 0);
    for at in 1..CALLS_MAX {
        let when = format!("the monitor of a container that is stopped, kill:{at}");
        let line = "run -d --name c1 --network none bb:1 sleep 600";
        if scratch.shell(&format!("STRATA_FAULT=kill:{at} strata {line}")).success() {
            stopped += 1;
            let id = id_of(&scratch, "c1");
            scratch.run("stop --time 0 c1");
            let is_well = scratch.run("fsck").success() && status(&scratch, "c1").starts_with("Exited (137)");
            went_well = if is_well { went_well + 1 } else { 0 };
            goes_without_a_trace(&scratch, "c1", &id, &when);
        } else {
            scratch.run("rm --force c1");
            scratch.run("fsck --repair");
        }
        if went_well == 3 {
            assert!(stopped > 5, "{when}: hardly any fault point on the way");
            return;
        }
    }
    panic!("no stop went well in {CALLS_MAX} calls");
}

/// Somebody repairs all the time; containers come and go all the same.
#[test]
fn repairs_and_prunes_leave_alone_what_is_being_made() {
    let Some(scratch) = running_bench() else { return };
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for line in ["fsck --repair", "volume prune -f", "fsck", "ps -as", "system df -v"] {
            let (scratch, is_over) = (&scratch, &is_over);
            scope.spawn(move || {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    scratch.run(line).expect_success();
                }
            });
        }
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..30 {
                scratch.run("run -d --name c1 -v /tmp --network none bb:1 sleep 600").expect_success();
                scratch.run("exec c1 ls /bin/sh").expect_success().expect_stdout("/bin/sh\n");
                scratch.run("rm -f -v c1").expect_success();
                let line = format!("create --name c{round} --network none bb:1 ls");
                scratch.run(&line).expect_success();
                scratch.run(&format!("start -a c{round}")).expect_success();
                scratch.run(&format!("rm c{round}")).expect_success();
            }
        }));
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        made.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    assert_eq!(scratch.run("ps -aq").stdout, "");
}

/// A file system of so many bytes, in memory, that goes with the test.
struct Small(std::path::PathBuf);

impl Small {
    fn mount(path: std::path::PathBuf, size: &str) -> Small {
        std::fs::create_dir_all(&path).unwrap();
        let line = format!("mount -t tmpfs -o mode=755,size={size} none {}", path.display());
        testkit::peers::run(&line);
        Small(path)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        testkit::peers::run(&format!("umount --lazy {}", self.0.display()));
    }
}

#[test]
fn a_full_disk_costs_log_lines_and_nothing_else() {
    let Some(scratch) = running_bench() else { return };
    let small = Small::mount(scratch.path("small"), "12m");
    let root = small.0.display().to_string();
    scratch.shell(&format!("strata save bb:1 | strata --root {root} load")).expect_success();
    let scratch = scratch.env("STRATA_ROOT", root);
    let line = "run --name c1 --network none bb:1 sh -c \
                'head -c 20000000 /dev/zero | tr \\\\0 x; echo; echo end >&2; exit 4'";
    let words = testkit::scratch::split(line);
    let ran = scratch.run_args(&words);
    ran.expect_exit(4).expect_stderr("end\n");
    assert_eq!(ran.stdout.len(), 20_000_001, "who is attached gets everything");
    expect_status(&scratch, "c1", "Exited (4)", "its log filled the disk");
    let logged = scratch.run("logs c1");
    logged.expect_success();
    assert!(!logged.stdout.is_empty() && logged.stdout.len() < 12 << 20, "{} bytes", logged.stdout.len());
    let id = id_of(&scratch, "c1");
    goes_without_a_trace(&scratch, "c1", &id, "its log filled the disk");
    scratch.run("run --rm --network none bb:1 ls /bin/sh").expect_success();
}

/// The monitor is killed at some of its calls, before, while and after it makes the network.
#[test]
fn a_published_port_is_let_go_wherever_the_monitor_is_killed() {
    let Some(scratch) = running_bench() else { return };
    if !testkit::skip::bridge() {
        return;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rules = || scratch.shell("iptables-save").stdout.matches(&format!(" {port} ")).count();
    let run = format!("run -d --name c1 -p {port}:80 bb:1 sleep 600");
    scratch.run(&run).expect_success();
    assert!(rules() > 0, "{}", scratch.shell("iptables-save").stdout);
    let id = id_of(&scratch, "c1");
    kill(number(&scratch, &id, "Monitor"));
    goes_without_a_trace(&scratch, "c1", &id, "killed while it runs");
    for at in (33..80).step_by(3) {
        let when = format!("kill:{at}");
        if scratch.shell(&format!("STRATA_FAULT={when} strata {run}")).success() {
            let id = id_of(&scratch, "c1");
            goes_without_a_trace(&scratch, "c1", &id, &when);
        }
        scratch.run("rm --force c1");
        scratch.run("fsck --repair").expect_success();
        assert_eq!(rules(), 0, "{when}");
        std::net::TcpListener::bind(("127.0.0.1", port)).unwrap_or_else(|e| panic!("{when}: {port}: {e}"));
    }
}

/// An overlay that is mounted twice loses its work folder to the second mount: copies and starts take turns.
#[test]
fn a_container_starts_while_its_files_are_looked_at_and_changed() {
    let Some(scratch) = running_bench() else { return };
    scratch.write("file", "x".repeat(100_000));
    let made =
        "bb:1 sh -c 'for i in 1 2 3 4 5 6 7 8 9; do ln -s $i /root/$i; cat /etc/passwd >> /etc/new; done'";
    for round in 0..8 {
        let _c1 = Container::new(&scratch, "create", "c1", made);
        let copies: Vec<_> =
            ["cp file c1:/tmp/1", "diff c1", "cp file c1:/tmp/2", "cp c1:/etc/passwd -", "commit c1"]
                .map(|line| (line, scratch.start(line)))
                .into();
        let started = scratch.run("start --attach c1");
        assert!(started.success(), "round {round}: {started}");
        for (line, copy) in copies {
            let outcome = copy.wait();
            assert!(outcome.success(), "round {round}: {line}: {outcome}");
        }
        let changed = scratch.run("diff c1").stdout;
        for path in ["/tmp/1", "/tmp/2", "/root/9", "/etc/new"] {
            assert!(changed.contains(&format!("A {path}\n")), "round {round}: {path} is not in\n{changed}");
        }
    }
}
