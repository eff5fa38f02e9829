//! One request with everything it takes to be let in: credentials, tokens, another round after a 401.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answer::Refusal;
use crate::auth::{Challenge, Grant, Negotiation, Scopes, Sent, Token, TokenKey, Verdict, check_pin, judge};
use crate::client::{Client, Learned, lock};
use crate::endpoints::Endpoint;
use crate::error::Error;
use crate::http::{Behalf, Failure, Method, Pace, Payload, Request, Response};
use crate::keychain::Credentials;
use crate::limits::TOKEN_RESPONSE_BYTES_MAX;
use crate::secret::Secret;
use crate::url::{Origin, Url};

/// Who is asked, and as whom.
pub(crate) struct Server<'a> {
    /// The origin that credentials belong to.
    pub(crate) registry: &'a Origin,
    /// The API's root, which Docker names when there is no connection.
    pub(crate) root: Url,
    /// The name that credentials are kept under.
    pub(crate) name: &'a str,
    /// Credentials to prove instead of those in the keychain.
    pub(crate) given: Option<&'a Credentials>,
    /// How long to wait for it.
    pub(crate) pace: Pace,
}

impl<'a> Server<'a> {
    pub(crate) fn of(endpoint: &'a Endpoint, pace: Pace) -> Server<'a> {
        Server {
            registry: endpoint.origin(),
            root: endpoint.url("", None),
            name: &endpoint.server,
            given: None,
            pace,
        }
    }

    /// What requests to this server are made on behalf of.
    pub(crate) fn behalf(&self) -> Behalf {
        Behalf { registry: self.registry.clone(), secrets: Some(self.registry.clone()) }
    }
}

/// A request without payload to a server.
pub(crate) fn request<'a>(method: Method, url: Url, server: &Server<'_>) -> Request<'a> {
    Request {
        method,
        url,
        behalf: server.behalf(),
        authorization: None,
        headers: Vec::new(),
        payload: Payload::None,
        pace: server.pace,
    }
}

impl Client {
    /// Sends a request, with what the server is known to want, and again after a 401 that can be answered.
    ///
    /// Any status may come back; a 401 that stands too.
    pub(crate) fn ask(
        &self,
        server: &Server<'_>,
        request: &mut Request<'_>,
        scopes: &Scopes,
    ) -> Result<Response, Error> {
        let mut negotiation = Negotiation::new(scopes.clone());
        let mut sent = self.authorize_known(server, request, scopes)?;
        loop {
            let response = self.send(server, request)?;
            if response.status != 401 || response.url.origin() != server.registry {
                return Ok(response);
            }
            let challenges: Vec<Challenge> =
                response.header_values("www-authenticate").flat_map(Challenge::parse).collect();
            let basic = challenges.iter().any(|challenge| challenge.scheme == "basic");
            let password = basic && matches!(self.credentials_for(server)?, Credentials::Password { .. });
            sent = match negotiation.refused(&challenges, &sent, password) {
                Verdict::GiveUp => return Ok(response),
                Verdict::NoPassword => {
                    return Err(Error::NoPassword { method: request.method, url: request.url.to_string() });
                }
                Verdict::Basic => {
                    request.authorization = basic_authorization(&self.credentials_for(server)?);
                    self.learn(server.registry, Learned::Basic);
                    Sent::Basic
                }
                Verdict::Token { realm, service, scopes } => {
                    let way = Learned::Bearer { realm: realm.clone(), service: service.clone() };
                    let expired = matches!(sent, Sent::Token { .. });
                    let grant = self.grant(server, &realm, service, scopes)?;
                    let sent = self.authorize_by_token(server, request, &grant, expired)?;
                    self.learn(server.registry, way);
                    sent
                }
            };
        }
    }

    /// Sends a request as it is.
    pub(crate) fn send(&self, server: &Server<'_>, request: &Request<'_>) -> Result<Response, Error> {
        let response = self.http.send(request).map_err(|failure| failed(server, request, *failure))?;
        self.notice(&response);
        Ok(response)
    }

    fn credentials_for(&self, server: &Server<'_>) -> Result<Credentials, Error> {
        match server.given {
            Some(credentials) => Ok(credentials.clone()),
            None => self.credentials(server.name),
        }
    }

    fn authorize_known(
        &self,
        server: &Server<'_>,
        request: &mut Request<'_>,
        scopes: &Scopes,
    ) -> Result<Sent, Error> {
        match self.learned(server.registry) {
            None => Ok(Sent::Nothing),
            Some(Learned::Basic) => {
                request.authorization = basic_authorization(&self.credentials_for(server)?);
                Ok(Sent::Basic)
            }
            Some(Learned::Bearer { realm, service }) => {
                let grant = self.grant(server, &realm, service, scopes.clone())?;
                self.authorize_by_token(server, request, &grant, false)
            }
        }
    }

