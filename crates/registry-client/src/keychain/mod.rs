//! Where credentials come from and where they are kept.

mod config_file;
mod document;
mod helper;

use std::path::PathBuf;

use crate::limits::{HELPER_OUTPUT_BYTES_MAX, HELPER_TIMEOUT};
use crate::secret::Secret;

pub use config_file::{ConfigKeychain, Place};
pub use helper::HelperPrograms;

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// A file cannot be read or written; the system's words.
    #[error("{0}")]
    File(String),
    /// A file that others can write may say anything (KEY-1).
    #[error("{} can be written by others (mode {mode:04o}): run `chmod go-w` on it", .path.display())]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file or a variable that is not what it has to be.
    #[error("{origin}: {reason}")]
    Malformed {
        /// Where it comes from.
        origin: String,
        /// What is wrong with it, without what it says.
        reason: String,
    },
    /// A helper's name is no name of a program (KEY-3).
    #[error("the credential helper {0:?} has a name that no helper has")]
    HelperName(String),
    /// A helper is not there; the words are Docker's.
    #[error(
        "error getting credentials - err: exec: \"docker-credential-{0}\": executable file not found in $PATH"
    )]
    HelperMissing(String),
    /// A helper fails.
    #[error("error {action} credentials - err: {reason}, out: `{output}`")]
    HelperFailed {
        /// `getting`, `storing`, `erasing`.
        action: &'static str,
        /// How it ended.
        reason: String,
        /// What it said, cut and escaped.
        output: String,
    },
    /// A helper does not end.
    #[error("the credential helper docker-credential-{name} did not answer within HELPER_TIMEOUT ({} s)",
        HELPER_TIMEOUT.as_secs())]
    HelperTimeout {
        /// The helper.
        name: String,
    },
    /// A helper says too much.
    #[error(
        "the credential helper docker-credential-{0} printed more than HELPER_OUTPUT_BYTES_MAX ({HELPER_OUTPUT_BYTES_MAX})"
    )]
    HelperOutput(String),
    /// A helper's answer is not what it has to be.
    #[error("the credential helper docker-credential-{0} answers with something that is no credential")]
    HelperAnswer(String),
    /// A server, user or password with a line break or another control character in it.
    #[error("the {0} has control characters")]
    Control(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_9_credentials_of_a_request_are_for_its_server_alone() {
        let credentials = Credentials::Password { user: "joe".to_owned(), password: Secret::new("secret") };
        let given = Given { server: "a.example:5000".to_owned(), credentials: credentials.clone() };
        assert_eq!(given.credentials("a.example:5000"), Ok(credentials));
        for other in ["a.example", "a.example:5001", "b.example:5000", "https://index.docker.io/v1/", ""] {
            assert_eq!(given.credentials(other), Ok(Credentials::Anonymous), "{other}");
        }
    }
}
