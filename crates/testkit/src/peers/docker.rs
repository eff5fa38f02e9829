//! Docker's engine.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{installed, run, try_run};
use crate::skip;

/// How long it may take until it answers.
const START: Duration = Duration::from_secs(60);
/// Debian's client, which fits Debian's engine: another one may come before it in the path.
const DEBIANS_CLIENT: &str = "/usr/bin/docker";

/// A Docker engine with data and configuration of its own, which ends with the test.
pub struct Docker {
    child: Child,
    folder: tempfile::TempDir,
}

impl Docker {
    /// One that reaches registries without a proxy; nothing where it cannot run.
    pub fn start() -> Option<Docker> {
        Docker::with_environment(&[])
    }

    /// One with further variables in its environment, such as those that name a proxy.
    ///
    /// # Panics
    /// When there is no room in `/var/tmp`.
    pub fn with_environment(variables: &[(&str, &str)]) -> Option<Docker> {
        if !skip::root() || !installed(&["dockerd", "docker", "unshare"]) {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("dockerd").tempdir_in("/var/tmp");
        let folder = folder.expect("a folder in /var/tmp");
        for name in ["etc/certs.d", "home"] {
            fs::create_dir_all(folder.path().join(name)).expect("a folder in /var/tmp");
        }
        let at = folder.path().display().to_string();
        // Its configuration has one place only, /etc/docker: there it sees a folder of the test's.
        let line = format!(
            "mkdir -p /etc/docker && mount --bind {at}/etc /etc/docker && exec dockerd --storage-driver overlay2 \
             --bridge none --iptables=false --ip6tables=false --data-root {at}/data --exec-root {at}/exec \
             --pidfile {at}/pid --host unix://{at}/sock"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &line]).envs(variables.iter().copied());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let mut docker = Docker { child, folder };
        let deadline = Instant::now() + START;
        while !try_run(&docker.line("version")).status.success() {
            let ended = docker.child.try_wait().is_ok_and(|ended| ended.is_some());
            if ended || Instant::now() > deadline {
                skip::skip("dockerd does not run here");
                return None;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(docker)
    }

    /// Runs a command of Docker's client against it and gives what it printed.
    ///
    /// # Panics
    /// With what it said, when it failed.
    #[track_caller]
    pub fn run(&self, line: &str) -> String {
        run(&self.line(line))
    }

    /// `docker …` with the options that lead to it, and without the passwords of whoever runs the test.
    pub fn line(&self, line: &str) -> String {
        let at = self.folder.path().display();
        let client = if fs::exists(DEBIANS_CLIENT).unwrap_or(false) { DEBIANS_CLIENT } else { "docker" };
        format!("{client} --config {at}/home --host unix://{at}/sock {line}")
    }

    /// A file of the test's that it can read.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where it looks for the certificates of a registry that it is to trust.
    pub fn certificates(&self, host: &str) -> PathBuf {
        self.file("etc/certs.d").join(host)
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // It unmounts and ends its containerd when it is asked to end.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        drop(self.child.wait());
    }
}
