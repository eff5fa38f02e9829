//! What is in a token: grants, and signed JSON (RFC 7519) read with suspicion (SRV-13).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Action;
use crate::limits::{ACCESS_ENTRIES_MAX, JWT_BYTES_MAX};
use crate::name::RepositoryName;

/// Clocks of two machines differ by this much.
const SKEW_SECONDS_MAX: i64 = 60;

/// A right that a token gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// On a repository, with the protocol's words.
    Repository(RepositoryName, Vec<String>),
    /// To list repositories.
    Catalog,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// Whose it is.
    pub user: Option<String>,
    /// What it gives.
    pub grants: Vec<Grant>,
    /// Changes with the user's password, in tokens of ours that are kept for long.
    pub fingerprint: Option<String>,
}

/// Whether grants cover an action.
pub(super) fn grants(grants: &[Grant], repository: &RepositoryName, action: Action) -> bool {
    let fits = |word: &String| match action {
        _ if word == "*" => true,
        Action::Pull => word == "pull",
        Action::Push | Action::Overwrite => word == "push",
        Action::Delete => word == "delete",
    };
    grants.iter().any(|grant| match grant {
        Grant::Repository(name, words) => name == repository && words.iter().any(fits),
        Grant::Catalog => false,
    })
}

/// In a scope, beside `push`: to mount from wherever the token's user may pull. A word of ours, for mounts that name
/// no source; a token without it stays within the repositories that it names.
pub(super) const MOUNT: &str = "mount";

/// Whether grants cover mounts into a repository from all that their user may pull.
pub(super) fn grants_mounts(grants: &[Grant], repository: &RepositoryName) -> bool {
    grants.iter().any(|grant| match grant {
        Grant::Repository(name, words) => name == repository && words.iter().any(|word| word == MOUNT),
        Grant::Catalog => false,
    })
}

/// Whether grants cover lists.
pub(super) fn grants_catalog(grants: &[Grant]) -> bool {
    grants.contains(&Grant::Catalog)
}

/// A scope that a client asks for: `repository:a/b:pull,push`. Names may have a port, so it is split from both
/// ends.
pub(super) fn scope(text: &str) -> Option<Grant> {
    let (kind, rest) = text.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    grant(kind, name, actions.split(',').map(str::to_owned).collect())
}

fn grant(kind: &str, name: &str, actions: Vec<String>) -> Option<Grant> {
    match kind {
        "repository" | "repository(plugin)" => Some(Grant::Repository(RepositoryName::parse(name)?, actions)),
        "registry" if name == "catalog" => Some(Grant::Catalog),
        _ => None,
    }
}

/// Grants in the form that tokens have.
pub(super) fn to_json(grants: &[Grant]) -> Value {
    let entry = |grant: &Grant| match grant {
        Grant::Repository(name, actions) => {
            json!({ "type": "repository", "name": name.as_str(), "actions": actions })
        }
        Grant::Catalog => json!({ "type": "registry", "name": "catalog", "actions": ["*"] }),
    };
    grants.iter().map(entry).collect()
}

/// The three parts of a token, none of them believed yet.
pub(super) struct Parts<'t> {
    /// What was signed.
    pub signed: &'t str,
    pub algorithm: String,
    pub key_id: Option<String>,
    pub kind: String,
    pub claims: Value,
    pub signature: Vec<u8>,
}

impl<'t> Parts<'t> {
    /// Takes a token apart. Keys that it brings along are not looked at.
    pub(super) fn read(token: &'t str) -> Result<Parts<'t>, &'static str> {
        if token.len() > JWT_BYTES_MAX {
            return Err("the token is longer than JWT_BYTES_MAX");
        }
        let malformed = "the token is malformed";
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(malformed)?;
        let json = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed)?;
            spec::json::parse_strict(&bytes).map_err(|_| malformed)
        };
        let header = json(header)?;
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        if header.get("crit").is_some() {
            return Err("the token has extensions that must be understood");
        }
        Ok(Parts {
            signed,
            algorithm: text("alg").ok_or(malformed)?,
            key_id: text("kid"),
            kind: text("typ").unwrap_or_default(),
            claims: json(claims)?,
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?,
        })
    }

    /// Who says so.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// The claims, once the signature is known to be right.
    pub(super) fn check(&self, issuer: &str, audience: &str, now: i64) -> Result<Claims, &'static str> {
        if self.issuer() != Some(issuer) {
            return Err("the token is of another issuer");
        }
        if !is_audience(self.claims.get("aud"), audience) {
            return Err("the token is for another service");
        }
        let time = |name: &str| self.claims.get(name).and_then(Value::as_i64).ok_or("the token has no times");
        if time("exp")?.saturating_add(SKEW_SECONDS_MAX) <= now {
            return Err("the token has expired");
        }
        if time("nbf")?.saturating_sub(SKEW_SECONDS_MAX) > now {
            return Err("the token is not valid yet");
        }
        let text = |name: &str| self.claims.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Claims {
            user: text("sub").filter(|user| !user.is_empty()),
            grants: access(self.claims.get("access"))?,
            fingerprint: text("pwd"),
        })
    }
}

fn is_audience(claim: Option<&Value>, audience: &str) -> bool {
    match claim {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
        _ => false,
    }
}

/// The access list; entries of unknown kinds give nothing.
fn access(claim: Option<&Value>) -> Result<Vec<Grant>, &'static str> {
    let Some(entries) = claim.and_then(Value::as_array) else { return Ok(Vec::new()) };
    if entries.len() > ACCESS_ENTRIES_MAX {
        return Err("the token's access list is longer than ACCESS_ENTRIES_MAX");
    }
    let entry = |entry: &Value| {
        let actions = entry.get("actions")?.as_array()?;
        let actions = actions.iter().take(ACCESS_ENTRIES_MAX).filter_map(Value::as_str).map(str::to_owned);
        grant(entry.get("type")?.as_str()?, entry.get("name")?.as_str()?, actions.collect())
    };
    Ok(entries.iter().filter_map(entry).collect())
}

/// Puts header and claims into the form that is signed.
pub(super) fn to_be_signed(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// A token out of what was signed and its signature.
pub(super) fn join(signed: String, signature: &[u8]) -> String {
    signed + "." + &URL_SAFE_NO_PAD.encode(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_split_from_both_ends() {
        let check = |text: &str, expect: Option<(&str, &[&str])>| {
            let expect = expect.map(|(name, actions)| {
                let actions = actions.iter().map(|action| (*action).to_owned()).collect();
                Grant::Repository(RepositoryName::parse(name).unwrap(), actions)
            });
            assert_eq!(scope(text), expect, "{text}");
        };
        check("repository:a/b:pull,push", Some(("a/b", &["pull", "push"])));
        check("repository(plugin):a:pull", Some(("a", &["pull"])));
        check("repository:host:5000/a:pull", None);
        check("repository:A:pull", None);
        check("repository:a", None);
        check("secret:a:pull", None);
        assert_eq!(scope("registry:catalog:*"), Some(Grant::Catalog));
        assert_eq!(scope("registry:catalog:search"), Some(Grant::Catalog));
        assert_eq!(scope("registry:else:*"), None);
    }
}
