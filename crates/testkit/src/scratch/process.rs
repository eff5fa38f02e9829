//! A running program.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::outcome::Outcome;
use super::usage::Usage;

/// How often a running program is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// No program of a test runs longer; it is killed, and the test fails.
const RUN_MAX: Duration = Duration::from_secs(300);

/// A program that runs while the test goes on. It is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    pid: Pid,
    command: String,
    begun: Instant,
    usage: Usage,
    readers: [Option<JoinHandle<Vec<u8>>>; 2],
}

impl Running {
    pub(crate) fn start(mut command: Command, input: Option<Vec<u8>>) -> Running {
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let described = format!("{command:?}");
        let words = described.split_once("bin/real\"").map_or(described.as_str(), |(_, words)| words);
        let words = format!("strata{words}");
        let mut child = command.spawn().unwrap_or_else(|e| panic!("cannot start {described}: {e}"));
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // The program may end without reading it all.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let readers = [child.stdout.take().map(collect), child.stderr.take().map(collect)];
        let pid = Pid::from_child(&child);
        Running { child, pid, command: words, begun: Instant::now(), usage: Usage::default(), readers }
    }

    /// Its process ID.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.usage.observe(self.pid);
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        matches!(waitid(WaitId::Pid(self.pid), options), Ok(None))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // It may be gone by now, which is what most signals want.
        let _ = kill_process(self.pid, signal);
    }

    /// Kills it with SIGKILL as soon as `condition` holds; what it left behind, and whether it was killed
    /// (it may have ended before).
    pub fn kill_when(mut self, condition: impl Fn() -> bool) -> (Outcome, bool) {
        while self.is_running() && self.begun.elapsed() < RUN_MAX {
            if condition() {
                self.signal(Signal::KILL);
                return (self.wait(), true);
            }
            thread::sleep(LOOK_EVERY);
        }
        (self.wait(), false)
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait(mut self) -> Outcome {
        while self.is_running() {
            if self.begun.elapsed() > RUN_MAX {
                self.signal(Signal::KILL);
                panic!("{} ran longer than RUN_MAX ({RUN_MAX:?})", self.command);
            }
            thread::sleep(LOOK_EVERY);
        }
        let wall = self.begun.elapsed();
        self.usage.conclude(self.pid);
        let status = self.child.wait().expect("a child to wait for");
        let mut streams = self
            .readers
            .each_mut()
            .map(|reader| reader.take().and_then(|reader| reader.join().ok()).unwrap_or_default());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Outcome {
            command: self.command.clone(),
            ended: status.into(),
            stdout: text(&streams[0]),
            stderr: text(&streams[1]),
            stdout_bytes: std::mem::take(&mut streams[0]),
            wall,
            usage: self.usage,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended and was waited for, which is the usual case.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        bytes
    })
}
