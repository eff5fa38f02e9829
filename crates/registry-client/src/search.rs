//! Search as Docker does it: the first version of the registry protocol, at Docker Hub and wherever it is
//! served. Other than with Docker, a mirror that serves it stands in for Docker Hub here, too.

use serde_json::Value;

use crate::answer::status_text;
use crate::ask::{Server, request};
use crate::auth::Scopes;
use crate::client::{Client, Learned};
use crate::endpoints::HUB_SERVER;
use crate::error::Error;
use crate::http::{Method, Response};
use crate::keychain::Credentials;
use crate::limits::{LIST_ITEMS_MAX, LIST_PAGE_BYTES_MAX};
use crate::url::{Scheme, Url, form_encode};

/// One repository that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchResult {
    /// Its name, as the registry writes it.
    pub name: String,
    /// What its owner says about it.
    pub description: String,
    /// Stars.
    pub star_count: u64,
    /// Whether it is one of the registry's own.
    pub is_official: bool,
    /// Whether the registry builds it by itself; Docker Hub has stopped saying so.
    pub is_automated: bool,
}

/// A term, split into the registry to ask and what to ask for.
struct Term<'t> {
    /// Nothing for Docker Hub.
    host: Option<&'t str>,
    query: &'t str,
}

/// Where a search is served.
struct Index<'n> {
    /// What `search` is appended to.
    base: Url,
    /// The name that its credentials are kept under.
    name: &'n str,
    /// Whether it keeps its users by itself.
    standalone: bool,
}

impl Client {
    /// Searches for a term, which may begin with a registry (`host/words`); at most `limit` results, in the
    /// registry's order.
    ///
    /// # Errors
    /// In Docker's words.
    pub fn search(&self, term: &str, limit: u32) -> Result<Vec<SearchResult>, Error> {
        if term.contains("://") {
            let text = format!("invalid repository name: repository name ({term}) should not have a scheme");
            return Err(Error::Worded(text));
        }
        let term = split_term(term);
        let query = format!("q={}&n={limit}", form_encode(term.query));
        match term.host {
            None => self.search_hub(&query),
            Some(host) => {
                let (base, standalone) = self.find_index(host)?;
                self.search_index(&Index { base, name: host, standalone }, query)
            }
        }
    }

    /// Docker Hub's search is that of its first mirror that has one, else its own: a mirror that only holds what
    /// was pulled through it serves none.
    fn search_hub(&self, query: &str) -> Result<Vec<SearchResult>, Error> {
        for mirror in &self.options.mirrors.hub {
            let base = mirror.at(&format!("{}/v1/", mirror.path().trim_end_matches('/')), None);
            let index = Index { base, name: &mirror.authority(), standalone: true };
            match self.search_index(&index, query.to_owned()) {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(_) => {}
                found => return found,
            }
        }
        let index = Index { base: self.hub_index()?, name: HUB_SERVER, standalone: true };
        self.search_index(&index, query.to_owned())
    }

    fn search_index(&self, index: &Index<'_>, query: String) -> Result<Vec<SearchResult>, Error> {
        let Index { base, name, standalone } = index;
        let url = base.at(&format!("{}search", base.path()), Some(query));
        let server =
            Server { registry: base.origin(), root: url.clone(), name, given: None, pace: self.pace() };
        // Passwords are shown unasked, as Docker does, but only through TLS.
        let secure = base.origin().scheme == Scheme::Https && *standalone;
        if secure && matches!(self.credentials(name)?, Credentials::Password { .. }) {
            self.learn(base.origin(), Learned::Basic);
        }
        let mut request = request(Method::Get, url, &server);
        request.headers.push(("x-docker-token", "true".to_owned()));
        let response = self.ask(&server, &mut request, &Scopes::search())?;
        if response.status != 200 {
            return Err(Error::Worded(format!("Unexpected status code {}", response.status)));
        }
        read_results(response)
    }

    fn hub_index(&self) -> Result<Url, Error> {
        if let Some(base) = &self.options.hub_index {
            return Ok(with_slash(base));
        }
        Url::parse(HUB_SERVER).map_err(|reason| Error::Registry { domain: HUB_SERVER.to_owned(), reason })
    }

