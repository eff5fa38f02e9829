//! Where credentials come from.

use std::path::PathBuf;

use crate::secret::Secret;

/// What a registry is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    Anonymous,
    /// User name and password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A refresh token kept instead of a password.
    IdentityToken {
        /// The user it was given to, when known.
        user: String,
        /// The token.
        token: Secret,
    },
}

impl Credentials {
    /// The user's name, if there is one.
    pub fn user(&self) -> Option<&str> {
        match self {
            Credentials::Anonymous => None,
            Credentials::Password { user, .. } | Credentials::IdentityToken { user, .. } => {
                Some(user).filter(|user| !user.is_empty()).map(String::as_str)
            }
        }
    }
}

/// Registry to credentials.
pub trait Keychain: Send + Sync {
    /// The credentials for a server: `host[:port]`, or `https://index.docker.io/v1/` for Docker Hub. None for
    /// it means anonymous, never another server's (KEY-8).
    ///
    /// # Errors
    /// When they cannot be had; the operation stops then.
    fn credentials(&self, server: &str) -> Result<Credentials, KeychainError>;
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Keychain for Anonymous {
    fn credentials(&self, _: &str) -> Result<Credentials, KeychainError> {
        Ok(Credentials::Anonymous)
    }
}

/// Credentials that came with one request, for one server (KEY-9).
#[derive(Clone, Debug)]
pub struct Given {
    /// The server they are for, as in [`Keychain::credentials`].
    pub server: String,
    /// What it is shown.
    pub credentials: Credentials,
}

impl Keychain for Given {
    fn credentials(&self, server: &str) -> Result<Credentials, KeychainError> {
        Ok(if server == self.server { self.credentials.clone() } else { Credentials::Anonymous })
    }
}

/// Why credentials cannot be had or kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeychainError {
    /// The file cannot be read or written.
    #[error("{action} {path}: {reason}", path = .path.display())]
    File {
        /// What was tried: `open`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        reason: String,
    },
}
