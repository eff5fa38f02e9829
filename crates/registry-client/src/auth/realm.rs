//! Which token server may be asked on a registry's word (NET-5).

use super::pins::RealmPins;
use crate::url::{Host, Origin, Scheme, Url, UrlError};

/// Docker Hub's registry and its token server, known beforehand.
const HUB_REGISTRY: &str = "registry-1.docker.io";
const HUB_REALM: &str = "auth.docker.io";

/// Why a token server is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RealmError {
    /// Not a URL.
    #[error("its address is no absolute URL: {0}")]
    Url(UrlError),
    /// Plain http although the registry speaks https, or on another host.
    #[error("{0} is plain http")]
    Plain(Origin),
    /// An address instead of a name.
    #[error("{0} is neither the registry's own host nor a DNS name")]
    NoName(Host),
    /// Not the one the credentials were first given to.
    #[error("the credentials were given for the token server {pinned}, but the registry now names {named}")]
    Moved {
        /// The one that is known.
        pinned: String,
        /// The one that is named now.
        named: String,
    },
    /// The pin cannot be kept.
    #[error("the token server {0} cannot be remembered: {1}")]
    Pin(String, String),
}

/// A token server that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Realm {
    pub(crate) url: Url,
    /// Whether credentials may only be sent if they were given for it: another host than the registry's.
    pub(crate) pinned: bool,
}

/// Judges the token server that a registry names.
pub(crate) fn judge(realm: &str, registry: &Origin) -> Result<Realm, RealmError> {
    let url = Url::parse(realm).map_err(RealmError::Url)?;
    let origin = url.origin();
    let same_host = origin.host == registry.host;
    if origin.scheme == Scheme::Http && !(same_host && registry.scheme == Scheme::Http) {
        return Err(RealmError::Plain(origin.clone()));
    }
    let hub = |host: &Host, name: &str| matches!(host, Host::Name(other) if &**other == name);
    let known = hub(&registry.host, HUB_REGISTRY) && hub(&origin.host, HUB_REALM);
    match &origin.host {
        _ if same_host || known => Ok(Realm { url, pinned: false }),
        Host::Name(name) if name.contains('.') => Ok(Realm { url, pinned: true }),
        host => Err(RealmError::NoName(host.clone())),
    }
}

/// Lets credentials go to a realm, at first use and as long as it stays the same.
pub(crate) fn check_pin(realm: &Realm, registry: &str, pins: &dyn RealmPins) -> Result<(), RealmError> {
    if !realm.pinned {
        return Ok(());
    }
    let named = realm.url.origin().host.to_string();
    match pins.pinned(registry).map_err(|reason| RealmError::Pin(named.clone(), reason))? {
        Some(pinned) if pinned == named => Ok(()),
        Some(pinned) => Err(RealmError::Moved { pinned, named }),
        None => pins.pin(registry, &named).map_err(|reason| RealmError::Pin(named, reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::MemoryPins;

    #[test]
    fn net_5_which_realms_may_be_asked() {
        let check = |registry: &str, realm: &str, expect: Option<bool>| {
            let registry = Url::parse(registry).unwrap();
            let judged = judge(realm, registry.origin()).ok().map(|realm| realm.pinned);
            assert_eq!(judged, expect, "{registry} {realm}");
        };
        check("https://reg.example/", "https://reg.example/token", Some(false));
        check("https://reg.example/", "https://reg.example:8443/token", Some(false));
        check("https://reg.example/", "https://auth.example/token", Some(true));
        check("https://registry-1.docker.io/", "https://auth.docker.io/token", Some(false));
        check("https://evil.example/", "https://auth.docker.io/token", Some(true));
        check("http://127.0.0.1:5000/", "http://127.0.0.1:5001/token", Some(false));
        check("http://127.0.0.1:5000/", "https://127.0.0.1:5001/token", Some(false));
        check("https://reg.example/", "http://reg.example/token", None);
        check("http://reg.example/", "http://auth.example/token", None);
        check("https://reg.example/", "https://10.0.0.1/token", None);
        check("https://reg.example/", "https://localhost/token", None);
        check("https://reg.example/", "/token", None);
        check("https://reg.example/", "https://user@reg.example/token", None);
        check("https://reg.example/", "file:///etc/passwd", None);
        check("https://reg.example/", "", None);
    }

    #[test]
    fn net_5_a_realm_that_moves_gets_no_password() {
        let registry = Url::parse("https://reg.example/").unwrap();
        let realm = |url: &str| judge(url, registry.origin()).unwrap();
        let pins = MemoryPins::default();
        let good = realm("https://auth.example/token");
        assert_eq!(check_pin(&good, "reg.example", &pins), Ok(()));
        assert_eq!(check_pin(&good, "reg.example", &pins), Ok(()));
        let error = check_pin(&realm("https://evil.example/token"), "reg.example", &pins).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the credentials were given for the token server auth.example, but the registry now names evil.example"
        );
        assert_eq!(check_pin(&realm("https://evil.example/"), "other.example", &pins), Ok(()));
        assert_eq!(check_pin(&realm("https://reg.example/t"), "reg.example", &pins), Ok(()));
    }
}
