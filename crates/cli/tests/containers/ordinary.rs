//! Containers of an ordinary user: with ranges of numbers of their own, and alone.

use std::path::Path;
use std::process::Command;

use testkit::{Lack, OrdinaryUser, Scratch, skip};

/// What the tests' user may have.
const RANGES: &str = "tester:2000000:65536\n";
/// Programs that run containers, one of which there is.
const RUNTIMES: [&str; 2] = ["runc", "crun"];
/// A program that goes on until it is told to end, and ends with 3.
const PATIENT: &str =
    "bb:1 sh -c 'trap \"exit 3\" TERM; echo ready; touch /tmp/new; while :; do sleep 0.05; done'";

/// A user with a store, that has an image of one layer whose files have several owners.
struct Bench {
    scratch: Scratch,
    /// Goes last: the user ends with it.
    _user: OrdinaryUser,
}

impl Bench {
    /// Somebody who has these ranges; nothing where containers cannot run.
    fn new(ranges: &str) -> Option<Bench> {
        OrdinaryUser::new(ranges).and_then(Bench::of)
    }

    fn of(user: OrdinaryUser) -> Option<Bench> {
        if !Path::new("/bin/busybox").exists() || !skip::installed("tar") {
            skip::skip("needs a busybox at /bin/busybox, and tar");
            return None;
        }
        let scratch = Scratch::new(env!("CARGO_BIN_EXE_strata"));
        write_image(&scratch.work());
        let scratch = scratch.as_user(&user);
        scratch.run("import bb.tar bb:1").expect_success();
        Some(Bench { scratch, _user: user })
    }

    /// Somebody with ranges.
    fn with_ranges() -> Option<Bench> {
        Bench::new(RANGES).filter(|_| skip::installed("newuidmap"))
    }

    /// Somebody who is alone.
    fn alone() -> Option<Bench> {
        Bench::new("somebody:3000000:65536\n")
    }

    /// The command's output, without the last line break.
    #[track_caller]
    fn says(&self, line: &str) -> String {
        let outcome = self.scratch.run(line);
        outcome.expect_success();
        outcome.stdout.trim_end().to_owned()
    }

    /// What a container of each runtime prints.
    #[track_caller]
    fn check(&self, words: &str, expect: &str) {
        for runtime in runtimes() {
            let told = self.says(&format!("run --rm --network none --runtime {runtime} {words}"));
            assert_eq!(told, expect, "{runtime}: {words}");
        }
    }

    /// The command ends with this exit code and says so among other words.
    #[track_caller]
    fn is_refused(&self, line: &str, exit: i32, words: &str) {
        let outcome = self.scratch.run(line);
        outcome.expect_exit(exit);
        assert!(outcome.stderr.contains(words), "{words:?} in {outcome}");
    }

    #[track_caller]
    fn warns(&self, line: &str, words: &str) {
        let outcome = self.scratch.run(line);
        outcome.expect_success();
        assert!(outcome.stderr.contains(words), "{words:?} in {outcome}");
    }

