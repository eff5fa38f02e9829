//! Tokens: how they are asked for, what an answer must be, and how long they are kept (NET-6).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use zeroize::Zeroizing;

use super::realm::Realm;
use super::scope::Scopes;
use crate::limits::TOKEN_BYTES_MAX;
use crate::secret::Secret;
use crate::url::{Origin, Url, form_encode};

/// The name by which token servers know this client.
const CLIENT_ID: &str = "strata";
/// A token without a lifetime lives this long, one with a shorter one too, as Docker has it.
const LIFETIME_MIN: Duration = Duration::from_secs(60);
/// A lifetime beyond a year is nonsense.
const LIFETIME_MAX: u64 = 366 * 24 * 3600;
/// A token is renewed this long before its end.
const MARGIN: Duration = Duration::from_secs(5);

/// What is asked of a token server.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) realm: Realm,
    pub(crate) service: Option<String>,
    pub(crate) scopes: Scopes,
    /// Whether a refresh token is wanted too, to be kept instead of the password.
    pub(crate) offline: bool,
}

impl Grant {
    /// The URL of the GET form; parameters in the order of their names, as Go sends them.
    pub(crate) fn get_url(&self, account: Option<&str>) -> Url {
        let mut url = self.realm.url.clone();
        if let Some(account) = account {
            url = url.with_parameter("account", account);
        }
        if self.offline {
            url = url.with_parameter("client_id", CLIENT_ID).with_parameter("offline_token", "true");
        }
        for scope in self.scopes.texts() {
            url = url.with_parameter("scope", &scope);
        }
        match &self.service {
            Some(service) => url.with_parameter("service", service),
            None => url,
        }
    }

    /// The form of the OAuth2 POST with a refresh token.
    pub(crate) fn refresh_form(&self, refresh_token: &Secret) -> Zeroizing<String> {
        let mut form = format!("client_id={CLIENT_ID}&grant_type=refresh_token");
        let mut add = |name: &str, value: &str| form.push_str(&format!("&{name}={}", form_encode(value)));
        add("refresh_token", refresh_token.expose());
        if !self.scopes.texts().is_empty() {
            add("scope", &self.scopes.texts().join(" "));
        }
        if let Some(service) = &self.service {
            add("service", service);
        }
        if self.offline {
            add("access_type", "offline");
        }
        Zeroizing::new(form)
    }
}

/// A token server's answer.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) access: Secret,
    /// Nothing: use once.
    pub(crate) lifetime: Option<Duration>,
    pub(crate) refresh: Option<Secret>,
}

impl Token {
    /// Reads an answer.
    ///
    /// # Errors
    /// Says in words what is wrong with it, without quoting it.
    pub(crate) fn parse(body: &[u8]) -> Result<Token, String> {
        let value = spec::json::parse_strict(body).map_err(|_| "it is not one JSON object".to_owned())?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let access = text("access_token").or_else(|| text("token")).ok_or("it has no token")?;
        let refresh = text("refresh_token").map(|refresh| checked("refresh token", refresh)).transpose()?;
        let lifetime = match value.get("expires_in") {
            None | Some(Value::Null) => Some(LIFETIME_MIN),
            Some(value) => value
                .as_u64()
                .filter(|seconds| (1..=LIFETIME_MAX).contains(seconds))
                .map(|seconds| Duration::from_secs(seconds).max(LIFETIME_MIN)),
        };
        Ok(Token { access: checked("token", access)?, lifetime, refresh })
    }
}

/// A token must not break the header or form it is sent in.
fn checked(what: &str, text: &str) -> Result<Secret, String> {
    if text.len() > TOKEN_BYTES_MAX {
        return Err(format!("its {what} is longer than TOKEN_BYTES_MAX ({TOKEN_BYTES_MAX})"));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("its {what} has characters that are not visible ASCII"));
    }
    Ok(Secret::new(text))
}

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TokenKey {
    pub(crate) registry: Origin,
    pub(crate) realm: Url,
    pub(crate) service: Option<String>,
    pub(crate) scopes: Scopes,
    pub(crate) user: Option<String>,
}

/// Tokens in memory, until shortly before their end.
#[derive(Debug, Default)]
pub(crate) struct TokenCache(Mutex<HashMap<TokenKey, (Secret, Instant)>>);

