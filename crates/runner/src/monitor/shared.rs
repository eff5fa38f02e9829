//! What the threads of a monitor share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use disk::Dir;

use super::streams::Streams;
use crate::error::Result;
use crate::record::{Container, State, Status, write_state};
use crate::run_dir::RunDir;
use crate::runtime::Runtime;

/// What all threads of a monitor know.
pub(super) struct Shared {
    pub(super) container: Container,
    pub(super) dir: Dir,
    pub(super) run: RunDir,
    pub(super) runtime: Runtime,
    pub(super) streams: Streams,
    now: Mutex<Now>,
    changed: Condvar,
}

/// How things stand.
#[derive(Debug, Default)]
pub(super) struct Now {
    /// As it is on disk.
    pub(super) state: State,
    /// Variables that tell its programs of other containers.
    pub(super) told: Vec<String>,
    /// Whether somebody wants the end: no policy starts it again.
    pub(super) is_stopping: bool,
    /// How many conversations go on.
    pub(super) conversations: usize,
    /// Whether nothing of the container runs any more and nothing will.
    pub(super) is_over: bool,
    /// Whether the container's records are gone.
    pub(super) is_removed: bool,
}

impl Shared {
    pub(super) fn new(
        container: Container,
        dir: Dir,
        run: RunDir,
        runtime: Runtime,
        streams: Streams,
        state: State,
    ) -> Shared {
        let now = Mutex::new(Now { state, ..Now::default() });
        Shared { container, dir, run, runtime, streams, now, changed: Condvar::new() }
    }

    pub(super) fn now(&self) -> MutexGuard<'_, Now> {
        // A thread that panicked left a whole state behind: it is replaced in one step.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes how things stand and tells everybody who waits.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Now) -> T) -> T {
        let result = change(&mut self.now());
        self.changed.notify_all();
        result
    }

    /// Changes the container's state, on disk first.
    pub(super) fn write(&self, change: impl FnOnce(&mut State)) -> Result<()> {
        let mut now = self.now();
        let mut state = now.state.clone();
        change(&mut state);
        write_state(&self.dir, &state)?;
        now.state = state;
        drop(now);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits until `enough`, or the time is over; whether it is so.
    pub(super) fn wait(&self, patience: Option<Duration>, enough: impl Fn(&Now) -> bool) -> bool {
        let end = patience.map(|patience| Instant::now() + patience);
        let mut now = self.now();
        while !enough(&now) {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            now = match left {
                Some(Duration::ZERO) => return false,
                Some(left) => self.changed.wait_timeout(now, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(now).unwrap_or_else(PoisonError::into_inner),
            };
        }
        true
    }

    /// The program's process, while it runs.
    pub(super) fn pid(&self) -> Option<i32> {
        let now = self.now();
        let runs = matches!(now.state.status, Status::Running | Status::Paused);
        (runs && now.state.pid > 0).then_some(now.state.pid)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.now().state.status == Status::Paused
    }

    /// Sends a signal to the program.
    pub(super) fn signal(&self, signal: i32) {
        if let Some(pid) = self.pid() {
            // It is our own child and not waited for yet, so the number is still its own.
            crate::process::signal(pid, signal);
        }
    }
}
