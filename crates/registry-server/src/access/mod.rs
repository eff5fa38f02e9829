//! Who asks, and what they may do.
//!
//! Rules give rights, nothing takes them away, and what no rule gives is denied. A token narrows what its user
//! may do, never widens it; rules are asked anew for each request.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use spec::RegistryErrorCode as Code;

use crate::http::service::Ends;
use crate::name::RepositoryName;
use crate::refusal::{Answered, Refusal, WRONG_PASSWORD};
use crate::registry::uploads::{ANONYMOUS, Subject};

mod explain;
mod keys;
mod passwords;
mod rules;
mod token;
pub(crate) mod tokens;

pub use explain::{Explanation, explain_access};
pub(crate) use keys::Issuer;
pub(crate) use passwords::Passwords;
pub use rules::{Action, Rule, Who};
pub(crate) use rules::{Rules, may_match};
pub(crate) use token::Grant;
pub(crate) use tokens::Tokens;

/// What clients show their users when they ask for a password.
const BASIC_REALM: &str = "strata";

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// A user's name; none when anonymous.
    pub user: Option<String>,
    /// Where from.
    pub address: IpAddr,
    /// How it is known.
    pub proof: Proof,
}

/// How a caller is known.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// It is not.
    Nothing,
    /// By a password.
    Password,
    /// By a token of ours, which may only narrow.
    OwnToken(Vec<Grant>),
    /// By a token of somebody we trust, which says all there is.
    ForeignToken(Vec<Grant>),
}

/// What a call needs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need<'r> {
    /// Nothing.
    Nothing,
    /// To know who asks.
    Known,
    /// Lists, which show what the caller may pull.
    Lists,
    /// A right.
    Right {
        /// In this repository.
        repository: &'r RepositoryName,
        /// To do this.
        action: Action,
        /// And to pull from there.
        source: Option<Source<'r>>,
    },
}

/// Where a mount is from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'r> {
    /// From this repository.
    Named(&'r RepositoryName),
    /// From any that the caller may pull from.
    Any,
}

/// Whether somebody may mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mounting {
    /// Yes.
    Allowed,
    /// No, but a token for it is to be had.
    WiderToken,
    /// No.
    Denied,
}

impl Principal {
    /// What its uploads are bound to and counted by.
    pub(crate) fn subject(&self) -> Subject {
        Subject(match &self.user {
            Some(user) => format!("user {user}"),
            None => format!("{ANONYMOUS}{}", self.address),
        })
    }
}

/// Who may do what.
pub(crate) struct Access {
    /// Nothing when everybody may do everything.
    pub rules: Option<Rules>,
    /// Users and their passwords.
    pub passwords: Option<Arc<Passwords>>,
    /// Tokens of our own.
    pub tokens: Option<Tokens>,
    /// Whose tokens we trust besides.
    pub issuers: Vec<Issuer>,
}

impl Access {
    /// Everybody may do everything.
    pub(crate) fn open() -> Access {
        Access { rules: None, passwords: None, tokens: None, issuers: Vec::new() }
    }

