//! A place of its own for each test of the binary: store, home and configuration in a temporary folder, a
//! fixed environment, and whatever the program says kept apart by stream.
//!
//! ```no_run
//! # fn binary() -> &'static str { "/bin/true" }
//! use testkit::{Registry, Scratch};
//!
//! let registry = Registry::new();
//! let scratch = Scratch::new(binary()).mirror(&registry);
//! let outcome = scratch.run("images --format '{{.Size}}'");
//! outcome.expect_success();
//! assert_eq!(outcome.stdout, "");
//! ```

mod command_line;
mod outcome;
mod process;
mod screen;
mod terminal;
#[cfg(test)]
mod tests;
mod usage;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Internet, OrdinaryUser, Registry};

pub use command_line::split;
pub use outcome::{Ended, Outcome};
pub use process::Running;
pub use screen::render;
pub use terminal::Terminal;
pub use usage::Usage;

/// User and group of "nobody" on every system.
const NOBODY: u32 = 65534;

/// Who runs the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Whoever runs the test.
    #[default]
    Myself,
    /// An ordinary user with umask 077; the test has to run as root to become it.
    Nobody,
}

/// A hermetic environment for running a program.
#[derive(Debug)]
pub struct Scratch {
    folder: tempfile::TempDir,
    binary: PathBuf,
    identity: Identity,
    /// What stands before every command.
    prefix: Vec<String>,
    environment: BTreeMap<String, String>,
    globals: Vec<String>,
}

impl Scratch {
    /// A fresh one for the program at `binary` (`env!("CARGO_BIN_EXE_…")`).
    ///
    /// # Panics
    /// When no temporary folder can be made.
    pub fn new(binary: impl AsRef<Path>) -> Scratch {
        let folder = tempfile::Builder::new().prefix("scratch").tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let environment = [
            ("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", path("bin"))),
            ("HOME", path("home")),
            ("DOCKER_CONFIG", path("home/.docker")),
            ("STRATA_ROOT", path("root")),
            ("TMPDIR", path("tmp")),
            ("TZ", "UTC".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
        ];
        let scratch = Scratch {
            binary: binary.as_ref().to_owned(),
            identity: Identity::Myself,
            prefix: Vec::new(),
            environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            globals: vec!["--daemon-config".to_owned(), path("daemon.json")],
            folder,
        };
        scratch.lay_out().expect("folders in a temporary folder");
        scratch
    }

    fn lay_out(&self) -> std::io::Result<()> {
        for name in ["bin", "home", "home/.docker", "root", "tmp", "work"] {
            fs::create_dir(self.path(name))?;
        }
        fs::write(self.path("daemon.json"), "{}")?;
        symlink(&self.binary, self.path("bin/real"))?;
        self.write_wrapper()
    }

    /// The `strata` that shells find: the program with the global options of this scratch.
    fn write_wrapper(&self) -> std::io::Result<()> {
        let globals: Vec<String> = self.globals.iter().map(|word| command_line::quote(word)).collect();
        let script = format!("#!/bin/sh\nexec \"${{0%/*}}/real\" {} \"$@\"\n", globals.join(" "));
        let path = self.path("bin/strata");
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
    }

    /// Makes `registry` the mirror of Docker Hub, and of gcr.io and mcr.microsoft.com.
    ///
    /// # Panics
    /// When the configuration cannot be written.
    pub fn mirror(self, registry: &Registry) -> Scratch {
        let url = registry.url();
        let mirrors = [url.to_owned(), format!("gcr.io={url}"), format!("mcr.microsoft.com={url}")];
        self.daemon_json(&serde_json::json!({"registry-mirrors": mirrors}))
    }

    /// Lets programs reach the registries of the world, which `internet` stands for.
    pub fn online(self, internet: &Internet) -> Scratch {
        internet.environment().into_iter().fold(self, |scratch, (name, value)| scratch.env(name, value))
    }

    /// Writes the `daemon.json` in force.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn daemon_json(self, value: &serde_json::Value) -> Scratch {
        fs::write(self.path("daemon.json"), value.to_string()).expect("a file in the scratch");
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Scratch {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves an environment variable out.
    pub fn without_env(mut self, name: &str) -> Scratch {
        self.environment.remove(name);
        self
    }

    /// Puts other options before the command than `--daemon-config`.
    ///
    /// # Panics
    /// When the wrapper script cannot be written.
    pub fn globals(mut self, words: &[&str]) -> Scratch {
        self.globals = words.iter().map(|word| (*word).to_owned()).collect();
        self.write_wrapper().expect("a file in the scratch");
        self
    }

    /// Runs everything as an ordinary user with umask 077, who owns the scratch; nothing when the test is not
    /// root and hence cannot.
    ///
    /// # Panics
    /// When the scratch cannot be given away.
    pub fn as_nobody(mut self) -> Option<Scratch> {
        if !rustix::process::geteuid().is_root() {
            return crate::skip::root().then_some(self);
        }
        self.identity = Identity::Nobody;
        self.give_to(NOBODY);
        Some(self)
    }

    /// Has an ordinary user of a test's own run everything, who owns the scratch and has a folder for what is only
    /// there while they are.
    ///
    /// # Panics
    /// When the scratch cannot be given away.
    pub fn as_user(self, user: &OrdinaryUser) -> Scratch {
        let run = self.path("run");
        fs::create_dir(&run).expect("a folder in the scratch");
        self.give_to(user.uid());
        std::os::unix::fs::chown(&run, Some(user.uid()), Some(user.uid()))
            .expect("a folder can be given away");
        fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).expect("a folder can be closed");
        self.served_by(user).env("XDG_RUNTIME_DIR", run.display().to_string())
    }