impl TokenCache {
    /// The token for exactly this, if it is still good.
    pub(crate) fn get(&self, key: &TokenKey, now: Instant) -> Option<Secret> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(key).filter(|(_, end)| now < *end).map(|(token, _)| token.clone())
    }

    /// Keeps a token; one that is to be used once is not kept.
    pub(crate) fn put(&self, key: TokenKey, token: &Token, now: Instant) {
        if let Some(lifetime) = token.lifetime {
            let end = now + lifetime.saturating_sub(MARGIN);
            let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.insert(key, (token.access.clone(), end));
        }
    }

    /// Forgets a token that was refused.
    pub(crate) fn remove(&self, key: &TokenKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::judge;

    #[test]
    fn net_6_token_answers() {
        let check = |body: &str, expect: Result<(&str, Option<u64>), &str>| {
            let read = Token::parse(body.as_bytes());
            let read = read.as_ref().map(|t| (t.access.expose(), t.lifetime.map(|l| l.as_secs())));
            assert_eq!(read, expect.map_err(str::to_owned).as_ref().map(|x| *x), "{body:?}");
        };
        check(r#"{"token":"abc"}"#, Ok(("abc", Some(60))));
        check(r#"{"access_token":"abc","expires_in":300}"#, Ok(("abc", Some(300))));
        check(r#"{"token":"old","access_token":"abc","expires_in":1}"#, Ok(("abc", Some(60))));
        for nonsense in ["0", "-5", "1e99", "99999999999", "\"300\"", "true", "[]"] {
            check(&format!("{{\"token\":\"abc\",\"expires_in\":{nonsense}}}"), Ok(("abc", None)));
        }
        check("", Err("it is not one JSON object"));
        check("<html>", Err("it is not one JSON object"));
        check("{}", Err("it has no token"));
        check(r#"{"token":""}"#, Err("it has no token"));
        check(r#"{"token":7}"#, Err("it has no token"));
        check(r#"{"token":"a\r\nX: y"}"#, Err("its token has characters that are not visible ASCII"));
        check(r#"{"token":"a b"}"#, Err("its token has characters that are not visible ASCII"));
        check(
            r#"{"token":"a","refresh_token":"é"}"#,
            Err("its refresh token has characters that are not visible ASCII"),
        );
        check(
            &format!("{{\"token\":\"{}\"}}", "a".repeat(TOKEN_BYTES_MAX + 1)),
            Err("its token is longer than TOKEN_BYTES_MAX (32768)"),
        );
    }

    fn grant(scopes: Scopes, offline: bool) -> Grant {
        let registry = Url::parse("https://reg.example/").unwrap();
        let realm = judge("https://reg.example/token?x=y", registry.origin()).unwrap();
        Grant { realm, service: Some("the reg".to_owned()), scopes, offline }
    }

    #[test]
    fn requests_are_worded_as_docker_words_them() {
        let scopes = Scopes::pull("a/b").union(&Scopes::pull("c"));
        assert_eq!(
            grant(scopes.clone(), false).get_url(Some("joe")).to_string(),
            "https://reg.example/token?x=y&account=joe&scope=repository%3Aa%2Fb%3Apull\
             &scope=repository%3Ac%3Apull&service=the+reg"
        );
        assert_eq!(
            grant(Scopes::none(), true).get_url(None).to_string(),
            "https://reg.example/token?x=y&client_id=strata&offline_token=true&service=the+reg"
        );
        assert_eq!(
            grant(scopes, false).refresh_form(&Secret::new("r&t")).as_str(),
            "client_id=strata&grant_type=refresh_token&refresh_token=r%26t\
             &scope=repository%3Aa%2Fb%3Apull+repository%3Ac%3Apull&service=the+reg"
        );
    }

    #[test]
    fn net_6_tokens_are_kept_for_exactly_what_they_were_given_for() {
        let registry = Url::parse("https://reg.example/").unwrap();
        let key = |scopes: Scopes, user: Option<&str>| TokenKey {
            registry: registry.origin().clone(),
            realm: registry.clone(),
            service: None,
            scopes,
            user: user.map(str::to_owned),
        };
        let cache = TokenCache::default();
        let now = Instant::now();
        let token = Token::parse(br#"{"token":"abc","expires_in":100}"#).unwrap();
        cache.put(key(Scopes::pull("a"), Some("joe")), &token, now);
        let get = |scopes, user, seconds| {
            cache.get(&key(scopes, user), now + Duration::from_secs(seconds)).is_some()
        };
        assert!(get(Scopes::pull("a"), Some("joe"), 0));
        assert!(get(Scopes::pull("a"), Some("joe"), 94));
        assert!(!get(Scopes::pull("a"), Some("joe"), 95));
        assert!(!get(Scopes::pull("a"), Some("jane"), 0));
        assert!(!get(Scopes::pull("a"), None, 0));
        assert!(!get(Scopes::push("a"), Some("joe"), 0));
        cache.remove(&key(Scopes::pull("a"), Some("joe")));
        assert!(!get(Scopes::pull("a"), Some("joe"), 0));
        let once = Token::parse(br#"{"token":"abc","expires_in":-1}"#).unwrap();
        cache.put(key(Scopes::pull("b"), None), &once, now);
        assert!(!get(Scopes::pull("b"), None, 0));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Token::parse(&body);
        }
    }
}
