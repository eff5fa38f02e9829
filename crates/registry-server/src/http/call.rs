//! Routes: method and path to a call with checked values, before anything is looked up (SRV-1).
//!
//! Names have slashes, so a path is read from its end: `a/blobs/uploads/manifests/x` is the manifest `x` of the
//! repository `a/blobs/uploads`.

use hyper::Method;
use spec::{Algorithm, Digest, DigestError, RegistryErrorCode as Code};

use super::query::{Plus, Query, decode};
use crate::limits::{PAGE_ITEMS_MAX, PAGE_LAST_BYTES_MAX, SEARCH_TERM_BYTES_MAX, TAGS_PER_PUSH_MAX};
use crate::metadata::Selector;
use crate::name::{RepositoryName, Tag};
use crate::refusal::{Answered, Refusal};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `GET /v2/`: whether this is a registry, and who the caller is.
    Base,
    /// Repositories.
    Catalog(Paging),
    /// Extensions.
    Extensions,
    /// Tags of a repository.
    Tags(RepositoryName, Paging),
    /// A manifest; HEAD too.
    GetManifest(RepositoryName, Selector),
    /// Push a manifest.
    PutManifest(RepositoryName, Selector, Vec<Tag>),
    /// Delete a tag or a manifest.
    DeleteManifest(RepositoryName, Selector),
    /// A blob; HEAD too.
    GetBlob(RepositoryName, Digest),
    /// Delete a blob.
    DeleteBlob(RepositoryName, Digest),
    /// Begin an upload.
    Begin(RepositoryName, Begin),
    /// Where an upload is.
    UploadStatus(RepositoryName, String),
    /// Add to an upload.
    Append(RepositoryName, String),
    /// End an upload.
    Finish(RepositoryName, String, Digest),
    /// Drop an upload.
    Cancel(RepositoryName, String),
    /// Manifests about a digest.
    Referrers(RepositoryName, Digest, Option<String>, i64),
    /// A token.
    GetToken(QueryText),
    /// A token, OAuth2's way.
    PostToken,
    /// Whether version 1's search is here.
    Ping,
    /// Search.
    Search(Search),
    /// Whether the process lives.
    Live,
    /// Whether it can serve.
    Ready,
    /// Numbers.
    Metrics,
}

/// A query as it came, for calls that have a grammar of their own.
pub(crate) type QueryText = String;

/// How an upload begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Chunks will follow.
    Chunks(Algorithm),
    /// The whole blob is in this request.
    Whole(Digest),
    /// From another repository, or from any.
    Mount(Digest, Option<RepositoryName>),
}

/// A page asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    /// Items at most.
    pub limit: usize,
    /// What it begins after.
    pub last: String,
}

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// What for.
    pub text: String,
    /// Results of a page.
    pub limit: usize,
    /// Which page, from 1.
    pub page: usize,
}

impl Call {
    /// Reads a request line.
    pub(crate) fn parse(method: &Method, path: &str, query: &str) -> Answered<Call> {
        match path {
            "/v2" | "/v2/" => return only(method, &[Method::GET, Method::HEAD], || Ok(Call::Base)),
            "/v1/_ping" => return read(method, || Ok(Call::Ping)),
            "/v1/search" => return read(method, || search(&Query::parse(query))),
            "/health" | "/health/live" => return read(method, || Ok(Call::Live)),
            "/health/ready" => return read(method, || Ok(Call::Ready)),
            "/metrics" => return read(method, || Ok(Call::Metrics)),
            "/token" if *method == Method::POST => return Ok(Call::PostToken),
            "/token" => {
                return only(method, &[Method::GET, Method::POST], || Ok(Call::GetToken(query.to_owned())));
            }
            _ => {}
        }
        let Some(rest) = path.strip_prefix("/v2/") else { return Err(no_route()) };
        registry_call(method, &decode(rest, Plus::Itself), &Query::parse(query))
    }
}