    /// Everything a container goes through; `owners` are those of a file that root gave to 1000, and of joe's.
    fn lives(&self, runtime: &str, owners: &str) {
        self.says(&format!("run -d --name box --network none --runtime {runtime} -v kept:/v {PATIENT}"));
        assert_eq!(until_ready(self), "ready");
        assert_eq!(self.says("ps --format '{{.Names}} {{.Image}}'"), "box bb:1");
        assert_eq!(self.says("exec box id -u"), "0");
        self.says("exec box sh -c 'echo v > /v/f; chown 1000:1000 /tmp/new || true'");
        assert_eq!(self.says("exec box stat -c %u:%g /tmp/new /srv/joe/f"), owners);
        assert!(self.says("top box").contains("exit 3"), "top");
        let used = self.says("stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' box");
        assert!(!used.starts_with('0') && !used.contains(" 0B /"), "{used}");
        assert_eq!(self.says("inspect -f '{{.State.Status}} {{.GraphDriver.Name}}' box"), "running vfs");
        self.files_go_both_ways("running");
        assert_eq!(self.says("commit box com:1").len(), 71);
        self.is_refused("pause box", 1, "cgroup");
        assert_eq!(self.says("stop box"), "box");
        assert_eq!(self.says("inspect -f '{{.State.ExitCode}}' box"), "3");
        self.files_go_both_ways("stopped");
        let sized = self.says("ps -a --size --format '{{.Size}}'");
        assert!(sized.contains("virtual") && !sized.starts_with("0B"), "{sized}");
        assert!(self.says("diff box").lines().any(|line| line == "A /tmp/new"));
        let exported = self.scratch.shell("strata export box | tar tv --numeric-owner");
        let owner_of = |name: &str| {
            let line = exported.stdout.lines().find(|line| line.ends_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).unwrap_or_default().replace('/', ":")
        };
        assert_eq!(format!("{}\n{}", owner_of(" tmp/new"), owner_of(" srv/joe/f")), owners, "{exported}");
        assert_eq!(self.says("commit box com:2").len(), 71);
        for image in ["com:1", "com:2"] {
            let words = "stat -c %u:%g /tmp/new /srv/joe/f";
            assert_eq!(
                self.says(&format!("run --rm --network none --runtime {runtime} {image} {words}")),
                owners
            );
        }
        assert_eq!(self.says("start box"), "box");
        assert_eq!(self.says("kill box"), "box");
        assert_eq!(self.says("wait box"), "137");
        assert_eq!(self.says("rm box"), "box");
        assert_eq!(self.says("run --rm --network none -v kept:/v bb:1 cat /v/f"), "v");
    }

    fn files_go_both_ways(&self, state: &str) {
        self.scratch.write(state, state);
        self.says(&format!("cp {state} box:/tmp/{state}"));
        self.says(&format!("cp box:/tmp/{state} back"));
        self.says("cp -a box:/srv/joe joe");
        let read = self.scratch.shell("cat back joe/f && rm -r back joe");
        assert_eq!((read.stdout.as_str(), read.success()), (&*format!("{state}j\n"), true), "{read}");
    }

    /// Nothing is left that the user would have to ask root to remove.
    fn leaves_nothing(&self) {
        self.says("fsck");
        self.says("volume rm kept");
        self.says("system df");
        self.says("rmi com:1 com:2 bb:1");
        self.says("system prune --all --force --volumes");
        self.says("fsck");
        let root = self.scratch.root();
        for folder in ["layers/vfs-user", "snapshots/vfs-user", "trash", "leases", "containers"] {
            let names = || std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
            let left: Vec<_> = names()
                .map(|entry| entry.file_name())
                .filter(|name| name != "names.lock" && name != "changes.lock")
                .collect();
            assert!(left.is_empty(), "{left:?} in {folder}");
        }
        let removed = self.scratch.shell("rm -r \"$STRATA_ROOT\"/* \"$XDG_RUNTIME_DIR\"/*");
        assert!(removed.success(), "{removed}");
    }
}

fn until_ready(bench: &Bench) -> String {
    for _ in 0..200 {
        let said = bench.says("logs box");
        if !said.is_empty() && bench.scratch.run("exec box stat /tmp/new").success() {
            return said;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    "nothing".to_owned()
}

/// `bb.tar`: root's files and those of two others.
fn write_image(folder: &Path) {
    let script = "mkdir -p fs/bin fs/etc fs/tmp fs/data fs/srv/joe && cd fs && cp /bin/busybox bin/ && \
                  for a in sh cat ls sleep ln stat id touch chown true; do ln -s busybox bin/$a; done && \
                  printf 'root:x:0:0:root:/:/bin/sh\\njoe:x:1000:1000::/srv/joe:/bin/sh\\n' > etc/passwd && \
                  printf 'root:x:0:\\njoe:x:1000:\\n' > etc/group && echo d > data/f && echo j > srv/joe/f && \
                  chown -R 0:0 . && chown -R 33:44 data && chown -R 1000:1000 srv/joe && chmod 700 srv/joe && \
                  chmod 1777 tmp && tar --numeric-owner -cf ../bb.tar . && cd .. && rm -r fs";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).status();
    assert!(made.unwrap().success(), "an image");
}

fn runtimes() -> impl Iterator<Item = &'static str> {
    RUNTIMES.into_iter().filter(|runtime| skip::installed(runtime))
}

