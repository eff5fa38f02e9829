//! Real runtimes with a configuration of ours, and ones that only look like one.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::pipe::{PipeFlags, pipe, pipe_with};

use super::*;
use crate::network::{Namespace, container_for_tests};
use crate::oci::{self, Bundle, ExecAsked, Space};
use crate::record::{Container, ContainerId, MountKind, MountPoint};

/// A program that needs no library, for an image of one file.
const BUSYBOX: &str = "/bin/busybox";

/// A container's files and what a runtime needs.
struct Stage {
    tmp: tempfile::TempDir,
    runtime: Runtime,
    container: Container,
}

impl Stage {
    /// Nothing where no container can be made.
    fn new(number: u8) -> Option<Stage> {
        let skip = |why: &str| {
            eprintln!("skipped: {why}");
            None
        };
        if !rustix::process::geteuid().is_root() || crate::user_namespace::is_inside() {
            return skip("only root makes containers");
        }
        if !Path::new(BUSYBOX).exists() {
            return skip("there is no busybox for the image (package busybox-static)");
        }
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().join("root");
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::create_dir(root.join("etc")).unwrap();
        std::fs::copy(BUSYBOX, root.join("bin/busybox")).unwrap();
        for name in ["sh", "cat", "id", "env", "ls", "sleep", "true", "stty", "grep"] {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
        }
        std::fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\napp:x:7:8::/srv/app:\n")
            .unwrap();
        std::fs::write(root.join("etc/group"), "root:x:0:\nextra:x:9:app\n").unwrap();
        std::fs::write(root.join("notexec"), "x").unwrap();
        let runtime = match Runtime::find("", std::env::var_os("PATH").as_deref(), tmp.path().join("state")) {
            Ok(runtime) => runtime,
            Err(error) => return skip(&error.to_string()),
        };
        let mut container = container_for_tests();
        let mut id = [number; 32];
        id[1..5].copy_from_slice(&std::process::id().to_be_bytes());
        container.id = ContainerId::from_bytes(&id);
        container.host_config.network_mode = "none".to_owned();
        Some(Stage { tmp, runtime, container })
    }

    fn root(&self) -> PathBuf {
        self.tmp.path().join("root")
    }

    fn id(&self) -> &str {
        self.container.id.as_str()
    }

    /// Starts the container; what it writes.
    fn start(&self, argv: &[&str], console: Option<&Path>) -> Result<File, RuntimeError> {
        let mut container = self.container.clone();
        container.argv = argv.iter().map(|text| (*text).to_owned()).collect();
        let config = oci::config(&Bundle {
            variables: &[],
            gpu_hook: None,
            container: &container,
            rootfs: &self.root(),
            network: &Namespace::New,
            hostname: "web",
            files: None,
            pid: Space::Own,
            ipc: Space::Own,
            shm: None,
            cgroup: &format!("/strata-test-{}", self.id()),
            init: None,
            rootless: None,
        })
        .unwrap();
        std::fs::write(self.tmp.path().join("config.json"), config.to_string()).unwrap();
        let (out, stdio) = streams();
        let pid_file = self.tmp.path().join("pid");
        self.runtime.run_detached(self.id(), self.tmp.path(), &pid_file, console, stdio)?;
        assert!(std::fs::read_to_string(pid_file).unwrap().trim().parse::<i32>().unwrap() > 1);
        Ok(out)
    }

    fn run(&self, argv: &[&str]) -> Result<String, String> {
        let started = self.start(argv, None).map(|mut out| {
            let mut text = String::new();
            out.read_to_string(&mut text).unwrap();
            text
        });
        let _ = self.runtime.delete(self.id(), true);
        started.map_err(|error| error.to_string())
    }

    fn exec(&self, asked: &ExecAsked) -> Result<String, RuntimeError> {
        let process = oci::exec_process(asked, &self.container, &[], &self.root()).unwrap();
        let document = self.tmp.path().join("exec.json");
        std::fs::write(&document, process.to_string()).unwrap();
        let (mut out, stdio) = streams();
        self.runtime.exec(self.id(), &document, &self.tmp.path().join("exec.pid"), None, stdio)?;
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        Ok(text)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.runtime.delete(self.id(), true);
    }
}

/// Nothing to read, and one pipe for everything that is written.
fn streams() -> (File, Stdio3) {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let stdin = OwnedFd::from(File::open("/dev/null").unwrap());
    let stdio = Stdio3 { stdin, stdout: write.try_clone().unwrap(), stderr: write };
    (File::from(read), stdio)
}