fn registry_call(method: &Method, path: &str, query: &Query) -> Answered<Call> {
    if path == "_catalog" {
        return read(method, || paging(query).map(Call::Catalog));
    }
    if path == "_oci/ext/discover" {
        return read(method, || Ok(Call::Extensions));
    }
    let parts: Vec<&str> = path.rsplitn(4, '/').collect();
    match parts[..] {
        ["discover", "ext", "_oci", name] => read(method, || repository(name).map(|_| Call::Extensions)),
        ["list", "tags", ..] => {
            let name = before(path, "/tags/list");
            read(method, || Ok(Call::Tags(repository(name)?, paging(query)?)))
        }
        ["", "uploads", "blobs", name] => begin(method, name, query),
        [reference, "manifests", ..] => {
            manifest(method, prefix(path, reference, "manifests"), reference, query)
        }
        [digest, "referrers", ..] => referrers(method, prefix(path, digest, "referrers"), digest, query),
        ["uploads", "blobs", ..] => begin(method, before(path, "/blobs/uploads"), query),
        [digest, "blobs", ..] => blob(method, prefix(path, digest, "blobs"), digest),
        [id, "uploads", "blobs", name] => upload(method, name, id, query),
        _ => Err(no_route()),
    }
}

fn before<'p>(path: &'p str, end: &str) -> &'p str {
    path.strip_suffix(end).unwrap_or_default()
}

/// What stands before `/<keyword>/<last>`.
fn prefix<'p>(path: &'p str, last: &str, keyword: &str) -> &'p str {
    let length = path.len().saturating_sub(last.len() + keyword.len() + 2);
    path.get(..length).unwrap_or_default()
}

fn manifest(method: &Method, name: &str, reference: &str, query: &Query) -> Answered<Call> {
    const METHODS: [Method; 4] = [Method::GET, Method::HEAD, Method::PUT, Method::DELETE];
    only(method, &METHODS, || {
        let (name, selector) = (repository(name)?, selector(reference)?);
        Ok(match *method {
            Method::PUT => Call::PutManifest(name, selector, tags(query)?),
            Method::DELETE => Call::DeleteManifest(name, selector),
            _ => Call::GetManifest(name, selector),
        })
    })
}

fn blob(method: &Method, name: &str, text: &str) -> Answered<Call> {
    only(method, &[Method::GET, Method::HEAD, Method::DELETE], || {
        let (name, digest) = (repository(name)?, digest(text)?);
        Ok(match *method {
            Method::DELETE => Call::DeleteBlob(name, digest),
            _ => Call::GetBlob(name, digest),
        })
    })
}

fn begin(method: &Method, name: &str, query: &Query) -> Answered<Call> {
    only(method, &[Method::POST], || {
        let name = repository(name)?;
        if let Some(text) = query.value("mount") {
            let from = query.value("from").filter(|from| !from.is_empty()).map(repository).transpose()?;
            return Ok(Call::Begin(name, Begin::Mount(digest(text)?, from)));
        }
        if let Some(text) = query.value("digest") {
            return Ok(Call::Begin(name, Begin::Whole(digest(text)?)));
        }
        Ok(Call::Begin(name, Begin::Chunks(algorithm(query.value("digest-algorithm"))?)))
    })
}

fn algorithm(text: Option<&str>) -> Answered<Algorithm> {
    let Some(name) = text.filter(|name| !name.is_empty()) else { return Ok(Algorithm::Sha256) };
    Algorithm::from_name(name).ok_or_else(|| {
        let detail = format!("digest-algorithm {name:.40?} is not one of sha256, sha512");
        Refusal::new(Code::DigestInvalid, detail)
    })
}

fn upload(method: &Method, name: &str, id: &str, query: &Query) -> Answered<Call> {
    const METHODS: [Method; 5] = [Method::GET, Method::HEAD, Method::PATCH, Method::PUT, Method::DELETE];
    only(method, &METHODS, || {
        let (name, id) = (repository(name)?, id.to_owned());
        Ok(match *method {
            Method::PATCH => Call::Append(name, id),
            Method::DELETE => Call::Cancel(name, id),
            Method::PUT => {
                let missing = || Refusal::new(Code::DigestInvalid, "the query has no digest=");
                Call::Finish(name, id, digest(query.value("digest").ok_or_else(missing)?)?)
            }
            _ => Call::UploadStatus(name, id),
        })
    })
}

fn referrers(method: &Method, name: &str, text: &str, query: &Query) -> Answered<Call> {
    read(method, || {
        let (name, subject) = (repository(name)?, digest(text)?);
        // A plus sign that was not encoded: media types have no spaces.
        let artifact_type = query.value("artifactType").map(|text| text.replace(' ', "+"));
        let artifact_type = artifact_type.filter(|text| !text.is_empty());
        if artifact_type.as_deref().is_some_and(|text| text.len() > PAGE_LAST_BYTES_MAX) {
            let detail =
                format!("artifactType has more than PAGE_LAST_BYTES_MAX ({PAGE_LAST_BYTES_MAX}) bytes");
            return Err(Refusal::new(Code::Unsupported, detail).with_status(400));
        }
        let last = query.value("last").and_then(|last| last.parse().ok()).unwrap_or(0);
        Ok(Call::Referrers(name, subject, artifact_type, last))
    })
}

