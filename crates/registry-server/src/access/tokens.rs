//! Tokens of our own: made for those who log in, checked by nobody else.
//!
//! Both forms of asking are spoken: a GET with Basic credentials, and OAuth2's POST. What is granted is what was
//! asked for and is allowed; granting nothing is no error here.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use ring::signature::{Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::json;
use spec::{Digest, RegistryErrorCode as Code};

use super::token::{Claims, Grant, MOUNT, Parts, join, scope, to_be_signed, to_json};
use super::{Access, Action, basic};
use crate::error::{Error, Result};
use crate::http::answer::Answer;
use crate::http::body::RequestBody;
use crate::http::query::Query;
use crate::http::service::{Ends, Server};
use crate::limits::{ACCESS_ENTRIES_MAX, FORM_BYTES_MAX};
use crate::random;
use crate::refusal::{Answered, Refusal};

/// How long a token is good for, in seconds: one push or pull.
const LIFETIME_SECONDS: i64 = 300;
/// How long one can log in again without the password: a month, or until it is changed.
const REFRESH_SECONDS: i64 = 30 * 86_400;
const ACCESS_KIND: &str = "JWT";
const REFRESH_KIND: &str = "refresh+jwt";
/// The key's file in the root.
const KEY_FILE: &str = "token.key";
/// A key in the form of PKCS#8 is below a hundred bytes.
const KEY_BYTES_MAX: u64 = 1 << 10;

/// What makes and checks tokens.
pub(crate) struct Tokens {
    /// Our name.
    pub service: String,
    /// Where clients reach us, when they reach us by another name than ours.
    pub url: Option<String>,
    pub tls: bool,
    key: Ed25519KeyPair,
    key_id: String,
}

impl Tokens {
    /// Uses the key in the root; the first server makes one.
    pub(crate) fn open(root: &disk::Dir, service: String, url: Option<String>, tls: bool) -> Result<Tokens> {
        let document = match root.read(KEY_FILE, KEY_BYTES_MAX)? {
            Some(document) => document,
            None => {
                let random = ring::rand::SystemRandom::new();
                let made = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| Error::Randomness)?;
                root.replace(KEY_FILE, made.as_ref(), 0o600)?;
                root.read(KEY_FILE, KEY_BYTES_MAX)?.unwrap_or_default()
            }
        };
        let key = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| Error::Unusable {
            path: root.join(KEY_FILE),
            reason: "it holds no key; remove it and a new one is made, all tokens end".to_owned(),
        })?;
        let key_id = Digest::of(key.public_key().as_ref()).hex()[..16].to_owned();
        Ok(Tokens { service, url, tls, key, key_id })
    }

    /// Where clients ask: the configured address, else the one that they have reached us at.
    pub(super) fn realm(&self, ends: Ends) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        match &self.url {
            Some(url) => format!("{}/token", url.trim_end_matches('/')),
            None => format!("{scheme}://{}/token", ends.local),
        }
    }

    /// Checks an access token of ours; nothing when it does not claim to be one.
    pub(super) fn verify(&self, token: &str, now: i64) -> Option<std::result::Result<Claims, &'static str>> {
        self.verify_kind(token, ACCESS_KIND, now)
    }

    fn verify_kind(
        &self,
        token: &str,
        kind: &str,
        now: i64,
    ) -> Option<std::result::Result<Claims, &'static str>> {
        let parts = Parts::read(token).ok()?;
        if parts.key_id.as_deref() != Some(&self.key_id) {
            return None;
        }
        let key = UnparsedPublicKey::new(&ring::signature::ED25519, self.key.public_key());
        let right = parts.algorithm == "EdDSA"
            && parts.kind == kind
            && key.verify(parts.signed.as_bytes(), &parts.signature).is_ok();
        if !right {
            return Some(Err("the token's signature is not right"));
        }
        Some(parts.check(&self.service, &self.service, now))
    }

    fn sign(&self, kind: &str, claims: &serde_json::Value) -> String {
        let header = json!({ "alg": "EdDSA", "typ": kind, "kid": self.key_id });
        let signed = to_be_signed(&header, claims);
        let signature = self.key.sign(signed.as_bytes());
        join(signed, signature.as_ref())
    }

    fn claims(&self, user: Option<&str>, now: i64, lifetime: i64) -> Result<serde_json::Value> {
        Ok(json!({
            "iss": self.service, "aud": self.service, "sub": user.unwrap_or_default(),
            "iat": now, "nbf": now, "exp": now + lifetime, "jti": random::id()?,
        }))
    }

    fn access(&self, user: Option<&str>, grants: &[Grant], now: i64) -> Result<String> {
        let mut claims = self.claims(user, now, LIFETIME_SECONDS)?;
        claims["access"] = to_json(grants);
        Ok(self.sign(ACCESS_KIND, &claims))
    }

    fn refresh(&self, user: &str, fingerprint: &str, now: i64) -> Result<String> {
        let mut claims = self.claims(Some(user), now, REFRESH_SECONDS)?;
        claims["pwd"] = json!(fingerprint);
        Ok(self.sign(REFRESH_KIND, &claims))
    }
}

/// What a client asks for.
struct Wish<'q> {
    user: Option<String>,
    scopes: Vec<&'q str>,
    refresh: bool,
}

