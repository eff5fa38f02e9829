//! Repositories of a registry.

use spec::Reference;

use crate::auth::Scopes;
use crate::client::Client;
use crate::error::Error;
use crate::foreign::escape;
use crate::list::fetch_names;
use crate::reach::{Reach, Tries, Use};

impl Client {
    /// The repositories of a registry, where it lists them. Names that are none are left out and warned of.
    ///
    /// # Errors
    /// What the registry says, or a list without end.
    pub fn catalog(&self, domain: &str) -> Result<Vec<String>, Error> {
        let reach = Reach::new(self, domain)?;
        let names = reach.first(Use::Push, Tries::Policy, |at| {
            let url = at.endpoint.url("_catalog", None);
            fetch_names(self, &at.server(), url, &Scopes::catalog(), "repositories")
        })?;
        let (repositories, malformed): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|name| is_repository(domain, name));
        for name in malformed {
            let name = escape(&name, 200);
            self.warn(format!("{domain} lists a repository with a name that is none: \"{name}\""));
        }
        Ok(repositories)
    }
}

fn is_repository(domain: &str, name: &str) -> bool {
    Reference::parse(&format!("{domain}/{name}")).is_ok_and(|reference| reference.is_name_only())
}
