//! Proving credentials to a registry before they are kept (KEY-5).

use crate::answer::status_text;
use crate::ask::{Server, basic_authorization, request};
use crate::auth::{Challenge, Grant, Scopes, judge};
use crate::client::Client;
use crate::endpoints::Endpoint;
use crate::error::Error;
use crate::http::{Method, Response};
use crate::keychain::Credentials;
use crate::reach::{Reach, Tries, Use};
use crate::secret::Secret;

/// What a successful login came to.
#[derive(Clone, Debug)]
pub struct Login {
    /// A refresh token, to be kept instead of the password.
    pub identity_token: Option<Secret>,
}

impl Client {
    /// Shows credentials to a registry, `docker.io` or `host[:port]`; a registry that wants none takes any.
    ///
    /// # Errors
    /// When they are refused, in Docker's words, or nobody answers.
    pub fn login(&self, domain: &str, credentials: &Credentials) -> Result<Login, Error> {
        let reach = Reach::new(self, domain)?;
        reach.first(Use::Push, Tries::Once, |at| self.login_at(at.endpoint, credentials))
    }

    fn login_at(&self, endpoint: &Endpoint, credentials: &Credentials) -> Result<Login, Error> {
        let server = Server { given: Some(credentials), ..Server::of(endpoint, self.pace()) };
        let mut request = request(Method::Get, server.root.clone(), &server);
        let response = self.send(&server, &request)?;
        if response.status != 401 {
            return outcome(&server, &response, None);
        }
        let challenges: Vec<Challenge> =
            response.header_values("www-authenticate").flat_map(Challenge::parse).collect();
        let bearer = challenges.iter().find(|challenge| challenge.scheme == "bearer");
        let mut identity_token = None;
        if let Some((challenge, realm)) = bearer.and_then(|c| Some((c, c.parameter("realm")?))) {
            let refuse = |reason| Error::Realm { registry: server.name.to_owned(), reason };
            let realm = judge(realm, server.registry).map_err(refuse)?;
            if realm.pinned {
                // Whoever logs in means the token server that the registry names now.
                let host = realm.url.origin().host.to_string();
                let pin = self.options.pins.pin(server.name, &host);
                pin.map_err(|reason| refuse(crate::auth::RealmError::Pin(host, reason)))?;
            }
            let service = challenge.parameter("service").map(str::to_owned);
            let grant = Grant { realm, service, scopes: Scopes::none(), offline: true };
            let token = self.fetch_token(&server, &request, &grant, credentials)?;
            request.authorization = Some(Secret::new(format!("Bearer {}", token.access.expose())));
            identity_token = token.refresh;
        } else if challenges.iter().any(|challenge| challenge.scheme == "basic") {
            request.authorization = basic_authorization(credentials);
        }
        let response = self.send(&server, &request)?;
        outcome(&server, &response, identity_token)
    }
}

fn outcome(server: &Server<'_>, response: &Response, identity_token: Option<Secret>) -> Result<Login, Error> {
    if response.status == 200 {
        return Ok(Login { identity_token });
    }
    Err(Error::LoginRefused {
        root: server.root.to_string(),
        status: response.status,
        status_text: status_text(response.status),
    })
}
