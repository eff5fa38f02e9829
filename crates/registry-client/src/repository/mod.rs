//! One repository of one registry: pull from its mirrors and itself, push to itself.

mod blob;
mod document;
mod foreign;
mod list;
mod push;

use spec::{Digest, Reference};

use crate::auth::Scopes;
use crate::client::Client;
use crate::error::Error;
use crate::reach::Reach;

pub use blob::{BlobBody, BlobRange};
pub use document::{Fetched, Resolved};
pub use push::{Mount, Pushed};

/// A repository as a client sees it. Cheap to make; may be used by several threads at once.
pub struct Repository<'a> {
    client: &'a Client,
    /// The repository's name, without tag and digest.
    name: Reference,
    reach: Reach<'a>,
}

/// Which document of a repository.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The one that a tag names now.
    Tag(&'a str),
    /// The one with this digest.
    Digest(&'a Digest),
}

impl std::fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wanted::Tag(tag) => f.write_str(tag),
            Wanted::Digest(digest) => f.write_str(digest.as_str()),
        }
    }
}

impl<'a> Repository<'a> {
    pub(crate) fn new(client: &'a Client, reference: &Reference) -> Result<Repository<'a>, Error> {
        Ok(Repository { client, name: reference.name_only(), reach: Reach::new(client, reference.domain())? })
    }

    /// The registry, as in a reference.
    pub fn domain(&self) -> &str {
        self.name.domain()
    }

    /// The repository within the registry.
    pub fn path(&self) -> &str {
        self.name.path()
    }

    fn push_scopes(&self) -> Scopes {
        Scopes::push(self.path())
    }

    fn pull_scopes(&self) -> Scopes {
        Scopes::pull(self.path())
    }
}

impl std::fmt::Debug for Repository<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Repository({})", self.name)
    }
}