    /// Finds where a registry serves the first version of the protocol, and whether it stands alone.
    fn find_index(&self, host: &str) -> Result<(Url, bool), Error> {
        let at = |scheme: Scheme| {
            let base = Url::parse(&format!("{}://{host}/v1/", scheme.as_str()));
            base.map_err(|reason| Error::Registry { domain: host.to_owned(), reason })
        };
        let https = at(Scheme::Https)?;
        let secure = match self.ping_index(&https, host) {
            Ok(standalone) => return Ok((https, standalone)),
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => error,
        };
        let origin = https.origin();
        if !self.options.insecure.contains(&origin.host, origin.port) {
            return Err(Error::Worded(format!(
                "invalid registry endpoint {https}: {secure}. If this private registry supports only HTTP or HTTPS with an unknown CA certificate, please add `--insecure-registry {host}` to the daemon's arguments. In the case of HTTPS, if you have access to the registry's CA certificate, no need for the flag; simply place the CA certificate at /etc/docker/certs.d/{host}/ca.crt"
            )));
        }
        let http = at(Scheme::Http)?;
        match self.ping_index(&http, host) {
            Ok(standalone) => Ok((http, standalone)),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error) => Err(Error::Worded(format!(
                "invalid registry endpoint \"{http}\". HTTPS attempt: {secure}. HTTP attempt: {error}"
            ))),
        }
    }

    /// Any answer will do; it may say that the registry does not stand alone.
    fn ping_index(&self, base: &Url, name: &str) -> Result<bool, Error> {
        let url = base.at(&format!("{}_ping", base.path()), None);
        let server =
            Server { registry: base.origin(), root: url.clone(), name, given: None, pace: self.pace() };
        let response = self.send(&server, &request(Method::Get, url, &server))?;
        let header = response.header("x-docker-registry-standalone").map(str::to_ascii_lowercase);
        if let Some(value) = header {
            return Ok(value == "1" || value == "true");
        }
        let body = response.body.read_all(LIST_PAGE_BYTES_MAX).ok().flatten().unwrap_or_default();
        let value = spec::json::parse_strict(&body).ok();
        Ok(value.and_then(|value| value.get("standalone").and_then(Value::as_bool)).unwrap_or(true))
    }
}

fn with_slash(base: &Url) -> Url {
    if base.path().ends_with('/') { base.clone() } else { base.at(&format!("{}/", base.path()), None) }
}

/// The first part is a registry when it looks like a host.
fn split_term(term: &str) -> Term<'_> {
    match term.split_once('/') {
        Some(("index.docker.io" | "docker.io", query)) => Term { host: None, query: official(query) },
        Some((host, query)) if host.contains(['.', ':']) || host == "localhost" => {
            Term { host: Some(host), query }
        }
        _ => Term { host: None, query: official(term) },
    }
}

fn official(query: &str) -> &str {
    query.strip_prefix("library/").unwrap_or(query)
}

fn read_results(response: Response) -> Result<Vec<SearchResult>, Error> {
    let url = response.url.without_query().to_string();
    let status = status_text(response.status);
    let broken = |error| Error::transport(Method::Get, url.clone(), error);
    let body = response.body.read_all(LIST_PAGE_BYTES_MAX).map_err(broken)?.ok_or_else(|| Error::Limit {
        what: "the answer",
        url: url.clone(),
        limit: "LIST_PAGE_BYTES_MAX",
        value: LIST_PAGE_BYTES_MAX,
    })?;
    let foreign = || Error::NotARegistry { url: url.clone(), what: format!("{status}, but not JSON") };
    let value = spec::json::parse_strict(&body).map_err(|_| foreign())?;
    match value.get("results") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.iter().take(LIST_ITEMS_MAX).filter_map(read_result).collect()),
        Some(_) => Err(foreign()),
    }
}

fn read_result(item: &Value) -> Option<SearchResult> {
    let flag = |name: &str| item.get(name).and_then(Value::as_bool).unwrap_or(false);
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    item.is_object().then(|| SearchResult {
        name: text("name"),
        description: text("description"),
        star_count: item.get("star_count").and_then(Value::as_u64).unwrap_or(0),
        is_official: flag("is_official"),
        is_automated: flag("is_automated"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_split_as_docker_does() {
        let check = |term: &str, host: Option<&str>, query: &str| {
            let split = split_term(term);
            assert_eq!((split.host, split.query), (host, query), "{term}");
        };
        check("alpine", None, "alpine");
        check("library/alpine", None, "alpine");
        check("joe/alpine", None, "joe/alpine");
        check("docker.io/library/alpine", None, "alpine");
        check("index.docker.io/joe/x", None, "joe/x");
        check("127.0.0.1:5000/alpine", Some("127.0.0.1:5000"), "alpine");
        check("quay.io/library/x", Some("quay.io"), "library/x");
        check("localhost/x", Some("localhost"), "x");
    }
}
