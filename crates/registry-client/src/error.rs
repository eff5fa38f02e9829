//! What can go wrong with a registry, typed so that callers can choose Docker's words for it.

use std::time::Duration;

use spec::{Digest, DocumentError, Reference, RegistryErrorCode};

use crate::answer::Refusal;
use crate::auth::RealmError;
use crate::http::{Method, TransportError};
use crate::keychain::KeychainError;
use crate::limits::RETRY_AFTER_MAX;

/// Why an operation on a registry failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The operation was cancelled.
    #[error("context canceled")]
    Cancelled,
    /// No answer, or none that was taken.
    #[error("{} {url:?}: {source}", .method.go_name())]
    Transport {
        /// What was asked.
        method: Method,
        /// Whom, as Docker would name it.
        url: String,
        /// What happened.
        source: TransportError,
    },
    /// The server says no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// No token for what was to be asked.
    #[error("{} {url:?}: {source}", .method.go_name())]
    Token {
        /// What was to be asked.
        method: Method,
        /// Whom.
        url: String,
        /// Why there is no token.
        source: Box<Error>,
    },
    /// The registry wants a password, and none is kept for it.
    #[error("{} {url:?}: no basic auth credentials", .method.go_name())]
    NoPassword {
        /// What was to be asked.
        method: Method,
        /// Whom.
        url: String,
    },
    /// The token server that the registry names is not asked (NET-5).
    #[error("refused the token server of {registry}: {reason}")]
    Realm {
        /// The registry that named it.
        registry: String,
        /// What is wrong with it.
        reason: RealmError,
    },
    /// The token server's answer holds no token that could be used (NET-6).
    #[error("the token server {server} answers without a usable token: {reason}")]
    TokenAnswer {
        /// Who answered.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// The credentials cannot be had.
    #[error("{0}")]
    Keychain(#[from] KeychainError),
    /// The server wants to be left alone for longer than anybody waits.
    #[error("{source}: the server asks to come back in {} s, more than RETRY_AFTER_MAX ({} s)",
        .wait.as_secs(), RETRY_AFTER_MAX.as_secs())]
    RetryLater {
        /// How long it asks for.
        wait: Duration,
        /// What it said.
        source: Box<Error>,
    },
    /// Whatever is answered does not come from a registry (NET-14).
    #[error("{url} does not answer as a registry: {what}")]
    NotARegistry {
        /// Who answered.
        url: String,
        /// What the answer is instead.
        what: String,
    },
    /// A document that is none.
    #[error("{0}")]
    Document(#[from] DocumentError),
    /// Content with another digest than the one asked for.
    #[error("{} verification failed for digest {expected}", .what.docker_name())]
    Digest {
        /// What it was to be.
        what: Content,
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// A header or reply names another digest than the content has (REF-5, NET-17).
    #[error("the registry says the digest is {said}, but it is {found}")]
    StatedDigest {
        /// What is said.
        said: String,
        /// What it is.
        found: Digest,
    },
    /// Content with another size than the descriptor says.
    #[error("{digest} has {found} bytes, not {expected}")]
    Size {
        /// Whose size it is.
        digest: Digest,
        /// What the descriptor says.
        expected: u64,
        /// What the server says.
        found: u64,
    },
    /// A limit of ours.
    #[error("{what} of {url} is over {limit} ({value})")]
    Limit {
        /// What is too large.
        what: &'static str,
        /// Where it comes from.
        url: String,
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        value: u64,
    },
    /// An answer that does not fit the protocol.
    #[error("{url}: {what}")]
    Protocol {
        /// Who answered.
        url: String,
        /// What does not fit.
        what: String,
    },
    /// Nothing at this registry can be asked.
    #[error("invalid registry {domain:?}: {reason}")]
    Registry {
        /// The registry as named.
        domain: String,
        /// What is wrong with it.
        reason: crate::url::UrlError,
    },
    /// A server has no file for us. Docker's words.
    #[error("failed to GET {url} with status {status_text}: {said}")]
    Download {
        /// What was asked for, without what could be a signature.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The status in words.
        status_text: String,
        /// What the server said, cut and escaped.
        said: String,
    },
    /// The registry does not take the credentials.
    #[error("login attempt to {root} failed with status: {status_text}")]
    LoginRefused {
        /// The API's root.
        root: String,
        /// The HTTP status.
        status: u16,
        /// The status in words.
        status_text: String,
    },
    /// What Docker has a sentence of its own for.
    #[error("{0}")]
    Worded(String),
}

/// What some content is, for Docker's words about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A manifest or index.
    Manifest,
    /// An image's config.
    Config,
    /// A layer.
    Layer,
}

impl Content {
    fn docker_name(self) -> &'static str {
        match self {
            Content::Manifest => "manifest",
            Content::Config => "image config",
            Content::Layer => "filesystem layer",
        }
    }
}

