//! Where a registry's content may be had: its mirrors, then the registry itself.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use spec::DEFAULT_DOMAIN;

use crate::http::in_network;
use crate::url::{Host, Origin, Scheme, Url, UrlError, split_port};

/// The name that credentials for Docker Hub are kept under.
pub const HUB_SERVER: &str = "https://index.docker.io/v1/";
/// Where Docker Hub's registry is.
const HUB_REGISTRY: &str = "registry-1.docker.io";

/// The name that a registry's credentials are kept under.
pub fn server_name(domain: &str) -> &str {
    if domain == DEFAULT_DOMAIN { HUB_SERVER } else { domain }
}

/// Registries that may be spoken to in the clear or with certificates that do not verify.
#[derive(Clone, Debug, Default)]
pub struct InsecureRegistries {
    hosts: Vec<(Host, Option<u16>)>,
    networks: Vec<(IpAddr, u8)>,
    /// Names that turned out to lie in one of the networks.
    found: Arc<Mutex<HashSet<Host>>>,
}

impl InsecureRegistries {
    /// Parses entries as `daemon.json` has them: `host`, `host:port`, or a network in CIDR form.
    ///
    /// # Errors
    /// When an entry is none of these.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<InsecureRegistries, UrlError> {
        let mut parsed = InsecureRegistries::default();
        for entry in entries {
            // Docker forgives a scheme here.
            let entry = entry.strip_prefix("http://").or(entry.strip_prefix("https://")).unwrap_or(entry);
            if let Some((address, bits)) = entry.split_once('/') {
                let address: IpAddr = address.parse().map_err(|_| UrlError::Host)?;
                let most = if address.is_ipv4() { 32 } else { 128 };
                let bits = bits.parse().ok().filter(|bits| *bits <= most).ok_or(UrlError::Host)?;
                parsed.networks.push((address, bits));
                continue;
            }
            let (host, port) = split_port(entry);
            let port = port.map(|digits| digits.parse().map_err(|_| UrlError::Port)).transpose()?;
            parsed.hosts.push((Host::parse(host)?, port));
        }
        Ok(parsed)
    }

    /// Whether a host is listed, or says "this machine".
    pub(crate) fn contains(&self, host: &Host, port: u16) -> bool {
        host.is_loopback() || self.contains_listed(host, port)
    }

    /// Whether a host is listed.
    pub(crate) fn contains_listed(&self, host: &Host, port: u16) -> bool {
        let default = port == 443 || port == 80;
        let named =
            |(other, only): &(Host, Option<u16>)| other == host && only.map_or(default, |only| only == port);
        self.hosts.iter().any(named)
            || match host {
                Host::Address(address) => self.contains_address(*address),
                Host::Name(_) => self.found.lock().unwrap_or_else(PoisonError::into_inner).contains(host),
            }
    }

    /// Whether a name's addresses decide, so that they have to be looked up.
    pub(crate) fn asks_for_addresses(&self, host: &Host) -> bool {
        matches!(host, Host::Name(_)) && !self.networks.is_empty()
    }

    /// Takes a name's addresses in.
    pub(crate) fn note_addresses(&self, host: &Host, addresses: &[IpAddr]) {
        if addresses.iter().any(|address| self.contains_address(*address)) {
            self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone());
        }
    }

    fn contains_address(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|(network, bits)| in_network(address.to_canonical(), *network, *bits))
    }
}

/// Why a mirror is refused; the words are Docker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// `hub.example` alone.
    #[error("invalid mirror: no scheme specified for {0:?}: must use either 'https://' or 'http://'")]
    NoScheme(String),
    /// `ftp://…`.
    #[error("invalid mirror: unsupported scheme {0:?} in {1:?}: must use either 'https://' or 'http://'")]
    Scheme(String, String),
    /// `https://host/?x`.
    #[error("invalid mirror: query or fragment at end of the URI {0:?}")]
    Query(String),
    /// `https://user:password@host`; the text has them no more.
    #[error("invalid mirror: username/password not allowed in URI {0:?}")]
    UserInfo(String),
    /// Anything else.
    #[error("invalid mirror: {0:?} is not a valid URI: {1}")]
    Url(String, UrlError),
}