#[test]
fn with_ranges_all_have_their_files() {
    let Some(bench) = Bench::with_ranges() else { return };
    let files = "/bin/busybox /data /data/f /srv/joe";
    bench.check(&format!("bb:1 stat -c %u:%g:%a {files}"), "0:0:755\n33:44:755\n33:44:644\n1000:1000:700");
    bench.check("bb:1 id -u", "0");
    bench.check("-u joe bb:1 sh -c 'id -u; cat /srv/joe/f'", "1000\nj");
    bench.check("-u 1234:5678 bb:1 id", "uid=1234 gid=5678 groups=5678");
    bench.check("bb:1 sh -c 'touch /tmp/x && chown 77:88 /tmp/x && stat -c %u:%g /tmp/x'", "77:88");
    bench.check(
        "bb:1 cat /proc/self/uid_map",
        "         0      54321          1\n         1    2000000      65536",
    );
    bench.is_refused(
        "run --rm --network none -u 70000 bb:1 id",
        125,
        "user 70000 of the container is nobody",
    );
}

#[test]
fn alone_root_has_all_files() {
    let Some(bench) = Bench::alone() else { return };
    let why = "root is alone in your user namespace: /etc/subuid has no range";
    let first = |bench: &Bench| bench.scratch.run("run --rm --network none bb:1 id -u").stderr;
    if skip::installed("newuidmap") {
        assert!(first(&bench).contains(why));
    }
    let files = "/bin/busybox /data /data/f /srv/joe";
    bench.check(&format!("bb:1 stat -c %u:%g:%a {files}"), "0:0:755\n0:0:755\n0:0:644\n0:0:700");
    bench.check("bb:1 sh -c 'touch /tmp/x && stat -c %u:%g /tmp/x'", "0:0");
    bench.check("bb:1 cat /srv/joe/f", "j");
    bench.is_refused(
        "run --rm --network none -u 1000 bb:1 id",
        125,
        "have a range of numbers in /etc/subuid",
    );
    bench.is_refused("run --rm --network none bb:1 chown 1 /tmp", 1, "Invalid argument");
}

#[test]
fn containers_live_and_leave_nothing_with_ranges() {
    let Some(bench) = Bench::with_ranges() else { return };
    runtimes().for_each(|runtime| bench.lives(runtime, "1000:1000\n1000:1000"));
    // What belongs to somebody else in the container belongs to nobody outside.
    bench.says("run --rm --network none -v kept:/v bb:1 sh -c 'touch /v/x && chown -R 1000 /v'");
    bench.leaves_nothing();
}

#[test]
fn containers_live_and_leave_nothing_alone() {
    let Some(bench) = Bench::alone() else { return };
    runtimes().for_each(|runtime| bench.lives(runtime, "0:0\n0:0"));
    bench.leaves_nothing();
}

#[test]
fn what_an_ordinary_user_cannot_have_is_said() {
    let Some(bench) = Bench::alone() else { return };
    let bridge = "the bridge network needs root; --network host and --network none work without";
    bench.is_refused("run --rm bb:1 true", 125, bridge);
    bench.is_refused("run --rm -p 80 bb:1 true", 125, bridge);
    assert_eq!(bench.says("ps -aq"), "");
    bench.says("run --rm --network host bb:1 true");
    bench.warns(
        "run --rm --network none --memory 64m --cpus 1 --pids-limit 9 bb:1 id",
        "WARNING: Containers of an ordinary user have no cgroup. Discarded: --memory, --cpus, --pids-limit",
    );
    let most = bench.scratch.shell("ulimit -Hn").stdout.trim().to_owned();
    let above = "run --rm --network none --ulimit nofile=999999999 bb:1 true";
    bench.is_refused(above, 125, &format!("is above what this user may have, {most}"));
    assert!(bench.says("run --rm --network none --pid host bb:1 cat /proc/1/stat").starts_with("1 ("));
    let info = bench.says("info");
    for line in ["Cgroup Driver: none", "Network: host null", "  rootless", "users: root alone: "] {
        assert!(info.contains(line), "{line} in {info}");
    }
}