/// Coarse kinds, for callers that branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// It is not there.
    NotFound,
    /// Who are you?
    Unauthorized,
    /// Not you, or not by our own rules.
    Denied,
    /// The server is dead, slow, overloaded or lying.
    Unavailable,
    /// Broken content.
    Corrupt,
    /// What was asked makes no sense.
    InvalidArgument,
    /// The registry does not do this.
    Unsupported,
    /// Cancelled.
    Cancelled,
}

impl Error {
    pub(crate) fn transport(method: Method, url: String, source: TransportError) -> Error {
        match source {
            TransportError::Cancelled => Error::Cancelled,
            source => Error::Transport { method, url, source },
        }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Cancelled => ErrorKind::Cancelled,
            Error::Transport { source, .. } if source.is_refusal() => ErrorKind::Denied,
            Error::Transport { source: TransportError::CertificateFiles(_), .. } => {
                ErrorKind::InvalidArgument
            }
            Error::Transport { .. } | Error::NotARegistry { .. } | Error::Protocol { .. } => {
                ErrorKind::Unavailable
            }
            Error::Refused(refusal) => refusal_kind(refusal),
            Error::Token { source, .. } | Error::RetryLater { source, .. } => source.kind(),
            Error::NoPassword { .. } => ErrorKind::Unauthorized,
            Error::Realm { .. } => ErrorKind::Denied,
            Error::Download { status: 404, .. } => ErrorKind::NotFound,
            Error::Download { status: 401, .. } => ErrorKind::Unauthorized,
            Error::Download { status: 403, .. } => ErrorKind::Denied,
            Error::Download { .. } => ErrorKind::Unavailable,
            Error::LoginRefused { status: 401, .. } => ErrorKind::Unauthorized,
            Error::LoginRefused { .. } => ErrorKind::Unavailable,
            Error::TokenAnswer { .. } => ErrorKind::Unavailable,
            Error::Keychain(_) | Error::Registry { .. } | Error::Worded(_) => ErrorKind::InvalidArgument,
            Error::Document(_)
            | Error::Digest { .. }
            | Error::StatedDigest { .. }
            | Error::Size { .. }
            | Error::Limit { .. } => ErrorKind::Corrupt,
        }
    }

    /// The answer that refused, however deep it lies.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            Error::Token { source, .. } | Error::RetryLater { source, .. } => source.refusal(),
            _ => None,
        }
    }

    /// Whether the same request may work in a moment (NET-13).
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Transport { source, .. } => source.is_transient(),
            Error::Refused(refusal) => matches!(refusal.status, 408 | 429 | 500..=599),
            Error::Download { status, .. } => matches!(status, 408 | 429 | 500..=599),
            Error::Token { source, .. } => source.is_transient(),
            _ => false,
        }
    }

    /// How long the server wants to be left alone, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }

    /// Whether no connection came about: another scheme or mirror may still do.
    pub fn is_unreached(&self) -> bool {
        matches!(self, Error::Transport { source, .. } if source.is_unreached())
    }

    /// The text that Docker prints for this failure of a pull of `reference`.
    ///
    /// Denied access, unknown manifests and unknown repositories are worded around the reference; everything
    /// else reads as the error itself.
    pub fn pull_text(&self, reference: &Reference) -> String {
        let Error::Refused(refusal) = self else { return self.to_string() };
        let named = match refusal.code() {
            _ if !(400..500).contains(&refusal.status) => return self.to_string(),
            Some(RegistryErrorCode::Denied) => format!(
                "pull access denied for {}, repository does not exist or may require 'docker login'",
                reference.familiar_name()
            ),
            Some(RegistryErrorCode::ManifestUnknown) => {
                format!("manifest for {} not found", reference.familiar())
            }
            Some(RegistryErrorCode::NameUnknown) => {
                format!("repository {} not found", reference.familiar_name())
            }
            _ => return self.to_string(),
        };
        format!("{named}: {self}")
    }
}

fn refusal_kind(refusal: &Refusal) -> ErrorKind {
    use RegistryErrorCode as Code;
    match (refusal.code(), refusal.status) {
        (Some(Code::Unauthorized), _) => ErrorKind::Unauthorized,
        (Some(Code::Denied), _) => ErrorKind::Denied,
        (Some(Code::TooManyRequests), _) => ErrorKind::Unavailable,
        (Some(Code::Unsupported), _) => ErrorKind::Unsupported,
        (_, 401) => ErrorKind::Unauthorized,
        (_, 403) => ErrorKind::Denied,
        (_, 404) => ErrorKind::NotFound,
        (_, 405) => ErrorKind::Unsupported,
        (_, 400..=499) if refusal.status != 408 && refusal.status != 429 => ErrorKind::InvalidArgument,
        _ => ErrorKind::Unavailable,
    }
}
