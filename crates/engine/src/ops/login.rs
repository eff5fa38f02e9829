//! `login`: credentials, proven to a registry and then kept.

use std::path::PathBuf;

use registry_client::{Credentials, HUB_SERVER, Keychain, KeychainError, Place, Secret};
use spec::DEFAULT_DOMAIN;

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// A request to log in.
#[derive(Clone, Debug)]
pub struct Login {
    /// What the user typed, a host or a URL; nothing for Docker Hub.
    pub server: Option<String>,
    /// Who wants to be let in.
    pub identity: Identity,
}

/// Who wants to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Whoever logged in before.
    Stored,
    /// A user with a password or a personal access token.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// A login that worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// The name that the credentials are kept under.
    pub server: String,
    /// Where they are.
    pub kept: Kept,
    /// What the user should know about the file they are in.
    pub warning: Option<String>,
}

/// Where proven credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Where they were before.
    AsBefore,
    /// In this file, as good as in the clear.
    File(PathBuf),
    /// With the credential helper of this name.
    Helper(String),
}

/// Credentials that are kept for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLogin {
    /// The name they are kept under.
    pub server: String,
    /// The user; empty when only a token is known.
    pub user: String,
}

/// A server as credentials know it.
pub(crate) struct LoginServer {
    /// The name that they are kept under.
    pub(crate) key: String,
    /// The registry as in a reference.
    pub(crate) domain: String,
}

impl LoginServer {
    /// Reads what the user typed as Docker does: a host, or a URL of which the host counts.
    pub(crate) fn parse(typed: Option<&str>) -> LoginServer {
        let typed = typed.unwrap_or_default();
        let bare = typed.strip_prefix("https://").or_else(|| typed.strip_prefix("http://")).unwrap_or(typed);
        match bare.split('/').next().unwrap_or_default() {
            "" | DEFAULT_DOMAIN | "index.docker.io" => {
                LoginServer { key: HUB_SERVER.to_owned(), domain: DEFAULT_DOMAIN.to_owned() }
            }
            host => LoginServer { key: host.to_owned(), domain: host.to_owned() },
        }
    }
}

impl Engine {
    /// Who logged in to a server before, if anybody did.
    ///
    /// # Errors
    /// When the file or the helper that should know fails.
    pub fn stored_login(&self, server: Option<&str>) -> Result<Option<StoredLogin>> {
        let LoginServer { key, .. } = LoginServer::parse(server);
        let credentials = self.keychain().credentials(&key).map_err(|error| keychain_error(&error))?;
        let user = credentials.user().unwrap_or_default().to_owned();
        Ok((credentials != Credentials::Anonymous).then_some(StoredLogin { server: key, user }))
    }

    /// Whether `DOCKER_AUTH_CONFIG` goes before what login and logout change.
    pub fn credentials_from_environment(&self) -> bool {
        self.keychain().has_variable()
    }

    /// Shows credentials to a registry and keeps them when it takes them.
    ///
    /// # Errors
    /// When there are none, the registry does not take them or does not answer, in Docker's words; or when they
    /// cannot be kept.
    pub fn login(&self, request: &Login) -> Result<LoggedIn> {
        let server = LoginServer::parse(request.server.as_deref());
        let keychain = self.keychain();
        let credentials = match &request.identity {
            Identity::Password { user, .. } if user.is_empty() => {
                return Err(Error::invalid("username is empty"));
            }
            Identity::Password { user, password } => {
                Credentials::Password { user: user.clone(), password: password.clone() }
            }
            Identity::Stored => keychain.credentials(&server.key).map_err(|error| keychain_error(&error))?,
        };
        if credentials == Credentials::Anonymous {
            let text = format!("there are no credentials for {}", server.key);
            return Err(Error::new(ErrorKind::Unauthorized, text));
        }
        let client = self.client(&self.cancel.child())?;
        let login =
            client.login(&server.domain, &credentials).map_err(|error| self.registry_error(&error))?;
        let kept = match (login.identity_token, &request.identity) {
            (None, Identity::Stored) => Kept::AsBefore,
            (Some(token), _) => {
                let user = credentials.user().unwrap_or_default().to_owned();
                keep(&keychain, &server.key, &Credentials::IdentityToken { user, token })?
            }
            (None, Identity::Password { .. }) => keep(&keychain, &server.key, &credentials)?,
        };
        Ok(LoggedIn { server: server.key, kept, warning: keychain.warning() })
    }
}

fn keep(keychain: &registry_client::ConfigKeychain, server: &str, credentials: &Credentials) -> Result<Kept> {
    match keychain.store(server, credentials) {
        Ok(Place::File(path)) => Ok(Kept::File(path)),
        Ok(Place::Helper(name)) => Ok(Kept::Helper(name)),
        Err(error) => {
            Err(Error::new(keychain_error(&error).kind(), format!("Error saving credentials: {error}")))
        }
    }
}

/// A failure of the file or the helper that keeps credentials.
pub(crate) fn keychain_error(error: &KeychainError) -> Error {
    let kind = match error {
        KeychainError::File(_) => ErrorKind::Internal,
        KeychainError::Writable { .. } => ErrorKind::Denied,
        KeychainError::Malformed { .. } | KeychainError::HelperName(_) | KeychainError::Control(_) => {
            ErrorKind::InvalidArgument
        }
        KeychainError::HelperMissing(_)
        | KeychainError::HelperFailed { .. }
        | KeychainError::HelperTimeout { .. }
        | KeychainError::HelperOutput(_)
        | KeychainError::HelperAnswer(_) => ErrorKind::Unavailable,
    };
    Error::new(kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_docker_reads_them() {
        let check = |typed: Option<&str>, key: &str, domain: &str| {
            let server = LoginServer::parse(typed);
            assert_eq!((server.key.as_str(), server.domain.as_str()), (key, domain), "{typed:?}");
        };
        check(None, HUB_SERVER, "docker.io");
        check(Some("docker.io"), HUB_SERVER, "docker.io");
        check(Some(HUB_SERVER), HUB_SERVER, "docker.io");
        check(Some("127.0.0.1:5001"), "127.0.0.1:5001", "127.0.0.1:5001");
        check(Some("https://quay.io/v2/"), "quay.io", "quay.io");
        check(Some("http://localhost:5000"), "localhost:5000", "localhost:5000");
    }
}