fn search(query: &Query) -> Answered<Call> {
    let text = query.value("q").unwrap_or_default();
    if text.len() > SEARCH_TERM_BYTES_MAX {
        let detail = format!("the term has more than SEARCH_TERM_BYTES_MAX ({SEARCH_TERM_BYTES_MAX}) bytes");
        return Err(Refusal::new(Code::Unsupported, detail).with_status(400));
    }
    let number = |name, default: usize, max: usize| {
        let number = query.value(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        number.clamp(1, max)
    };
    let text = text.strip_prefix("library/").unwrap_or(text).to_owned();
    // As many results as Docker asks for at most; as many pages as are ever filled.
    Ok(Call::Search(Search { text, limit: number("n", 25, 100), page: number("page", 1, 10_000) }))
}

fn paging(query: &Query) -> Answered<Paging> {
    let last = query.value("last").unwrap_or_default();
    if last.len() > PAGE_LAST_BYTES_MAX {
        let detail = format!("last has more than PAGE_LAST_BYTES_MAX ({PAGE_LAST_BYTES_MAX}) bytes");
        return Err(Refusal::new(Code::PaginationNumberInvalid, detail));
    }
    let limit = match query.value("n") {
        None | Some("") => PAGE_ITEMS_MAX,
        // However large: it is clamped, so it need not fit any number.
        Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().unwrap_or(PAGE_ITEMS_MAX).min(PAGE_ITEMS_MAX)
        }
        Some(text) => {
            let detail = format!("n is {text:.40?}, and has to be a number that is not negative");
            return Err(Refusal::new(Code::PaginationNumberInvalid, detail));
        }
    };
    Ok(Paging { limit, last: last.to_owned() })
}

fn tags(query: &Query) -> Answered<Vec<Tag>> {
    let tags = query.values("tag").map(tag).collect::<Answered<Vec<Tag>>>()?;
    if tags.len() > TAGS_PER_PUSH_MAX {
        let detail = format!("{} tags, more than TAGS_PER_PUSH_MAX ({TAGS_PER_PUSH_MAX})", tags.len());
        return Err(Refusal::new(Code::TagInvalid, detail).with_status(414));
    }
    Ok(tags)
}

fn repository(text: &str) -> Answered<RepositoryName> {
    RepositoryName::parse(text).ok_or_else(|| {
        let detail = format!(
            "{text:.80?} is no repository name: lower-case words of a-z0-9 joined by . _ __ or -, separated \
             by /, 255 bytes at most"
        );
        Refusal::new(Code::NameInvalid, detail)
    })
}

fn tag(text: &str) -> Answered<Tag> {
    Tag::parse(text).ok_or_else(|| {
        let detail =
            format!("{text:.80?} is no tag: a-z A-Z 0-9 _ . -, not beginning with . or -, 128 bytes at most");
        Refusal::new(Code::TagInvalid, detail)
    })
}

fn selector(text: &str) -> Answered<Selector> {
    if text.contains(':') { digest(text).map(Selector::Digest) } else { tag(text).map(Selector::Tag) }
}

fn digest(text: &str) -> Answered<Digest> {
    Digest::parse(text).map_err(|error| {
        let advice = match error {
            DigestError::Unsupported => "sha256 and sha512 are supported",
            DigestError::Length => "sha256 has 64 hexadecimal digits, sha512 has 128",
            DigestError::Format => "a digest is algorithm:hexadecimal, in lower case",
        };
        Refusal::new(Code::DigestInvalid, format!("{text:.160?}: {error}; {advice}"))
    })
}

fn read(method: &Method, call: impl FnOnce() -> Answered<Call>) -> Answered<Call> {
    only(method, &[Method::GET, Method::HEAD], call)
}

/// The call, if the method is one of these (SRV-6).
fn only(method: &Method, allowed: &[Method], call: impl FnOnce() -> Answered<Call>) -> Answered<Call> {
    if allowed.contains(method) {
        return call();
    }
    let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let detail = format!("{:.20} is not done here; {allowed} are", method.as_str());
    Err(Refusal::new(Code::Unsupported, detail).with_header(hyper::header::ALLOW, &allowed))
}

fn no_route() -> Refusal {
    Refusal::new(Code::Unsupported, "there is nothing at this path; the registry is at /v2/").with_status(404)
}

#[cfg(test)]
mod tests;
