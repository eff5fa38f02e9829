//! `start`: a monitor for a container, and with it its program.

use runner::control::{Answer, Attach, Connection, FailureKind};
use runner::monitor::Launch;
use runner::record::{Found, Status};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind};

/// How a program that was to start did not.
#[derive(Debug)]
pub struct NotStarted {
    /// Why.
    pub error: Error,
    /// The exit code that Docker gives for it: 125, 126 or 127.
    pub exit_code: u8,
}

impl From<Error> for NotStarted {
    fn from(error: Error) -> NotStarted {
        NotStarted { error, exit_code: 125 }
    }
}

impl Engine {
    /// Starts a container; one that runs is left alone, and nothing is given back. Attached, when `attach` says so,
    /// from before the program's first word: the conversation goes on until its end.
    ///
    /// # Errors
    /// When there is no such container, or its program cannot be started.
    pub fn start_container(
        &self,
        text: &str,
        attach: Option<Attach>,
    ) -> std::result::Result<Option<Connection>, NotStarted> {
        let found = self.container(text)?;
        match found.state.status {
            Status::Running | Status::Restarting => return Ok(None),
            Status::Paused => {
                let text = "cannot start a paused container, try unpause instead";
                return Err(Error::new(ErrorKind::Conflict, text).into());
            }
            Status::Removing | Status::Dead => {
                let text = "container is marked for removal and cannot be started";
                return Err(Error::new(ErrorKind::Conflict, text).into());
            }
            Status::Created | Status::Exited => {}
        }
        self.check_runnable(&found)?;
        self.launch(&found, attach)
    }

    fn launch(
        &self,
        found: &Found,
        attach: Option<Attach>,
    ) -> std::result::Result<Option<Connection>, NotStarted> {
        let mut command = self.monitor_command.clone();
        command.push(found.container.id.as_str().into());
        let dir = found.dir().map_err(Error::from)?;
        let launched = Launch { command: &command, dir: &dir, attach }.launch();
        let mut connection = launched.map_err(Error::from)?;
        let answer = connection.begun().map_err(|error| {
            let text = format!("the container's monitor ended before its program began: {error}");
            Error::new(ErrorKind::Internal, text)
                .with_hint(format!("it may have left words in {}", dir.join("monitor.log").display()))
        })?;
        match answer {
            None => Ok(Some(connection)),
            Some(Answer::Done { .. }) => Ok(None),
            Some(Answer::Failed { kind, message }) => Err(not_started(kind, message)),
        }
    }
}

fn not_started(kind: FailureKind, message: String) -> NotStarted {
    let exit_code = match kind {
        FailureKind::ProgramNotFound => 127,
        FailureKind::ProgramNotExecutable => 126,
        _ => 125,
    };
    NotStarted { error: failed(kind, message), exit_code }
}

/// A monitor's refusal as an error.
pub(super) fn failed(kind: FailureKind, message: String) -> Error {
    let kind = match kind {
        FailureKind::ProgramNotFound | FailureKind::ProgramNotExecutable | FailureKind::Invalid => {
            ErrorKind::InvalidArgument
        }
        FailureKind::Conflict => ErrorKind::Conflict,
        FailureKind::Other => ErrorKind::Internal,
    };
    Error::new(kind, message)
}
