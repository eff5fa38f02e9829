//! `logs`: what a container wrote.

use jiff::Timestamp;
use runner::logs::{Entry, Selection, file_name, follow, read};
use runner::record::Found;

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::parse_moment;

/// Which part of a container's output is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadLogs {
    /// The entries.
    pub selection: Selection,
    /// Also those that come while it runs.
    pub follow: bool,
}

impl Engine {
    /// A moment as `--since` takes it: a duration back from now, a date, or seconds since 1970.
    ///
    /// # Errors
    /// When it is none of these, in Docker's words.
    pub fn moment(&self, text: &str) -> Result<Timestamp> {
        parse_moment(text, self.now(), &self.host.zone)
    }

    /// Gives what a container wrote to `take`, until that says no.
    ///
    /// # Errors
    /// When there is no such container, it keeps no log, or the log cannot be read.
    pub fn container_logs(
        &self,
        found: &Found,
        request: &ReadLogs,
        mut take: impl FnMut(Entry) -> bool,
    ) -> Result<()> {
        if found.container.host_config.log_config.kind == "none" {
            let text = "configured logging driver does not support reading";
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        let name = file_name(&found.container.id);
        if !request.follow {
            read(&found.dir()?, &name, &request.selection)?.into_iter().all(take);
            return Ok(());
        }
        let containers = self.containers_folder()?;
        let goes_on = || {
            let again = containers.get(&found.container.id).ok().flatten();
            again.is_some_and(|again| again.state.status.is_running()) && self.check_cancelled().is_ok()
        };
        Ok(follow(&found.dir()?, &name, &request.selection, goes_on, &mut take)?)
    }
}
