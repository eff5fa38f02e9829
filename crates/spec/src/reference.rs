//! Image references: what a user types to name an image, in the canonical and the familiar form.
//!
//! The grammar and the normalisation are those of the distribution project as Docker applies them
//! (`alpine` is `docker.io/library/alpine`); the error texts are Docker's. A hand scanner: a command that
//! names an image must not pay for compiling a regular expression.

use std::fmt;

use crate::digest::{Digest, DigestError};
use crate::limits::REFERENCE_BYTES_MAX;

/// The registry that a name without one belongs to.
pub const DEFAULT_DOMAIN: &str = "docker.io";
/// The tag that a name without tag or digest has.
pub const DEFAULT_TAG: &str = "latest";

const LEGACY_DEFAULT_DOMAIN: &str = "index.docker.io";
const OFFICIAL_PREFIX: &str = "library/";
/// Docker refuses a longer repository name, so that it still fits a file name.
const PATH_BYTES_MAX: usize = 255;
/// The grammar of the distribution specification.
const TAG_BYTES_MAX: usize = 128;

/// Why a text is not a reference; the words are Docker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The grammar does not fit.
    #[error("invalid reference format")]
    Format,
    /// The path has upper-case letters.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    Uppercase(String),
    /// A bare 64-digit hexadecimal word, which would read as an image ID.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    LooksLikeId(String),
    /// The path is over 255 bytes.
    #[error("repository name must not be more than {PATH_BYTES_MAX} characters")]
    TooLong,
    /// The digest after `@` is none.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// A normalised reference: registry, repository, and a tag or digest or both or neither.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    domain: Box<str>,
    path: Box<str>,
    tag: Option<Box<str>>,
    digest: Option<Digest>,
}

/// What may stand where "any reference" is allowed: a name, or a bare digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyReference {
    /// A name.
    Named(Reference),
    /// A digest, typed in full or as 64 hexadecimal digits.
    Digest(Digest),
}

impl AnyReference {
    /// Parses a name or a digest.
    ///
    /// # Errors
    /// As [`Reference::parse`].
    pub fn parse(text: &str) -> Result<AnyReference, ReferenceError> {
        if is_hex_id(text) {
            return Ok(AnyReference::Digest(Digest::parse(&format!("sha256:{text}"))?));
        }
        if let Ok(digest) = Digest::parse(text) {
            return Ok(AnyReference::Digest(digest));
        }
        Reference::parse(text).map(AnyReference::Named)
    }
}