    fn grant(
        &self,
        server: &Server<'_>,
        realm: &str,
        service: Option<String>,
        scopes: Scopes,
    ) -> Result<Grant, Error> {
        let realm = judge(realm, server.registry)
            .map_err(|reason| Error::Realm { registry: server.name.to_owned(), reason })?;
        Ok(Grant { realm, service, scopes, offline: false })
    }

    /// Puts a token on the request: one that is known, unless it has just been refused, else a new one.
    fn authorize_by_token(
        &self,
        server: &Server<'_>,
        request: &mut Request<'_>,
        grant: &Grant,
        expired: bool,
    ) -> Result<Sent, Error> {
        let credentials = self.credentials_for(server)?;
        let key = TokenKey {
            registry: server.registry.clone(),
            realm: grant.realm.url.clone(),
            service: grant.service.clone(),
            scopes: grant.scopes.clone(),
            user: credentials.user().map(str::to_owned),
        };
        let stale = self.tokens.get(&key, self.options.clock.now());
        let _one_at_a_time = lock(&self.fetching);
        let now = self.options.clock.now();
        let known = self.tokens.get(&key, now);
        // Somebody else may have fetched a new one while this waited.
        let known = known.filter(|known| !expired || stale.as_ref() != Some(known));
        let fresh = known.is_none();
        let token = match known {
            Some(token) => token,
            None => {
                self.tokens.remove(&key);
                let token = self.fetch_token(server, request, grant, &credentials)?;
                self.tokens.put(key, &token, now);
                token.access
            }
        };
        request.authorization = Some(Secret::new(format!("Bearer {}", token.expose())));
        Ok(Sent::Token { scopes: grant.scopes.clone(), fresh })
    }

    /// Asks the token server; failures are worded around the request that needs the token.
    pub(crate) fn fetch_token(
        &self,
        server: &Server<'_>,
        needed: &Request<'_>,
        grant: &Grant,
        credentials: &Credentials,
    ) -> Result<Token, Error> {
        if *credentials != Credentials::Anonymous {
            check_pin(&grant.realm, server.name, &*self.options.pins)
                .map_err(|reason| Error::Realm { registry: server.name.to_owned(), reason })?;
        }
        self.request_token(server, grant, credentials).map_err(|source| match source {
            Error::Cancelled => Error::Cancelled,
            source => {
                Error::Token { method: needed.method, url: needed.url.to_string(), source: Box::new(source) }
            }
        })
    }

    fn request_token(
        &self,
        server: &Server<'_>,
        grant: &Grant,
        credentials: &Credentials,
    ) -> Result<Token, Error> {
        let realm = &grant.realm.url;
        let mut request = request(Method::Get, realm.clone(), server);
        request.behalf.secrets = Some(realm.origin().clone());
        match credentials {
            Credentials::IdentityToken { token, .. } => {
                request.method = Method::Post;
                request.payload = Payload::Form(grant.refresh_form(token));
                request.headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
            }
            credentials => {
                request.url = grant.get_url(credentials.user());
                request.authorization = basic_authorization(credentials);
            }
        }
        let response = self.send(server, &request)?;
        let url = response.url.without_query().to_string();
        if response.status != 200 {
            return Err(refused(request.method, response));
        }
        let broken = |error| Error::transport(request.method, url.clone(), error);
        let body = response.body.read_all(TOKEN_RESPONSE_BYTES_MAX).map_err(broken)?;
        let limit = || format!("it is longer than TOKEN_RESPONSE_BYTES_MAX ({TOKEN_RESPONSE_BYTES_MAX})");
        let token = body.ok_or_else(limit).and_then(|body| Token::parse(&zeroize::Zeroizing::new(body)));
        token.map_err(|reason| Error::TokenAnswer { server: realm.origin().to_string(), reason })
    }
}

/// Reads an answer that says no.
pub(crate) fn refused(method: Method, response: Response) -> Error {
    let url = response.url.without_query().to_string();
    match Refusal::read(method, response) {
        Ok(refusal) => Error::Refused(Box::new(refusal)),
        Err(error) => Error::transport(method, url, error),
    }
}

/// Words a failure as Docker does: without a connection it is the API's root that was asked for.
fn failed(server: &Server<'_>, request: &Request<'_>, failure: Failure) -> Error {
    let Failure { url, error } = failure;
    if error.is_unreached() && url.origin() == server.registry {
        return Error::transport(Method::Get, server.root.to_string(), error);
    }
    // A redirect's query may be a signature.
    let shown = if url.origin() == request.url.origin() { url } else { url.without_query() };
    Error::transport(request.method, shown.to_string(), error)
}

/// The value of `Authorization` for a password.
pub(crate) fn basic_authorization(credentials: &Credentials) -> Option<Secret> {
    match credentials {
        Credentials::Password { user, password } => {
            let pair = zeroize::Zeroizing::new(format!("{user}:{}", password.expose()));
            Some(Secret::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
        }
        Credentials::Anonymous | Credentials::IdentityToken { .. } => None,
    }
}