#[test]
fn containers_run_as_they_are_described() {
    let Some(mut stage) = Stage::new(1) else { return };
    let check =
        |stage: &Stage, argv: &[&str], expect: &str| assert_eq!(stage.run(argv).unwrap(), expect, "{argv:?}");
    check(&stage, &["id"], "uid=0(root) gid=0(root) groups=0(root)\n");
    stage.container.config.user = "app".to_owned();
    stage.container.config.working_dir = "/new/place".to_owned();
    stage.container.config.env = vec!["A=b c".to_owned()];
    check(&stage, &["id"], "uid=7(app) gid=8 groups=8,9(extra)\n");
    check(&stage, &["sh", "-c", "pwd; echo $A $HOME $HOSTNAME"], "/new/place\nb c /srv/app web\n");
    let effective = stage.run(&["grep", "-E", "Cap(Inh|Prm|Eff|Amb)", "/proc/self/status"]).unwrap();
    assert!(effective.lines().all(|line| line.ends_with("0000000000000000")), "{effective}");
}

#[test]
fn run_2_the_kernels_files_are_masked_and_closed() {
    let Some(stage) = Stage::new(2) else { return };
    let script = "(echo x > /proc/sysrq-trigger) 2>/dev/null && echo open; cat /proc/interrupts /proc/keys 2>/dev/null; ls /sys/firmware 2>/dev/null; \
                  (echo 1 > /proc/sys/vm/swappiness) 2>/dev/null && echo open; mount -t tmpfs x /etc 2>/dev/null && \
                  echo mounted; grep Seccomp: /proc/self/status";
    assert!(!std::fs::read("/proc/interrupts").unwrap().is_empty(), "there is something to hide");
    assert_eq!(stage.run(&["sh", "-c", script]).unwrap(), "Seccomp:\t2\n");
}

#[test]
fn run_3_mounts_stay_in_the_container() {
    let Some(mut stage) = Stage::new(3) else { return };
    let outside = stage.tmp.path().join("outside");
    let source = stage.tmp.path().join("source");
    for folder in [&outside, &source] {
        std::fs::create_dir(folder).unwrap();
    }
    std::fs::write(source.join("file"), "mounted\n").unwrap();
    std::os::unix::fs::symlink(&outside, stage.root().join("link")).unwrap();
    std::os::unix::fs::symlink("../../../../..", stage.root().join("up")).unwrap();
    let point = |destination: String| MountPoint {
        kind: MountKind::Bind,
        source: source.to_str().unwrap().to_owned(),
        destination,
        rw: true,
        propagation: "rprivate".to_owned(),
        ..MountPoint::default()
    };
    stage.container.mounts =
        vec![point("/link/data".to_owned()), point(format!("/up{}/other", outside.display()))];
    let inside = outside.to_str().unwrap();
    let script = format!("cat {inside}/data/file {inside}/other/file");
    assert_eq!(stage.run(&["sh", "-c", &script]).unwrap(), "mounted\nmounted\n");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "nothing was made outside");
}

#[test]
fn programs_that_cannot_be_started_are_refused_in_dockers_words() {
    let Some(mut stage) = Stage::new(4) else { return };
    let begin = format!(
        "failed to create task for container: failed to create shim task: OCI runtime create failed: {} create failed: \
         unable to start container process: error during container init: ",
        stage.runtime.name
    );
    let check = |stage: &Stage, program: &str, failure: Failure, expect: &str| {
        let error = stage.start(&[program], None).unwrap_err();
        assert!(
            matches!(&error, RuntimeError::Refused { failure: found, .. } if *found == failure),
            "{error:?}"
        );
        assert_eq!(error.to_string(), format!("{begin}{expect}"));
        let _ = stage.runtime.delete(stage.id(), true);
    };
    check(&stage, "nosuchcmd", Failure::NotFound, "exec: \"nosuchcmd\": executable file not found in $PATH");
    check(&stage, "/nosuch", Failure::NotFound, "exec: \"/nosuch\": stat /nosuch: no such file or directory");
    check(&stage, "/etc", Failure::NotExecutable, "exec: \"/etc\": is a directory: permission denied");
    check(&stage, "/notexec", Failure::NotExecutable, "exec: \"/notexec\": permission denied");
    stage.container.argv = vec!["sleep".to_owned(), "60".to_owned()];
    let out = stage.start(&["sleep", "60"], None).unwrap();
    let exec = |program: &str| {
        stage
            .exec(&ExecAsked { argv: vec![program.to_owned()], ..ExecAsked::default() })
            .map_err(|e| e.to_string())
    };
    assert_eq!(exec("id").unwrap(), "uid=0(root) gid=0(root) groups=0(root)\n");
    let begin = "OCI runtime exec failed: exec failed: unable to start container process: ";
    assert_eq!(
        exec("nosuch").unwrap_err(),
        format!("{begin}exec: \"nosuch\": executable file not found in $PATH")
    );
    drop(out);
}