    /// The same user's, with what the machine says of them now.
    pub fn served_by(mut self, user: &OrdinaryUser) -> Scratch {
        self.prefix = user.words(&self.work());
        self
    }

    fn give_to(&self, user: u32) {
        self.bring_binary().expect("a copy of the program that an ordinary user can start");
        for name in ["", "home", "home/.docker", "root", "tmp", "work"] {
            std::os::unix::fs::chown(self.path(name), Some(user), Some(user))
                .expect("the scratch can be given away");
        }
    }

    /// Copies the program into the scratch when an ordinary user cannot reach it where it is.
    fn bring_binary(&self) -> std::io::Result<()> {
        let mut test = Command::new("test");
        let reachable = test.args(["-x"]).arg(&self.binary).uid(NOBODY).gid(NOBODY).status()?.success();
        if !reachable {
            fs::remove_file(self.path("bin/real"))?;
            fs::copy(&self.binary, self.path("bin/real"))?;
        }
        Ok(())
    }

    /// The scratch folder, or a path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.folder.path().to_owned() } else { self.folder.path().join(name) }
    }

    /// The store's root folder.
    pub fn root(&self) -> PathBuf {
        self.path("root")
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// The folder in which programs run.
    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// Writes a file below the working folder.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap_or(&path)).expect("a folder in the scratch");
        fs::write(&path, content).expect("a file in the scratch");
        path
    }

    /// Runs the program with the words of `line` (split as a shell would, quotes and backslashes included)
    /// and waits for it.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn run(&self, line: &str) -> Outcome {
        self.run_args(&split(line))
    }

    /// Runs the program with these arguments.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn run_args(&self, arguments: &[String]) -> Outcome {
        Running::start(self.program(arguments), None).wait()
    }

    /// Runs the program with something on its stdin.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn run_with_input(&self, line: &str, input: impl Into<Vec<u8>>) -> Outcome {
        Running::start(self.program(&split(line)), Some(input.into())).wait()
    }

    /// Starts the program and lets it run.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn start(&self, line: &str) -> Running {
        Running::start(self.program(&split(line)), None)
    }

    /// Runs a line by `sh`, where `strata` is the program with this scratch's options.
    ///
    /// # Panics
    /// When no shell can be started.
    pub fn shell(&self, line: &str) -> Outcome {
        Running::start(self.command("/bin/sh", &["-c".to_owned(), line.to_owned()]), None).wait()
    }

    /// Starts the program on a terminal of its own.
    ///
    /// # Panics
    /// When there are no terminals to be had.
    pub fn on_terminal(&self, line: &str, columns: u16, rows: u16) -> Terminal {
        let real = self.path("bin/real").display().to_string();
        let words = [vec![real], self.globals.clone(), split(line)].concat();
        Terminal::start(self.with_terminal(&words), columns, rows)
    }

    /// Runs a line by `sh` as [`Scratch::shell`] does, on a terminal of its own.
    ///
    /// # Panics
    /// When there are no terminals to be had.
    pub fn shell_on_terminal(&self, line: &str, columns: u16, rows: u16) -> Terminal {
        let words = ["/bin/sh", "-c", line].map(str::to_owned);
        Terminal::start(self.with_terminal(&words), columns, rows)
    }

    /// A command that makes the terminal on its stdin its own.
    fn with_terminal(&self, words: &[String]) -> Command {
        let mut command = self.command("setsid", &[&["--ctty".to_owned()], words].concat());
        command.env("TERM", "xterm-256color");
        command
    }

    fn program(&self, arguments: &[String]) -> Command {
        let mut words = self.globals.clone();
        words.extend_from_slice(arguments);
        self.command(&self.path("bin/real").display().to_string(), &words)
    }

    /// A command in this environment, as this user.
    fn command(&self, program: &str, arguments: &[String]) -> Command {
        let mut words = self.prefix.iter().map(String::as_str).chain([program]);
        let mut command = match self.identity {
            Identity::Myself => {
                let mut command = Command::new(words.next().unwrap_or(program));
                command.args(words);
                command
            }
            Identity::Nobody => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", "umask 077; exec \"$@\"", "sh", program]);
                command.uid(NOBODY).gid(NOBODY);
                command
            }
        };
        command.args(arguments).env_clear().envs(&self.environment).current_dir(self.work());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}
