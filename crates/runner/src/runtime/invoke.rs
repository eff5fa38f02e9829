//! Having a runtime do something.

#![expect(clippy::disallowed_methods, reason = "starts runtimes")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::descriptors::keep_to_ourselves;
use super::words::{self, Deed, Program};
use super::{Runtime, RuntimeError, Stdio3};

/// A runtime's log: a line or two for each failure.
const LOG_BYTES_MAX: u64 = 1 << 20;
/// Where runtimes find their own helpers.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Runtime {
    /// Makes a container from a bundle and starts its program; the runtime does not stay.
    ///
    /// # Errors
    /// In Docker's words when the program cannot be started.
    pub fn run_detached(
        &self,
        id: &str,
        bundle: &Path,
        pid_file: &Path,
        console_socket: Option<&Path>,
        stdio: Stdio3,
    ) -> Result<(), RuntimeError> {
        let words = ["run".into(), "--detach".into(), "--bundle".into(), bundle.into()];
        let words = starting(words, pid_file, console_socket, id);
        let run = self.invoke(&bundle.join("runtime.log"), &words, Some(stdio))?;
        run.map_err(|said| {
            let program = Program::of_bundle(&bundle.join("config.json"));
            self.refused(Deed::Create, &said, program.as_ref())
        })
    }

    /// Starts another program in a container.
    ///
    /// # Errors
    /// In Docker's words when it cannot be started.
    pub fn exec(
        &self,
        id: &str,
        process: &Path,
        pid_file: &Path,
        console_socket: Option<&Path>,
        stdio: Stdio3,
    ) -> Result<(), RuntimeError> {
        let words = ["exec".into(), "--detach".into(), "--process".into(), process.into()];
        let words = starting(words, pid_file, console_socket, id);
        let run = self.invoke(&process.with_extension("log"), &words, Some(stdio))?;
        run.map_err(|said| self.refused(Deed::Exec, &said, Program::of_process(process).as_ref()))
    }

    /// Freezes a container's processes.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self, id: &str) -> Result<(), RuntimeError> {
        self.simple("pause", &[], id)
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// When they are not frozen.
    pub fn resume(&self, id: &str) -> Result<(), RuntimeError> {
        self.simple("resume", &[], id)
    }

    /// Removes what the runtime and the kernel know of a container; with `force` also what still runs in it.
    ///
    /// # Errors
    /// When it does not know it, or cannot.
    pub fn delete(&self, id: &str, force: bool) -> Result<(), RuntimeError> {
        let flags: &[&str] = if force { &["--force"] } else { &[] };
        self.simple("delete", flags, id)
    }

    fn simple(&self, verb: &'static str, flags: &[&str], id: &str) -> Result<(), RuntimeError> {
        let words = [&[verb], flags, &[id]].concat();
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let run = self.invoke(&self.log_of(verb, id), &words, None)?;
        run.map_err(|said| self.refused(Deed::Other, &said, None))
    }

    fn log_of(&self, verb: &str, id: &str) -> PathBuf {
        self.state.join(format!(".{verb}-{id}.log"))
    }

    /// Runs it; what it says goes to a log of its own, since the descriptors are the program's. The outer result is
    /// about running it at all.
    fn invoke(
        &self,
        log: &Path,
        words: &[OsString],
        stdio: Option<Stdio3>,
    ) -> Result<Result<(), Said>, RuntimeError> {
        let mut command = Command::new(&self.path);
        command.arg("--root").arg(&self.state).arg("--log").arg(log).args(["--log-format", "json"]);
        command.args(self.cgroup_words()).args(words);
        // The environment is built, never inherited (RUN-6).
        command.env_clear().env("PATH", PATH);
        match stdio {
            Some(stdio) => command.stdin(stdio.stdin).stdout(stdio.stdout).stderr(stdio.stderr),
            None => command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()),
        };
        keep_to_ourselves();
        let status =
            command.status().map_err(|source| RuntimeError::Run { path: self.path.clone(), source })?;
        let said = disk::read_named(log, LOG_BYTES_MAX).unwrap_or_default();
        if let Some((folder, name)) = log.parent().zip(log.file_name()) {
            // A log that stays goes with the folder.
            let _ = disk::Dir::open(folder).and_then(|folder| folder.remove_file(name));
        }
        Ok(if status.success() { Ok(()) } else { Err(Said { log: said, status }) })
    }

    /// Cgroups that an ordinary user cannot have are done without.
    fn cgroup_words(&self) -> &'static [&'static str] {
        match (self.name.as_str(), crate::user_namespace::is_inside()) {
            ("crun", true) => &["--cgroup-manager=disabled"],
            ("crun", false) => &["--cgroup-manager=cgroupfs"],
            ("runc", true) => &["--rootless=true"],
            _ => &[],
        }
    }

    fn refused(&self, deed: Deed, said: &Said, program: Option<&Program>) -> RuntimeError {
        let last = words::last_error(&said.log)
            .unwrap_or_else(|| format!("{} ended with {}", self.name, said.status));
        let (failure, message) = words::in_dockers_words(deed, &self.name, &last, program);
        RuntimeError::Refused { failure, message }
    }
}

/// What a runtime said that failed.
struct Said {
    log: Vec<u8>,
    status: ExitStatus,
}

fn starting(words: [OsString; 4], pid_file: &Path, console_socket: Option<&Path>, id: &str) -> Vec<OsString> {
    let mut words = Vec::from(words);
    words.extend(["--pid-file".into(), pid_file.into()]);
    words.extend(console_socket.into_iter().flat_map(|path| ["--console-socket".into(), path.into()]));
    words.push(id.into());
    words
}