/// Parses a mirror's address as Docker takes it.
///
/// # Errors
/// Docker's words.
pub fn parse_mirror(text: &str) -> Result<Url, MirrorError> {
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| !scheme.is_empty()) else {
        return Err(MirrorError::NoScheme(text.to_owned()));
    };
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return Err(MirrorError::Scheme(scheme.to_owned(), text.to_owned()));
    }
    if text.contains(['?', '#']) {
        return Err(MirrorError::Query(text.to_owned()));
    }
    let authority = rest.split('/').next().unwrap_or_default();
    if let Some((_, host)) = authority.rsplit_once('@') {
        return Err(MirrorError::UserInfo(format!("{scheme}://xxxxx@{host}")));
    }
    Url::parse(text).map_err(|error| MirrorError::Url(text.to_owned(), error))
}

/// Mirrors of registries, in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub struct Mirrors {
    /// Of Docker Hub: what `registry-mirrors` in `daemon.json` means.
    pub hub: Vec<Url>,
    /// Of other registries, by their domain.
    pub others: BTreeMap<String, Vec<Url>>,
}

impl Mirrors {
    fn of(&self, domain: &str) -> &[Url] {
        if domain == DEFAULT_DOMAIN { &self.hub } else { self.others.get(domain).map_or(&[], Vec::as_slice) }
    }
}

/// One of the endpoints of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub(crate) usize);

/// What is known of an endpoint's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    Untried,
    Works,
    Unreached,
}

/// A server that holds what a registry has, or some of it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: EndpointId,
    /// What paths are appended to; without a slash at its end.
    pub(crate) base: Url,
    pub(crate) mirror: bool,
    /// The name that its credentials are kept under.
    pub(crate) server: String,
    /// Plain http for a registry that https was tried for first.
    pub(crate) fallback: bool,
    contact: AtomicU8,
}

impl Endpoint {
    fn new(id: usize, base: Url, mirror: bool, server: String, fallback: bool) -> Endpoint {
        Endpoint { id: EndpointId(id), base, mirror, server, fallback, contact: AtomicU8::new(0) }
    }

    pub(crate) fn origin(&self) -> &Origin {
        self.base.origin()
    }

    pub(crate) fn contact(&self) -> Contact {
        match self.contact.load(Ordering::Relaxed) {
            0 => Contact::Untried,
            1 => Contact::Works,
            _ => Contact::Unreached,
        }
    }

    pub(crate) fn note(&self, contact: Contact) {
        let value = match contact {
            Contact::Untried => 0,
            Contact::Works => 1,
            Contact::Unreached => 2,
        };
        self.contact.store(value, Ordering::Relaxed);
    }

    /// The URL of a path below the API's root: `/v2/` and what follows.
    pub(crate) fn url(&self, path: &str, query: Option<String>) -> Url {
        let prefix = self.base.path().trim_end_matches('/');
        self.base.at(&format!("{prefix}/v2/{path}"), query)
    }
}