#[test]
fn what_is_missing_is_named_with_the_way_out() {
    let check = |lack: Lack, expect: &str| {
        let user = OrdinaryUser::lacking(RANGES, lack).filter(|_| skip::installed("newuidmap"));
        let Some(bench) = user.and_then(Bench::of) else { return };
        let told = bench.scratch.run("run --rm --network none bb:1 id -u");
        assert!(told.stderr.contains(expect), "{lack:?}: {expect:?} in {told}");
        let (exit, printed) = if lack == Lack::Mapper { (0, "0") } else { (125, "") };
        told.expect_exit(exit);
        assert_eq!(told.stdout.trim(), printed, "{lack:?}: {told}");
        // What needs no files goes on.
        bench.says("images");
        bench.says("rmi bb:1");
        bench.says("fsck");
    };
    check(Lack::Mapper, "newuidmap is not installed: it comes in the package uidmap");
    check(Lack::MapperPrivileges, "newuidmap and newgidmap lack the privileges of the package uidmap");
    check(Lack::Namespaces, "`sysctl -w user.max_user_namespaces=10000`, as root, allows it");
}

/// Who gets ranges later, or loses them, has images whose files have other owners from then on.
#[test]
fn layers_are_unpacked_anew_for_other_ranges() {
    let Some(before) = Bench::alone() else { return };
    let words = "run --rm --network none bb:1 stat -c %u:%g /data/f";
    assert_eq!(before.says(words), "0:0");
    let Some(user) = OrdinaryUser::new(RANGES).filter(|_| skip::installed("newuidmap")) else { return };
    let after = Bench { scratch: before.scratch.served_by(&user), _user: user };
    assert_eq!(after.says(words), "33:44");
    after.says("rmi bb:1");
}

/// A range that is too short serves those who are in it; the others' files are root's.
#[test]
fn short_ranges_serve_whom_they_can() {
    let Some(bench) = Bench::new("tester:2000000:40\n").filter(|_| skip::installed("newuidmap")) else {
        return;
    };
    bench.check("bb:1 stat -c %u:%g /data /srv/joe", "33:0\n0:0");
    bench.is_refused("run --rm --network none -u joe bb:1 id", 125, "user 1000 of the container is nobody");
    bench.says("rmi bb:1");
}

#[test]
fn without_a_folder_for_the_session_containers_run() {
    let Some(Bench { mut scratch, _user }) = Bench::alone() else { return };
    for folder in [None, Some("/nowhere"), Some("/etc")] {
        scratch = match folder {
            None => scratch.without_env("XDG_RUNTIME_DIR"),
            Some(folder) => scratch.env("XDG_RUNTIME_DIR", folder),
        };
        for line in ["run -d --name box --network none bb:1 sleep 60", "exec box id -u", "rm -f box"] {
            scratch.run(line).expect_success();
        }
    }
}

/// Whoever was killed while files had their owners given leaves none that the user cannot remove.
#[test]
fn what_a_kill_leaves_goes_with_the_next_removal() {
    let Some(bench) = Bench::with_ranges() else { return };
    for at in (20..220).step_by(25) {
        bench
            .scratch
            .shell(&format!("STRATA_FAULT=kill:{at} strata create --name box --network none bb:1 true"));
        bench.scratch.run("rm -f box");
        bench.says("rmi bb:1");
        bench.says("import bb.tar bb:1");
    }
    bench.says("fsck --repair");
    assert!(!bench.says("image prune --all --force").ends_with(" 0B"));
    let removed = bench.scratch.shell("rm -r \"$STRATA_ROOT\"/*");
    assert!(removed.success(), "{removed}");
}
