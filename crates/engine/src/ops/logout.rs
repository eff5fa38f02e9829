//! `logout`: credentials forgotten.

use super::login::LoginServer;
use crate::engine::Engine;

/// What came of a logout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedOut {
    /// The name that the credentials were kept under.
    pub server: String,
    /// Why they may still be there, if so: Docker warns of it and goes on.
    pub failure: Option<String>,
}

impl Engine {
    /// Forgets the credentials for a server, a host or a URL as the user typed it, or for Docker Hub. That there
    /// are none is fine.
    pub fn logout(&self, server: Option<&str>) -> LoggedOut {
        let LoginServer { key, .. } = LoginServer::parse(server);
        // What was kept under the name as typed goes too, as with Docker.
        let typed = server.filter(|typed| typed.contains("://") && *typed != key);
        let keychain = self.keychain();
        let erased = typed.map_or(Ok(()), |typed| keychain.erase(typed)).and(keychain.erase(&key));
        LoggedOut { server: key, failure: erased.err().map(|error| error.to_string()) }
    }
}
