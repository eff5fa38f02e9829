//! Names of repositories and tags, checked once at the edge (SRV-1).

use std::fmt;

/// The name of a repository, such as `library/alpine`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(Box<str>);

impl RepositoryName {
    /// Takes a text that has the grammar of the distribution specification.
    pub fn parse(text: &str) -> Option<RepositoryName> {
        spec::is_repository(text).then(|| RepositoryName(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tag, such as `latest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Box<str>);

impl Tag {
    /// Takes a text that has the grammar of the distribution specification.
    pub fn parse(text: &str) -> Option<Tag> {
        spec::is_tag(text).then(|| Tag(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
