//! From a request to its answer: which part of the protocol a path belongs to, and who may use it.

use std::sync::PoisonError;

use super::auth::Action;
use super::http::{Head, Response, decode_percent, parse_query};
use super::{Origin, Shared, blobs, lists, manifests, search, tokens, uploads};

/// A request, taken apart.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) head: &'a Head,
    /// `GET` also for a `HEAD`, whose body the sender leaves out.
    pub(crate) method: &'a str,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call<'_> {
    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Base,
    Catalog,
    Token,
    Ping,
    Search,
    Manifest { name: String, reference: String },
    Blob { name: String, digest: String },
    Uploads { name: String },
    Upload { name: String, id: String },
    Tags { name: String },
    Referrers { name: String, digest: String },
    Unknown,
}

impl Route {
    fn of(path: &str) -> Route {
        match path {
            "/v2/" | "/v2" => return Route::Base,
            "/v2/_catalog" => return Route::Catalog,
            "/token" => return Route::Token,
            "/v1/_ping" => return Route::Ping,
            "/v1/search" => return Route::Search,
            _ => {}
        }
        let Some(rest) = path.strip_prefix("/v2/") else { return Route::Unknown };
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Route::Tags { name: name.to_owned() };
        }
        if let Some((name, id)) = rest.rsplit_once("/blobs/uploads/") {
            let name = name.to_owned();
            return if id.is_empty() {
                Route::Uploads { name }
            } else {
                Route::Upload { name, id: id.to_owned() }
            };
        }
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Route::Uploads { name: name.to_owned() };
        }
        let part = |word: &str| rest.rsplit_once(word).map(|(a, b)| (a.to_owned(), b.to_owned()));
        if let Some((name, reference)) = part("/manifests/") {
            return Route::Manifest { name, reference };
        }
        if let Some((name, digest)) = part("/blobs/") {
            return Route::Blob { name, digest };
        }
        part("/referrers/").map_or(Route::Unknown, |(name, digest)| Route::Referrers { name, digest })
    }
}

/// Answers a request.
///
/// At an origin without a gate nobody is asked who they are.
pub(crate) fn answer(shared: &Shared, origin: &Origin, head: &Head, body: Vec<u8>) -> Response {
    let target = origin_form(&head.target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = if head.method == "HEAD" { "GET" } else { head.method.as_str() };
    let call = Call { shared, head, method, query: parse_query(query), body };
    let route = Route::of(&decode_percent(path, false));
    if let Some(needed) = needed_access(&route, &call).filter(|_| origin.gated)
        && !shared.auth.allows(head, &needed)
    {
        return shared.auth.challenge(&origin.url, head, &needed);
    }
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    let response = match &route {
        Route::Base if call.method == "GET" => Response::new(200).json(&serde_json::json!({})),
        Route::Catalog if call.method == "GET" => lists::catalog(&state, &call),
        Route::Tags { name } if call.method == "GET" => lists::tags(&state, &call, name),
        Route::Referrers { name, digest } if call.method == "GET" => lists::referrers(&state, name, digest),
        Route::Manifest { name, reference } => manifests::answer(&mut state, &call, name, reference),
        Route::Blob { name, digest } => blobs::answer(&mut state, &call, name, digest),
        Route::Uploads { name } => uploads::begin(&mut state, &call, name),
        Route::Upload { name, id } => uploads::advance(&mut state, &call, name, id),
        Route::Token => tokens::answer(&call),
        Route::Ping if call.method == "GET" => search::ping(&state),
        Route::Search if call.method == "GET" => search::search(&state, &call),
        Route::Unknown => Response::new(404).bytes("text/plain; charset=utf-8", "404 page not found\n"),
        _ => unsupported(),
    };
    response.header("Docker-Distribution-Api-Version", "registry/2.0")
}

/// The method is not one of the path's.
pub(crate) fn unsupported() -> Response {
    Response::error(405, "UNSUPPORTED", "The operation is unsupported.")
}

/// The path and query of a target, which is a whole URL when we are used as a proxy.
pub(crate) fn origin_form(target: &str) -> &str {
    let Some(rest) = target.strip_prefix("http://") else { return target };
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// What a request needs to be allowed; nothing when it is open to everybody.
fn needed_access(route: &Route, call: &Call<'_>) -> Option<Vec<(String, Action)>> {
    let action = match call.method {
        "GET" => Action::Pull,
        "DELETE" => Action::Delete,
        _ => Action::Push,
    };
    let one = |name: &String, action| Some(vec![(name.clone(), action)]);
    match route {
        Route::Token | Route::Ping | Route::Search | Route::Unknown => None,
        Route::Base => Some(Vec::new()),
        Route::Catalog => Some(vec![(String::new(), Action::Catalog)]),
        Route::Manifest { name, .. }
        | Route::Blob { name, .. }
        | Route::Tags { name }
        | Route::Referrers { name, .. } => one(name, action),
        Route::Upload { name, .. } => one(name, Action::Push),
        Route::Uploads { name } => {
            let mut needed = vec![(name.clone(), Action::Push)];
            if let (Some(_), Some(from)) = (call.query("mount"), call.query("from")) {
                needed.push((from.to_owned(), Action::Pull));
            }
            Some(needed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_should() {
        let name = || "a/b".to_owned();
        let check = |path: &str, expect: Route| assert_eq!(Route::of(path), expect, "{path}");
        check("/v2/", Route::Base);
        check("/v2/_catalog", Route::Catalog);
        check("/v2/a/b/tags/list", Route::Tags { name: name() });
        check("/v2/a/b/manifests/v1", Route::Manifest { name: name(), reference: "v1".into() });
        check("/v2/a/b/blobs/sha256:1", Route::Blob { name: name(), digest: "sha256:1".into() });
        check("/v2/a/b/blobs/uploads/", Route::Uploads { name: name() });
        check("/v2/a/b/blobs/uploads/7", Route::Upload { name: name(), id: "7".into() });
        check("/v2/a/b/referrers/sha256:1", Route::Referrers { name: name(), digest: "sha256:1".into() });
        check("/favicon.ico", Route::Unknown);
        assert_eq!(origin_form("http://h:1/v2/?x"), "/v2/?x");
        assert_eq!(origin_form("/v2/"), "/v2/");
    }
}