/// The endpoints of a registry: mirrors, https, and http where the registry is insecure.
pub(crate) fn endpoints(
    domain: &str,
    mirrors: &Mirrors,
    insecure: &InsecureRegistries,
) -> Result<Vec<Endpoint>, UrlError> {
    let mut list: Vec<Endpoint> = Vec::new();
    for mirror in mirrors.of(domain) {
        let server = mirror.authority();
        list.push(Endpoint::new(list.len(), mirror.clone(), true, server, false));
    }
    let (authority, server) = match domain {
        DEFAULT_DOMAIN => (HUB_REGISTRY, HUB_SERVER),
        _ => (domain, domain),
    };
    let https = Url::parse(&format!("https://{authority}"))?;
    let origin = https.origin().clone();
    list.push(Endpoint::new(list.len(), https, false, server.to_owned(), false));
    // An explicit port is the same for both schemes; without one, it is the scheme's.
    if insecure.contains(&origin.host, origin.port) {
        let http = Url::parse(&format!("{}://{authority}", Scheme::Http.as_str()))?;
        list.push(Endpoint::new(list.len(), http, false, server.to_owned(), true));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(domain: &str, mirrors: &Mirrors, insecure: &[&str]) -> Vec<String> {
        let insecure = InsecureRegistries::parse(insecure.iter().copied()).unwrap();
        let list = endpoints(domain, mirrors, &insecure).unwrap();
        list.iter().map(|endpoint| endpoint.url("", None).to_string()).collect()
    }

    #[test]
    fn net_4_plain_http_only_for_insecure_hosts_and_this_machine() {
        let check = |domain: &str, insecure: &[&str], expect: &[&str]| {
            assert_eq!(bases(domain, &Mirrors::default(), insecure), expect, "{domain} {insecure:?}");
        };
        check("docker.io", &[], &["https://registry-1.docker.io/v2/"]);
        check("reg.example", &[], &["https://reg.example/v2/"]);
        check("reg.example", &["reg.example"], &["https://reg.example/v2/", "http://reg.example/v2/"]);
        check("reg.example:5000", &["reg.example"], &["https://reg.example:5000/v2/"]);
        check("reg.example", &["reg.example:5000"], &["https://reg.example/v2/"]);
        check("127.0.0.1:5000", &[], &["https://127.0.0.1:5000/v2/", "http://127.0.0.1:5000/v2/"]);
        check("[::1]:5000", &[], &["https://[::1]:5000/v2/", "http://[::1]:5000/v2/"]);
        check("localhost", &[], &["https://localhost/v2/", "http://localhost/v2/"]);
        check("localhost.example", &[], &["https://localhost.example/v2/"]);
        check("10.1.2.3:5000", &[], &["https://10.1.2.3:5000/v2/"]);
        check("reg.example", &["http://reg.example"], &["https://reg.example/v2/", "http://reg.example/v2/"]);
        check("10.1.2.3", &["10.0.0.0/8"], &["https://10.1.2.3/v2/", "http://10.1.2.3/v2/"]);
    }

    #[test]
    fn names_in_an_insecure_network_count_once_looked_up() {
        let insecure = InsecureRegistries::parse(["10.0.0.0/8"]).unwrap();
        let host = Host::parse("reg.example").unwrap();
        assert!(insecure.asks_for_addresses(&host));
        assert!(!insecure.contains(&host, 443));
        insecure.note_addresses(&host, &["11.0.0.1".parse().unwrap()]);
        assert!(!insecure.contains(&host, 443));
        insecure.note_addresses(&host, &["10.0.0.1".parse().unwrap()]);
        assert!(insecure.contains(&host, 443));
        assert!(InsecureRegistries::parse(["10.0.0.0/33"]).is_err());
    }

    #[test]
    fn mirrors_come_first() {
        let mirrors = Mirrors {
            hub: vec![parse_mirror("http://m1:5000").unwrap(), parse_mirror("https://m2/prefix/").unwrap()],
            others: BTreeMap::from([("quay.io".to_owned(), vec![parse_mirror("https://m3").unwrap()])]),
        };
        assert_eq!(
            bases("docker.io", &mirrors, &[]),
            ["http://m1:5000/v2/", "https://m2/prefix/v2/", "https://registry-1.docker.io/v2/"]
        );
        assert_eq!(bases("quay.io", &mirrors, &[]), ["https://m3/v2/", "https://quay.io/v2/"]);
        assert_eq!(bases("ghcr.io", &mirrors, &[]), ["https://ghcr.io/v2/"]);
    }

    #[test]
    fn mirrors_are_refused_in_dockers_words() {
        let check = |text: &str, expect: &str| {
            assert_eq!(parse_mirror(text).unwrap_err().to_string(), expect, "{text}");
        };
        check(
            "hub.example:5000",
            "invalid mirror: no scheme specified for \"hub.example:5000\": must use either 'https://' or 'http://'",
        );
        check(
            "ftp://hub",
            "invalid mirror: unsupported scheme \"ftp\" in \"ftp://hub\": must use either 'https://' or 'http://'",
        );
        check("https://hub/?a", "invalid mirror: query or fragment at end of the URI \"https://hub/?a\"");
        check(
            "https://joe:secret@hub/",
            "invalid mirror: username/password not allowed in URI \"https://xxxxx@hub\"",
        );
    }
}
