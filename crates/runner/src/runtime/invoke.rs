//! Having a runtime do something.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use super::words::{self, Deed};
use super::{Runtime, RuntimeError, Stdio3};

/// A runtime's log: a line or two for each failure.
const LOG_BYTES_MAX: u64 = 1 << 20;

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
        let mut words: Vec<OsString> =
            vec!["run".into(), "--detach".into(), "--bundle".into(), bundle.into()];
        words.extend(["--pid-file".into(), pid_file.into()]);
        words.extend(console_socket.into_iter().flat_map(|path| ["--console-socket".into(), path.into()]));
        words.push(id.into());
        self.invoke(Deed::Create, &bundle.join("runtime.log"), &words, Some(stdio))
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
        let mut words: Vec<OsString> =
            vec!["exec".into(), "--detach".into(), "--process".into(), process.into()];
        words.extend(["--pid-file".into(), pid_file.into()]);
        words.extend(console_socket.into_iter().flat_map(|path| ["--console-socket".into(), path.into()]));
        words.push(id.into());
        self.invoke(Deed::Exec, &process.with_extension("log"), &words, Some(stdio))
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
        let flags: &[OsString] = if force { &["--force".into()] } else { &[] };
        self.simple("delete", flags, id)
    }

    fn simple(&self, verb: &str, flags: &[OsString], id: &str) -> Result<(), RuntimeError> {
        let words: Vec<OsString> =
            [OsString::from(verb)].into_iter().chain(flags.iter().cloned()).chain([id.into()]).collect();
        let log = self.state.join(format!(".{verb}-{id}.log"));
        self.invoke(Deed::Other, &log, &words, None)
    }

    /// Runs it; what it says goes to a log of its own, since the descriptors are the program's.
    fn invoke(
        &self,
        deed: Deed,
        log: &Path,
        words: &[OsString],
        stdio: Option<Stdio3>,
    ) -> Result<(), RuntimeError> {
        let failed =
            |source: std::io::Error| RuntimeError::Run { path: self.path.display().to_string(), source };
        let mut command = Command::new(&self.path);
        command
            .arg("--root")
            .arg(&self.state)
            .arg("--log")
            .arg(log)
            .args(["--log-format", "json"])
            .args(words);
        // The environment is built, never inherited (RUN-6).
        command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        match stdio {
            Some(stdio) => command.stdin(stdio.stdin).stdout(stdio.stdout).stderr(stdio.stderr),
            None => command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()),
        };
        let status = command.status().map_err(failed)?;
        let said = disk::read_named(log, LOG_BYTES_MAX).unwrap_or_default();
        let _ = std::fs::remove_file(log);
        if status.success() { Ok(()) } else { Err(self.refused(deed, &said, status)) }
    }

    fn refused(&self, deed: Deed, said: &[u8], status: ExitStatus) -> RuntimeError {
        let last = words::last_error(said).unwrap_or_else(|| format!("{} ended with {status}", self.name));
        let (failure, message) = words::in_dockers_words(deed, &self.name, &last);
        RuntimeError::Refused { failure, message }
    }
}