    /// Finds out who asks. What for is told with a refusal, so that the next token is for that.
    pub(crate) async fn authenticate(
        &self,
        authorization: Option<&HeaderValue>,
        need: Need<'_>,
        ends: Ends,
        now: i64,
    ) -> Answered<Principal> {
        let anonymous = Principal { user: None, address: ends.peer.ip(), proof: Proof::Nothing };
        // An open registry takes any login.
        let (Some(_), Some(header)) = (&self.rules, authorization) else { return Ok(anonymous) };
        let text = header.to_str().unwrap_or_default();
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            let Some((user, password)) = basic(rest) else {
                return Err(self.challenge(ends, need, None, "the Authorization header is malformed"));
            };
            if user.is_empty() && password.is_empty() {
                return Ok(anonymous);
            }
            return match self.log_in(&user, password, ends).await? {
                true => Ok(Principal { user: Some(user), proof: Proof::Password, ..anonymous }),
                false => Err(self.challenge(ends, need, None, WRONG_PASSWORD).saying(WRONG_PASSWORD)),
            };
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(self.challenge(ends, need, None, "Authorization is neither Basic nor Bearer"));
        }
        self.token(rest.trim(), now)
            .map(|(user, proof)| Principal { user, proof, ..anonymous })
            .map_err(|reason| self.challenge(ends, need, Some("invalid_token"), reason))
    }

    /// Whether a password is right.
    pub(crate) async fn log_in(&self, user: &str, password: String, ends: Ends) -> Answered<bool> {
        match &self.passwords {
            Some(passwords) => passwords.check(user, password, ends.peer.ip()).await,
            None => Ok(false),
        }
    }

    fn token(&self, text: &str, now: i64) -> Result<(Option<String>, Proof), &'static str> {
        let seconds = now / 1_000;
        if let Some(own) = &self.tokens
            && let Some(claims) = own.verify(text, seconds)
        {
            let claims = claims?;
            if claims.user.as_ref().is_some_and(|user| !self.knows(user)) {
                return Err("the user of this token is no longer known");
            }
            return Ok((claims.user, Proof::OwnToken(claims.grants)));
        }
        let claims = keys::verify(&self.issuers, text, seconds)?;
        Ok((claims.user, Proof::ForeignToken(claims.grants)))
    }

    fn knows(&self, user: &str) -> bool {
        self.passwords.as_ref().is_some_and(|passwords| passwords.fingerprint(user).is_some())
    }

    /// Whether the caller may do something.
    pub(crate) fn allows(&self, caller: &Principal, repository: &RepositoryName, action: Action) -> bool {
        let Some(rules) = &self.rules else { return true };
        match &caller.proof {
            Proof::Nothing | Proof::Password => rules.allow(caller.user.as_deref(), repository, action),
            Proof::OwnToken(grants) => {
                token::grants(grants, repository, action)
                    && rules.allow(caller.user.as_deref(), repository, action)
            }
            Proof::ForeignToken(grants) => token::grants(grants, repository, action),
        }
    }

    /// Whether the caller's user may push, whatever this token is for: who looks first may come back with another.
    pub(crate) fn may_push_next(&self, caller: &Principal, repository: &RepositoryName) -> bool {
        match (&self.rules, &caller.proof) {
            (Some(rules), Proof::OwnToken(_)) => {
                rules.allow(caller.user.as_deref(), repository, Action::Push)
            }
            _ => self.allows(caller, repository, Action::Push),
        }
    }

    /// Whether a list may show a repository.
    pub(crate) fn lists(&self, caller: &Principal, repository: &RepositoryName) -> bool {
        let Some(rules) = &self.rules else { return true };
        match &caller.proof {
            Proof::OwnToken(grants) if token::grants_catalog(grants) => {
                rules.allow(caller.user.as_deref(), repository, Action::Pull)
            }
            Proof::ForeignToken(grants) if token::grants_catalog(grants) => true,
            _ => self.allows(caller, repository, Action::Pull),
        }
    }

    /// Refuses what the caller may not do.
    pub(crate) fn check(&self, caller: &Principal, need: Need<'_>, ends: Ends) -> Answered<()> {
        match need {
            Need::Nothing => Ok(()),
            Need::Known => self.check_known(caller, ends),
            Need::Lists => self.check_lists(caller, ends),
            Need::Right { repository, action, .. } => {
                self.check_right(caller, need, (repository, action), ends)
            }
        }
    }

    /// In the same way whether or not it is there.
    fn check_right(
        &self,
        caller: &Principal,
        need: Need<'_>,
        (repository, action): (&RepositoryName, Action),
        ends: Ends,
    ) -> Answered<()> {
        // Who may make new tags may push; whether a tag may be moved is asked with the push.
        if self.allows(caller, repository, action) {
            return Ok(());
        }
        let detail = format!("{} {repository} is not allowed to {}", action.as_str(), name(caller));
        if let Proof::Password = caller.proof {
            return Err(Refusal::new(Code::Denied, detail));
        }
        let error = if let Proof::Nothing = caller.proof { None } else { Some("insufficient_scope") };
        Err(self.challenge(ends, need, error, &detail))
    }

    /// Whether the caller may mount from one repository into another, where pushing is allowed.
    pub(crate) fn mounting(
        &self,
        caller: &Principal,
        repository: &RepositoryName,
        source: &RepositoryName,
    ) -> Mounting {
        if self.allows(caller, source, Action::Pull) {
            return Mounting::Allowed;
        }
        match (&self.rules, &caller.proof) {
            (Some(rules), Proof::OwnToken(grants))
                if rules.allow(caller.user.as_deref(), source, Action::Pull) =>
            {
                if token::grants_mounts(grants, repository) {
                    Mounting::Allowed
                } else {
                    Mounting::WiderToken
                }
            }
            _ => Mounting::Denied,
        }
    }

    /// Refuses a mount for which the token is too narrow, and says which one is not.
    pub(crate) fn ask_for_mount(
        &self,
        repository: &RepositoryName,
        source: Source<'_>,
        ends: Ends,
    ) -> Refusal {
        let need = Need::Right { repository, action: Action::Push, source: Some(source) };
        let detail = "the token gives push here alone, and a mount needs pull where it is from";
        self.challenge(ends, need, Some("insufficient_scope"), detail)
    }

    /// What a token has to be asked for.
    fn scope(&self, need: Need<'_>) -> Option<String> {
        let (repository, action, source) = match need {
            Need::Nothing | Need::Known => return None,
            Need::Lists => return Some("registry:catalog:*".to_owned()),
            Need::Right { repository, action, source } => (repository, action, source),
        };
        let scope = format!("repository:{repository}:{}", action.scope());
        Some(match source {
            Some(Source::Named(source)) => format!("{scope} repository:{source}:pull"),
            // Others' token servers do not know the word.
            Some(Source::Any) if self.tokens.is_some() => format!("{scope},{}", token::MOUNT),
            _ => scope,
        })
    }

    /// Refuses the registry's front door to those who have not said who they are.
    fn check_known(&self, caller: &Principal, ends: Ends) -> Answered<()> {
        match (&self.rules, &caller.proof) {
            (Some(_), Proof::Nothing) => Err(self.challenge(ends, Need::Known, None, "say who you are")),
            _ => Ok(()),
        }
    }

    /// Refuses lists to those to whom they could show nothing.
    fn check_lists(&self, caller: &Principal, ends: Ends) -> Answered<()> {
        let Some(rules) = &self.rules else { return Ok(()) };
        match &caller.proof {
            Proof::Nothing if !rules.anybody_pulls() => {
                Err(self.challenge(ends, Need::Lists, None, "say who you are"))
            }
            _ => Ok(()),
        }
    }

    fn challenge(&self, ends: Ends, need: Need<'_>, error: Option<&str>, detail: &str) -> Refusal {
        let challenge = match (&self.tokens, self.issuers.first()) {
            (None, None) => format!("Basic realm=\"{BASIC_REALM}\""),
            (own, foreign) => {
                let realm = match (own, foreign) {
                    (Some(own), _) => own.realm(ends),
                    (None, Some(issuer)) => issuer.realm.clone(),
                    (None, None) => String::new(),
                };
                let service = own.as_ref().map(|own| own.service.as_str());
                let service = service.or(foreign.map(|issuer| issuer.audience.as_str())).unwrap_or_default();
                let mut text = format!("Bearer realm=\"{realm}\",service=\"{service}\"");
                self.scope(need).into_iter().for_each(|scope| text.push_str(&format!(",scope=\"{scope}\"")));
                error.into_iter().for_each(|error| text.push_str(&format!(",error=\"{error}\"")));
                text
            }
        };
        Refusal::new(Code::Unauthorized, detail).with_header(WWW_AUTHENTICATE, &challenge)
    }
}

fn name(caller: &Principal) -> String {
    caller.user.as_ref().map_or_else(|| "anonymous callers".to_owned(), |user| format!("user {user:?}"))
}

/// User and password out of a Basic header.
pub(crate) fn basic(text: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