#[test]
fn run_1_programs_get_three_descriptors() {
    let Some(stage) = Stage::new(5) else { return };
    // One that is passed on to whatever is started.
    let (leaked, _other_end) = pipe().unwrap();
    let name =
        std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&leaked))).unwrap();
    let listed = stage.run(&["sh", "-c", "ls -l /proc/self/fd"]).unwrap();
    assert!(!listed.contains(name.to_str().unwrap()), "{listed}");
    // What `ls` has opened itself is gone when it looks.
    assert_eq!(listed.lines().filter(|line| line.contains(" -> ")).count(), 3, "{listed}");
}

#[test]
fn terminals_are_handed_over_and_sized() {
    let Some(mut stage) = Stage::new(6) else { return };
    stage.container.config.tty = true;
    let folder = disk::Dir::open(stage.tmp.path()).unwrap();
    let socket = console::ConsoleSocket::bind(&folder, "console").unwrap();
    drop(stage.start(&["sh", "-c", "sleep 0.3; stty size"], Some(&socket.path())).unwrap());
    let terminal = socket.receive().unwrap();
    assert!(!stage.tmp.path().join("console").exists());
    console::resize(terminal.as_fd(), 33, 77).unwrap();
    let mut text = Vec::new();
    // The kernel says that nobody has the other side any more with an error.
    let _ = File::from(terminal).read_to_end(&mut text);
    assert_eq!(String::from_utf8_lossy(&text), "33 77\r\n");
}

#[test]
fn containers_are_frozen_and_removed() {
    let Some(stage) = Stage::new(7) else { return };
    let mut out = stage.start(&["sh", "-c", "while true; do echo x; sleep 0.01; done"], None).unwrap();
    let mut byte = [0];
    out.read_exact(&mut byte).unwrap();
    stage.runtime.pause(stage.id()).unwrap();
    stage.runtime.resume(stage.id()).unwrap();
    out.read_exact(&mut byte).unwrap();
    stage.runtime.delete(stage.id(), true).unwrap();
    let begin = Instant::now();
    let mut rest = Vec::new();
    out.read_to_end(&mut rest).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10));
    stage.runtime.delete(stage.id(), true).unwrap();
    let error = stage.runtime.pause(stage.id()).unwrap_err();
    assert!(matches!(error, RuntimeError::Refused { failure: _, .. }), "{error:?}");
}

/// A program that only looks like a runtime.
fn fake(script: &str) -> (tempfile::TempDir, Runtime) {
    let tmp = tempfile::tempdir().unwrap();
    let path = tmp.path().join("fake");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let runtime =
        Runtime { name: "fake".to_owned(), path, version: "1".to_owned(), state: tmp.path().to_owned() };
    (tmp, runtime)
}

#[test]
fn run_1_inherited_descriptors_stay_here() {
    let (tmp, runtime) = fake("ls -l /proc/self/fd");
    let (leaked, _other_end) = pipe().unwrap();
    let name =
        std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&leaked))).unwrap();
    let (mut out, stdio) = streams();
    runtime.run_detached("x", tmp.path(), &tmp.path().join("pid"), None, stdio).unwrap();
    let mut listed = String::new();
    out.read_to_string(&mut listed).unwrap();
    assert!(listed.contains(" 0 -> /dev/null"), "{listed}");
    assert!(!listed.contains(name.to_str().unwrap()), "{listed}");
}

#[test]
fn run_6_runtimes_inherit_no_environment() {
    let (tmp, runtime) = fake("env");
    let (mut out, stdio) = streams();
    runtime.run_detached("x", tmp.path(), &tmp.path().join("pid"), None, stdio).unwrap();
    let mut listed = String::new();
    out.read_to_string(&mut listed).unwrap();
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some() && !listed.contains("CARGO"), "{listed}");
    assert!(listed.contains("PATH=/usr/local/sbin:"), "{listed}");
}

#[test]
fn a_runtime_that_says_nothing_is_said_to_have_failed() {
    let (tmp, runtime) = fake("exit 3");
    let (_out, stdio) = streams();
    let error = runtime.run_detached("x", tmp.path(), &tmp.path().join("pid"), None, stdio).unwrap_err();
    assert!(error.to_string().ends_with("fake create failed: fake ended with exit status: 3"), "{error}");
    let gone = Runtime { path: tmp.path().join("gone"), ..runtime };
    let error = gone.delete("x", true).unwrap_err();
    assert!(matches!(error, RuntimeError::Run { .. }), "{error:?}");
}