/// Asked with GET.
pub(crate) async fn get(
    server: &Server,
    ends: Ends,
    query: &str,
    authorization: Option<&HeaderValue>,
) -> Answered<Answer> {
    let query = Query::parse(query);
    let header = authorization.and_then(|header| header.to_str().ok());
    let credentials = header.and_then(|header| header.split_once(' ')).map(|(_, rest)| basic(rest));
    let user = match credentials {
        None => None,
        Some(None) => return Err(Refusal::wrong_password()),
        Some(Some((user, password))) if user.is_empty() && password.is_empty() => None,
        Some(Some((user, password))) => {
            logged_in(&server.access, &user, password, ends).await?;
            Some(user)
        }
    };
    let refresh = query.value("offline_token") == Some("true");
    let scopes = query.values("scope").flat_map(str::split_whitespace).collect();
    answer(server, Wish { user, scopes, refresh })
}

/// Asked with POST.
pub(crate) async fn post(server: &Server, ends: Ends, body: &mut RequestBody) -> Answered<Answer> {
    let form = body.read_whole(FORM_BYTES_MAX).await?;
    let form = Query::parse(std::str::from_utf8(&form).unwrap_or_default());
    let user = match form.value("grant_type") {
        Some("password") => {
            let user = form.value("username").unwrap_or_default();
            let password = form.value("password").unwrap_or_default();
            logged_in(&server.access, user, password.to_owned(), ends).await?;
            user.to_owned()
        }
        Some("refresh_token") => refreshed(server, form.value("refresh_token").unwrap_or_default())?,
        _ => {
            let detail = "grant_type has to be password or refresh_token";
            return Err(Refusal::new(Code::Unsupported, detail).with_status(400));
        }
    };
    let refresh = form.value("access_type") == Some("offline");
    let scopes = form.values("scope").flat_map(str::split_whitespace).collect();
    answer(server, Wish { user: Some(user), scopes, refresh })
}

async fn logged_in(access: &Access, user: &str, password: String, ends: Ends) -> Answered<()> {
    match access.log_in(user, password, ends).await? {
        true => Ok(()),
        false => Err(Refusal::wrong_password()),
    }
}

/// The user of a refresh token: as long as the password has not changed.
fn refreshed(server: &Server, token: &str) -> Answered<String> {
    let own = own(server)?;
    let refused = |reason: &str| Refusal::new(Code::Unauthorized, reason);
    let seconds = server.registry.clock.now() / 1_000;
    let claims = own.verify_kind(token, REFRESH_KIND, seconds);
    let claims = claims.unwrap_or(Err("this is no refresh token of this registry")).map_err(refused)?;
    let current = claims.user.as_deref().and_then(|user| server.access.passwords.as_ref()?.fingerprint(user));
    match (claims.user, current) {
        (Some(user), Some(current)) if claims.fingerprint.as_ref() == Some(&current) => Ok(user),
        _ => Err(refused("the password has changed, or the user is no longer known; log in again")),
    }
}

fn own(server: &Server) -> Answered<&Tokens> {
    let missing = || Refusal::new(Code::Unsupported, "this registry makes no tokens").with_status(404);
    server.access.tokens.as_ref().ok_or_else(missing)
}

fn answer(server: &Server, wish: Wish<'_>) -> Answered<Answer> {
    let own = own(server)?;
    if wish.scopes.len() > ACCESS_ENTRIES_MAX {
        let detail = format!("more scopes than ACCESS_ENTRIES_MAX ({ACCESS_ENTRIES_MAX})");
        return Err(Refusal::new(Code::Unsupported, detail).with_status(400));
    }
    let user = wish.user.as_deref();
    let granted: Vec<Grant> = wish.scopes.iter().filter_map(|text| allowed(server, user, text)).collect();
    let now = server.registry.clock.now() / 1_000;
    let token = own.access(user, &granted, now)?;
    let issued = jiff::Timestamp::from_second(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let mut value = json!({
        "token": token, "access_token": token, "expires_in": LIFETIME_SECONDS,
        "issued_at": issued.to_string(), "scope": words(&granted), "token_type": "Bearer",
    });
    let fingerprint = user.and_then(|user| server.access.passwords.as_ref()?.fingerprint(user));
    if let (true, Some(user), Some(fingerprint)) = (wish.refresh, user, fingerprint) {
        value["refresh_token"] = json!(own.refresh(user, &fingerprint, now)?);
    }
    let answer = Answer::bytes(StatusCode::OK, "application/json", value.to_string());
    Ok(answer.header(CACHE_CONTROL, "no-store"))
}

/// What of a scope the user may do.
fn allowed(server: &Server, user: Option<&str>, text: &str) -> Option<Grant> {
    let rules = server.access.rules.as_ref();
    match scope(text)? {
        Grant::Catalog => Some(Grant::Catalog),
        Grant::Repository(name, words) => {
            let may = |action| rules.is_none_or(|rules| rules.allow(user, &name, action));
            let all = words.iter().any(|word| word == "*");
            let mut granted: Vec<String> = [Action::Pull, Action::Push, Action::Delete]
                .into_iter()
                .filter(|action| all || words.iter().any(|word| word == action.as_str()))
                .filter(|action| may(*action))
                .map(|action| action.as_str().to_owned())
                .collect();
            if may(Action::Push) && words.iter().any(|word| word == MOUNT) {
                granted.push(MOUNT.to_owned());
            }
            if granted.is_empty() { None } else { Some(Grant::Repository(name, granted)) }
        }
    }
}

fn words(grants: &[Grant]) -> String {
    let word = |grant: &Grant| match grant {
        Grant::Repository(name, actions) => format!("repository:{name}:{}", actions.join(",")),
        Grant::Catalog => "registry:catalog:*".to_owned(),
    };
    grants.iter().map(word).collect::<Vec<_>>().join(" ")
}
