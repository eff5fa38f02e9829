//! How a program ended and what it said.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use super::usage::Usage;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Ended {
        match (status.code(), status.signal()) {
            (Some(code), _) => Ended::Exit(code),
            (None, signal) => Ended::Signal(signal.unwrap_or_default()),
        }
    }
}

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The program and its arguments.
    pub command: String,
    /// How it ended.
    pub ended: Ended,
    /// Its stdout; what is not UTF-8 stands as U+FFFD.
    pub stdout: String,
    /// Its stdout as it came.
    pub stdout_bytes: Vec<u8>,
    /// Its stderr.
    pub stderr: String,
    /// How long it took.
    pub wall: Duration,
    /// What it used.
    pub usage: Usage,
}

impl Outcome {
    /// Whether it ended by itself with status 0.
    pub fn success(&self) -> bool {
        self.ended == Ended::Exit(0)
    }

    /// The same with a text replaced in both streams, for what differs from run to run.
    pub fn replacing(mut self, text: &str, by: &str) -> Outcome {
        self.stdout = self.stdout.replace(text, by);
        self.stderr = self.stderr.replace(text, by);
        self
    }

    /// Goes on only after success.
    ///
    /// # Panics
    /// With everything that is known, when it was none.
    #[track_caller]
    pub fn expect_success(&self) -> &Outcome {
        assert!(self.success(), "{self}");
        self
    }

    /// Goes on only after this exit status.
    ///
    /// # Panics
    /// With everything that is known, when it was another.
    #[track_caller]
    pub fn expect_exit(&self, status: i32) -> &Outcome {
        assert!(self.ended == Ended::Exit(status), "expected exit {status}: {self}");
        self
    }

    /// Goes on only when exactly this was on stderr.
    ///
    /// # Panics
    /// With everything that is known, when it was not.
    #[track_caller]
    pub fn expect_stderr(&self, text: &str) -> &Outcome {
        assert!(self.stderr == text, "expected on stderr: {text:?}: {self}");
        self
    }

    /// Goes on only when exactly this was on stdout.
    ///
    /// # Panics
    /// With everything that is known, when it was not.
    #[track_caller]
    pub fn expect_stdout(&self, text: &str) -> &Outcome {
        assert!(self.stdout == text, "expected on stdout: {text:?}: {self}");
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ended by {:?} after {:?}", self.command, self.ended, self.wall)?;
        writeln!(f, "--- stdout ---\n{}--- stderr ---\n{}---", self.stdout, self.stderr)
    }
}
