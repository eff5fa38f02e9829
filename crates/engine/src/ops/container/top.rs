//! `top`: the processes of a container.

use runner::counters::{Cgroup, processes_of};
use runner::record::{Found, Status};
use runner::{Listing, list_processes};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

impl Engine {
    /// The processes of a container as the machine's `ps` shows them with these options.
    ///
    /// # Errors
    /// When there is no such container, it does not run, or `ps` does not take the options.
    pub fn container_processes(&self, text: &str, options: &[&str]) -> Result<Listing> {
        let found = self.container(text)?;
        check_runs(&found)?;
        let mut pids = match cgroup_of(&found) {
            Some(cgroup) => cgroup.pids(),
            None => processes_of(found.state.pid),
        };
        if pids.is_empty() {
            pids.push(found.state.pid);
        }
        let path = self.settings.inputs.path.as_deref();
        list_processes(options, &pids, path).map_err(|text| Error::new(ErrorKind::Internal, text))
    }
}

/// Its cgroup, where it has one of its own.
pub(super) fn cgroup_of(found: &Found) -> Option<Cgroup> {
    let path = &found.state.cgroup;
    (!path.trim_matches('/').is_empty()).then(|| Cgroup::of(path))
}

fn check_runs(found: &Found) -> Result<()> {
    let id = &found.container.id;
    let text = match found.state.status {
        Status::Running | Status::Paused => return Ok(()),
        Status::Restarting => format!("Container {id} is restarting, wait until the container is running"),
        _ => format!("container {id} is not running"),
    };
    Err(Error::new(ErrorKind::Conflict, text))
}
