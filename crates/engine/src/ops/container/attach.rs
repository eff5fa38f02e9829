//! `attach` and `exec`: conversations with a container that runs.

use runner::control::{Ask, Attach, Connection, Exec};
use runner::record::{Found, Status};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

impl Engine {
    /// Attaches to a container that runs.
    ///
    /// # Errors
    /// When there is no such container, or it does not run.
    pub fn attach_container(&self, text: &str, attach: Attach) -> Result<Connection> {
        let found = self.container(text)?;
        let refuse = |text: &str| Err(Error::new(ErrorKind::Conflict, text));
        match found.state.status {
            Status::Paused => refuse("You cannot attach to a paused container, unpause it first"),
            Status::Restarting => {
                refuse("You cannot attach to a restarting container, wait until it is running")
            }
            Status::Running => self.converse(&found, &Ask::Attach(attach)),
            _ => refuse("You cannot attach to a stopped container, start it first"),
        }
    }

    /// Runs another program in a container that runs.
    ///
    /// # Errors
    /// When there is no such container, or it does not run.
    pub fn exec_in_container(&self, text: &str, exec: Exec) -> Result<Connection> {
        let found = self.container(text)?;
        let id = &found.container.id;
        let refuse = |text: String| Err(Error::new(ErrorKind::Conflict, text));
        match found.state.status {
            Status::Running => self.converse(&found, &Ask::Exec(Box::new(exec))),
            Status::Paused => refuse(format!("container {id} is paused, unpause the container before exec")),
            Status::Restarting => {
                refuse(format!("Container {id} is restarting, wait until the container is running"))
            }
            _ => refuse(format!("container {id} is not running")),
        }
    }

    fn converse(&self, found: &Found, ask: &Ask) -> Result<Connection> {
        Connection::ask(&self.run_dir().socket(&found.container.id), ask).map_err(|error| {
            let text = format!("cannot reach the monitor of container {}: {error}", found.container.id);
            Error::new(ErrorKind::Unavailable, text)
                .with_hint("its monitor was killed: stop the container and start it again")
        })
    }
}
