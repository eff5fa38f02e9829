//! Tags of a repository.

use super::Repository;
use crate::error::Error;
use crate::foreign::escape;
use crate::list::fetch_names;
use crate::reach::{Tries, Use};

impl Repository<'_> {
    /// The repository's tags, in the registry's order. Names that are no tags are left out and warned of.
    ///
    /// # Errors
    /// What the last endpoint says, or a list without end.
    pub fn tags(&self) -> Result<Vec<String>, Error> {
        let names = self.reach.first(Use::Pull { avoid: &[] }, Tries::Policy, |at| {
            let url = at.endpoint.url(&format!("{}/tags/list", self.path()), None);
            fetch_names(self.client, &at.server(), url, &self.pull_scopes(), "tags")
        })?;
        let (tags, malformed): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|name| self.name.with_tag(name).is_ok());
        for name in malformed {
            let name = escape(&name, 200);
            self.client.warn(format!("{} lists a tag that is none: \"{name}\"", self.domain()));
        }
        Ok(tags)
    }
}
