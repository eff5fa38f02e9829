//! Who may do what: Basic, or Bearer tokens with scopes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Options;
use super::fault::matches_pattern;
use super::http::{Head, Response, header};

/// How a registry wants to be talked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Everybody may do everything.
    #[default]
    None,
    /// User name and password on every request.
    Basic,
    /// Tokens from the token server; without credentials everything public may be pulled.
    Bearer,
}

/// What a scope may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Pull,
    Push,
    Delete,
    Catalog,
}

impl Action {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Action::Pull => "pull",
            Action::Push => "push",
            Action::Delete => "delete",
            Action::Catalog => "*",
        }
    }
}

/// One granted scope: `repository:NAME:pull,push`, or `registry:catalog:*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) actions: Vec<String>,
}

impl Grant {
    /// Reads a scope; a name may hold colons (a registry's port).
    pub(crate) fn parse(scope: &str) -> Option<Grant> {
        let (kind, rest) = scope.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let actions = actions.split(',').map(str::to_owned).collect();
        Some(Grant { kind: kind.to_owned(), name: name.to_owned(), actions })
    }
}

struct Token {
    grants: Vec<Grant>,
    until: Instant,
}

/// Users, and the tokens given out.
pub(crate) struct Gate {
    options: Options,
    tokens: Mutex<HashMap<String, Token>>,
    refresh_tokens: Mutex<HashMap<String, String>>,
    realm: Mutex<Option<String>>,
}

impl Gate {
    pub(crate) fn new(options: &Options) -> Gate {
        Gate {
            options: options.clone(),
            tokens: Mutex::default(),
            refresh_tokens: Mutex::default(),
            realm: Mutex::default(),
        }
    }

    /// Whether name and password belong together.
    pub(crate) fn knows(&self, user: &str, password: &str) -> bool {
        self.options.users.iter().any(|(name, secret)| name == user && secret == password)
    }

    /// Whether the request carries what it needs.
    pub(crate) fn allows(&self, head: &Head, needed: &[(String, Action)]) -> bool {
        let authorization = header(&head.headers, "authorization").unwrap_or_default();
        match self.options.auth {
            Auth::None => true,
            Auth::Basic => {
                basic_credentials(authorization).is_some_and(|(user, password)| self.knows(&user, &password))
            }
            Auth::Bearer => {
                let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                let token = bearer_token(authorization).and_then(|token| tokens.get(token));
                token.is_some_and(|token| {
                    token.until > Instant::now() && needed.iter().all(|need| covers(&token.grants, need))
                })
            }
        }
    }

    /// The 401 for a request that lacks something.
    pub(crate) fn challenge(&self, base_url: &str, head: &Head, needed: &[(String, Action)]) -> Response {
        let response = Response::error(401, "UNAUTHORIZED", "authentication required");
        if self.options.auth == Auth::Basic {
            return response.header("WWW-Authenticate", "Basic realm=\"testkit\"");
        }
        let elsewhere = self.realm.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let realm = elsewhere.unwrap_or_else(|| format!("{base_url}/token"));
        let mut challenge = format!("Bearer realm=\"{realm}\",service=\"{}\"", self.options.service);
        let scopes: Vec<String> = needed.iter().map(scope_of).collect();
        if !scopes.is_empty() {
            challenge.push_str(&format!(",scope=\"{}\"", scopes.join(" ")));
        }
        if header(&head.headers, "authorization").and_then(bearer_token).is_some() {
            challenge.push_str(",error=\"insufficient_scope\"");
        }
        response.header("WWW-Authenticate", challenge)
    }

    /// What of the wishes somebody gets.
    pub(crate) fn grant(&self, user: Option<&str>, wishes: Vec<Grant>) -> Vec<Grant> {
        let public = |name: &str| !self.options.private.iter().any(|pattern| matches_pattern(pattern, name));
        let allowed = |wish: Grant| {
            let actions = wish.actions.iter().filter(|action| {
                user.is_some() || (wish.kind == "repository" && *action == "pull" && public(&wish.name))
            });
            Grant { actions: actions.cloned().collect(), ..wish.clone() }
        };
        wishes.into_iter().map(allowed).filter(|grant| !grant.actions.is_empty()).collect()
    }

    /// Makes a token.
    pub(crate) fn issue(&self, grants: Vec<Grant>) -> String {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let text = format!("testkit.access.{}.{:x}", tokens.len() + 1, unguessable());
        let until = Instant::now() + Duration::from_secs(self.options.token_seconds);
        tokens.insert(text.clone(), Token { grants, until });
        text
    }

    /// Makes a refresh token, which Docker keeps as "identity token".
    pub(crate) fn issue_refresh(&self, user: &str) -> String {
        let mut known = self.refresh_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let text = format!("testkit.refresh.{}.{:x}", known.len() + 1, unguessable());
        known.insert(text.clone(), user.to_owned());
        text
    }

    /// The user a refresh token belongs to.
    pub(crate) fn refresh_user(&self, token: &str) -> Option<String> {
        self.refresh_tokens.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// Names another token server in challenges.
    pub(crate) fn set_realm(&self, url: &str) {
        *self.realm.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.to_owned());
    }

    /// Makes every access token given out so far worthless.
    pub(crate) fn expire_tokens(&self) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).values_mut().for_each(|token| {
            token.until = Instant::now();
        });
    }
}

fn covers(grants: &[Grant], (name, action): &(String, Action)) -> bool {
    grants.iter().any(|grant| {
        let fits = match action {
            Action::Catalog => grant.kind == "registry" && grant.name == "catalog",
            _ => grant.kind == "repository" && grant.name == *name,
        };
        fits && grant.actions.iter().any(|granted| granted == action.word() || granted == "*")
    })
}

fn scope_of((name, action): &(String, Action)) -> String {
    match action {
        Action::Catalog => "registry:catalog:*".to_owned(),
        Action::Push => format!("repository:{name}:pull,push"),
        Action::Pull | Action::Delete => format!("repository:{name}:{}", action.word()),
    }
}

fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// User name and password of a Basic header.
pub(crate) fn basic_credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    let bytes = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

/// Sixty-four bits that differ from run to run, so that a leaked token can be searched for.
fn unguessable() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(())
}