impl Reference {
    /// Parses and normalises what a user typed.
    ///
    /// # Errors
    /// Docker's texts, see [`ReferenceError`].
    pub fn parse(text: &str) -> Result<Reference, ReferenceError> {
        if text.len() > REFERENCE_BYTES_MAX {
            return Err(ReferenceError::Format);
        }
        if is_hex_id(text) {
            return Err(ReferenceError::LooksLikeId(text.to_owned()));
        }
        let (domain, remainder) = split_domain(text);
        let path = remainder.split(':').next().unwrap_or_default();
        if path.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(ReferenceError::Uppercase(path.to_owned()));
        }
        Self::from_parts(domain, &remainder)
    }

    fn from_parts(domain: &str, remainder: &str) -> Result<Reference, ReferenceError> {
        let (name, digest) = match remainder.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (remainder, None),
        };
        let (path, tag) = match name.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (name, None),
        };
        let shaped = is_domain(domain) && is_path(path) && tag.is_none_or(is_tag);
        if !shaped || !digest.is_none_or(looks_like_digest) {
            return Err(ReferenceError::Format);
        }
        if path.len() > PATH_BYTES_MAX {
            return Err(ReferenceError::TooLong);
        }
        let digest = digest.map(Digest::parse).transpose()?;
        Ok(Reference { domain: domain.into(), path: path.into(), tag: tag.map(Into::into), digest })
    }

    /// The registry: `docker.io`, `127.0.0.1:5000`, `[::1]:5000`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository within the registry: `library/alpine`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag, if one was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if one was given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Whether neither tag nor digest is there.
    pub fn is_name_only(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }

    /// Registry and repository: `docker.io/library/alpine`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// Registry and repository as listings show them: `alpine`.
    pub fn familiar_name(&self) -> String {
        if &*self.domain != DEFAULT_DOMAIN {
            return self.name();
        }
        match self.path.strip_prefix(OFFICIAL_PREFIX) {
            Some(short) if !short.contains('/') => short.to_owned(),
            _ => self.path.to_string(),
        }
    }

    /// The whole reference as listings show it: `alpine:latest`, `alpine@sha256:…`.
    pub fn familiar(&self) -> String {
        self.with_suffix(self.familiar_name())
    }

    /// The same with the tag `latest` if there is neither tag nor digest.
    #[must_use]
    pub fn or_latest(self) -> Reference {
        if self.is_name_only() { self.with_tag_unchecked(DEFAULT_TAG) } else { self }
    }

    /// The same repository with this tag and no digest.
    ///
    /// # Errors
    /// When the tag's grammar does not fit.
    pub fn with_tag(&self, tag: &str) -> Result<Reference, ReferenceError> {
        if is_tag(tag) { Ok(self.name_only().with_tag_unchecked(tag)) } else { Err(ReferenceError::Format) }
    }

    /// The same repository with this digest and no tag.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Reference {
        Reference { digest: Some(digest), ..self.name_only() }
    }

    /// The same repository without tag and digest.
    #[must_use]
    pub fn name_only(&self) -> Reference {
        Reference { domain: self.domain.clone(), path: self.path.clone(), tag: None, digest: None }
    }

    /// What look-up and storage go by: with tag and digest both, the digest alone (REF-4).
    #[must_use]
    pub fn digest_wins(self) -> Reference {
        if self.digest.is_some() { Reference { tag: None, ..self } } else { self }
    }

    fn with_tag_unchecked(self, tag: &str) -> Reference {
        Reference { tag: Some(tag.into()), ..self }
    }

    fn with_suffix(&self, mut text: String) -> String {
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(digest.as_str());
        }
        text
    }
}

/// The canonical form: `docker.io/library/alpine:latest`.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_suffix(self.name()))
    }
}

impl std::str::FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        Reference::parse(text)
    }
}

fn is_hex_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Tells the registry from the repository and puts `library/` before an official name.
fn split_domain(text: &str) -> (&str, String) {
    let Some((first, rest)) = text.split_once('/') else {
        return (DEFAULT_DOMAIN, format!("{OFFICIAL_PREFIX}{text}"));
    };
    let is_host = first == "localhost" || first.contains(['.', ':']) || first.chars().any(char::is_uppercase);
    let (domain, remainder) = match first {
        LEGACY_DEFAULT_DOMAIN => (DEFAULT_DOMAIN, rest),
        _ if is_host => (first, rest),
        _ => (DEFAULT_DOMAIN, text),
    };
    if domain == DEFAULT_DOMAIN && !remainder.contains('/') {
        (domain, format!("{OFFICIAL_PREFIX}{remainder}"))
    } else {
        (domain, remainder.to_owned())
    }
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => {
                let shaped =
                    !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
                return shaped && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
            }
            None => return false,
        },
        None => match domain.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (domain, None),
        },
    };
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

/// Whether a text is the name of a repository within its registry (distribution specification, `<name>`), no
/// longer than Docker's clients take.
pub fn is_repository(text: &str) -> bool {
    text.len() <= PATH_BYTES_MAX && is_path(text)
}

fn is_path(path: &str) -> bool {
    path.split('/').all(is_component)
}

/// Lower-case words joined by one of `.`, `_`, `__` or any number of `-`.
fn is_component(component: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut rest = component.as_bytes();
    loop {
        let length = rest.iter().take_while(|b| word(**b)).count();
        if length == 0 {
            return false;
        }
        rest = &rest[length..];
        let separator = match rest {
            [] => return true,
            [b'_', b'_', ..] => 2,
            [b'.' | b'_', ..] => 1,
            [b'-', ..] => rest.iter().take_while(|b| **b == b'-').count(),
            _ => return false,
        };
        rest = &rest[separator..];
    }
}

/// Whether a text is a tag (distribution specification, `<reference>`).
pub fn is_tag(tag: &str) -> bool {
    (1..=TAG_BYTES_MAX).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// The loose digest form of the reference grammar; whether it is a digest is asked afterwards.
fn looks_like_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(part)
        && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
