//! `stop`, `restart`, `kill`, `pause`, `unpause` and `wait`.

use std::time::Duration;

use disk::Lock;
use runner::control::{Answer, Ask, Connection, Wait};
use runner::monitor::kill_unwatched;
use runner::record::{Found, Status};

use super::start::{NotStarted, failed};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// How a container is to be stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopContainer {
    /// Instead of the container's own signal, by name or number.
    pub signal: Option<String>,
    /// Seconds until the kill, instead of the container's own; negative is for ever.
    pub seconds: Option<i64>,
}

impl Engine {
    /// Stops a container; one that does not run is left alone.
    ///
    /// # Errors
    /// When there is no such container, or it does not end.
    pub fn stop_container(&self, text: &str, request: &StopContainer) -> Result<()> {
        let found = self.container(text)?;
        let signal = request.signal.as_deref().map(signal_of).transpose()?;
        self.stop_found(&found, signal, request.seconds)
    }

    pub(super) fn stop_found(&self, found: &Found, signal: Option<i32>, seconds: Option<i64>) -> Result<()> {
        if !found.state.status.is_running() {
            return Ok(());
        }
        match self.ask(found, &Ask::Stop { signal, seconds })? {
            Some(_) => Ok(()),
            None => self.end_unwatched(found),
        }
    }

    /// Stops a container and starts it again.
    ///
    /// # Errors
    /// As of both.
    pub fn restart_container(
        &self,
        text: &str,
        request: &StopContainer,
    ) -> std::result::Result<(), NotStarted> {
        self.stop_container(text, request)?;
        self.start_container(text, None).map(|_| ())
    }

    /// Sends a signal to a container's program.
    ///
    /// # Errors
    /// When there is no such container or signal, or it does not run.
    pub fn kill_container(&self, text: &str, signal: &str) -> Result<()> {
        let signal = signal_of(signal)?;
        let cannot =
            |error: Error| Error::new(error.kind(), format!("cannot kill container: {text}: {error}"));
        let found = self.container(text).map_err(cannot)?;
        if !found.state.status.is_running() {
            let text = format!("container {} is not running", found.container.id);
            return Err(cannot(Error::new(ErrorKind::Conflict, text)));
        }
        match self.ask(&found, &Ask::Kill { signal }).map_err(cannot)? {
            Some(_) => Ok(()),
            None => self.end_unwatched(&found),
        }
    }

    /// Freezes all processes of a container.
    ///
    /// # Errors
    /// When there is no such container, or it does not run, or is frozen.
    pub fn pause_container(&self, text: &str) -> Result<()> {
        self.freeze(text, &Ask::Pause)
    }

    /// Lets all processes of a container go on.
    ///
    /// # Errors
    /// When there is no such container, or it is not frozen.
    pub fn unpause_container(&self, text: &str) -> Result<()> {
        self.freeze(text, &Ask::Unpause)
    }

    fn freeze(&self, text: &str, ask: &Ask) -> Result<()> {
        let found = self.container(text)?;
        let not_running = || {
            let id = &found.container.id;
            let text = match ask {
                Ask::Pause => format!("container {id} is not running"),
                _ => format!("Container {id} is not paused"),
            };
            Error::new(ErrorKind::Conflict, text)
        };
        if !found.state.status.is_running() {
            return Err(not_running());
        }
        self.ask(&found, ask)?.ok_or_else(not_running).map(|_| ())
    }

    /// Waits until a container does not run; its exit code.
    ///
    /// # Errors
    /// When there is no such container.
    pub fn wait_container(&self, text: &str) -> Result<i32> {
        let found = self.container(text)?;
        if !found.state.status.is_running() {
            return Ok(found.state.exit_code);
        }
        match self.ask(&found, &Ask::Wait(Wait::Exit))? {
            Some(exit_code) => Ok(exit_code),
            None => Ok(self.outlast(&found)),
        }
    }

    /// Waits for the end of a program without a monitor, which nobody can tell the exit code of.
    fn outlast(&self, found: &Found) -> i32 {
        while runner::process::began(found.state.pid) == Some(found.state.pid_began) {
            std::thread::sleep(Duration::from_millis(100));
        }
        runner::record::EXIT_UNSEEN
    }

    /// Asks a container's monitor; nothing when it has none, or loses it meanwhile.
    pub(super) fn ask(&self, found: &Found, ask: &Ask) -> Result<Option<i32>> {
        let socket = self.run_dir().socket(&found.container.id);
        let answer = Connection::ask(&socket, ask).and_then(Connection::answer);
        match answer {
            Ok(Answer::Done { exit_code }) => Ok(Some(exit_code)),
            Ok(Answer::Failed { kind, message }) => Err(failed(kind, message)),
            Err(_) => Ok(None),
        }
    }

    /// Ends a program whose monitor is gone, and clears up after both.
    pub(super) fn end_unwatched(&self, found: &Found) -> Result<()> {
        // By now it may have ended in good order.
        let id = &found.container.id;
        let Some(again) = self.containers_folder()?.get(id)? else { return Ok(()) };
        if again.is_monitored {
            let text = format!("the monitor of container {id} does not answer");
            return Err(Error::new(ErrorKind::Unavailable, text)
                .with_hint(format!("`kill -9 {}` ends it, then try again", again.state.monitor)));
        }
        let Some(_monitor) = self.become_its_monitor(&again)? else { return Ok(()) };
        if again.state.status != Status::Created {
            kill_unwatched(&again, &self.run_dir())?;
            self.clear_found(&again)?;
        }
        Ok(())
    }

    /// Becomes the monitor of a container that had none; nothing when somebody has started or removed it.
    fn become_its_monitor(&self, found: &Found) -> Result<Option<Lock>> {
        loop {
            if let Some(lock) = found.become_monitor()? {
                return Ok(Some(lock));
            }
            // Whoever only looks whether there is a monitor has the lock for a moment.
            match self.containers_folder()?.get(&found.container.id)? {
                Some(now) if !now.is_monitored => std::thread::sleep(Duration::from_millis(2)),
                _ => return Ok(None),
            }
        }
    }
}

/// A signal by name or number.
fn signal_of(text: &str) -> Result<i32> {
    runner::signal::parse(text).ok_or_else(|| Error::invalid(format!("invalid signal: {text}")))
}
