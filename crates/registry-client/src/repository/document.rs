//! Manifests and indexes: what a tag names, and the document itself, verified.

use spec::{Descriptor, Digest, Document, MediaType};

use super::{Repository, Wanted};
use crate::answer::media_type;
use crate::ask::{refused, request};
use crate::endpoints::EndpointId;
use crate::error::{Content, Error};
use crate::http::{Method, Request, Response};
use crate::rate_limit::RateLimit;
use crate::reach::{Tries, Try, Use};

/// The documents that are understood, in the order in which Docker names them, and what it takes instead.
const ACCEPT: &[&str] = &[
    MediaType::DOCKER_MANIFEST,
    MediaType::DOCKER_INDEX,
    MediaType::OCI_INDEX,
    MediaType::OCI_MANIFEST,
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/json",
];

/// What a tag or digest stands for at a registry.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Kind, digest and size as the registry states them; proven only by fetching.
    pub descriptor: Descriptor,
    /// Who answered.
    pub endpoint: EndpointId,
    /// The pull limit, if there is one.
    pub rate_limit: Option<RateLimit>,
    /// The document itself, where asking for its head did not do.
    pub document: Option<Document>,
}

/// A document and where it came from.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The document; its bytes have the digest that was asked for.
    pub document: Document,
    /// The digest that was asked for, or by which the tag was resolved.
    pub digest: Digest,
    /// Who answered.
    pub endpoint: EndpointId,
    /// The pull limit, if there is one.
    pub rate_limit: Option<RateLimit>,
}

impl Repository<'_> {
    /// Asks what a tag or digest stands for: with HEAD, or with GET where that does not do.
    ///
    /// # Errors
    /// What the last endpoint says.
    pub fn resolve(&self, wanted: Wanted<'_>) -> Result<Resolved, Error> {
        // Where a head did not do, further tries ask for the document at once.
        let mut headless = None;
        self.reach.first(Use::Pull { avoid: &[] }, Tries::Policy, |at| {
            if headless != Some(at.endpoint.id)
                && let Some(resolved) = self.head_document(wanted, at)?
            {
                return Ok(resolved);
            }
            headless = Some(at.endpoint.id);
            let fetched = self.get_document(wanted, None, at)?;
            let Fetched { document, endpoint, rate_limit, digest } = fetched;
            let descriptor = Descriptor { digest, ..document.descriptor() };
            Ok(Resolved { descriptor, endpoint, rate_limit, document: Some(document) })
        })
    }

    /// Fetches a document by tag or digest. A tag is resolved first, so that the bytes are verified against
    /// the digest that the registry named for it.
    ///
    /// # Errors
    /// What the last endpoint says, or that the bytes are not those that were asked for.
    pub fn fetch_document(&self, wanted: Wanted<'_>) -> Result<Fetched, Error> {
        let digest = match wanted {
            Wanted::Digest(digest) => digest.clone(),
            Wanted::Tag(_) => {
                let resolved = self.resolve(wanted)?;
                let Resolved { descriptor, endpoint, rate_limit, document } = resolved;
                if let Some(document) = document {
                    return Ok(Fetched { document, digest: descriptor.digest, endpoint, rate_limit });
                }
                descriptor.digest
            }
        };
        self.reach.first(Use::Pull { avoid: &[] }, Tries::Policy, |at| {
            self.get_document(Wanted::Digest(&digest), None, at)
        })
    }

    /// Fetches the document that a descriptor points at; its size has to fit too.
    ///
    /// # Errors
    /// As [`Repository::fetch_document`].
    pub fn fetch_child(&self, descriptor: &Descriptor) -> Result<Fetched, Error> {
        self.reach.first(Use::Pull { avoid: &[] }, Tries::Policy, |at| {
            self.get_document(Wanted::Digest(&descriptor.digest), Some(descriptor), at)
        })
    }

    /// Asks for a document's head; nothing when the answer does not tell what the document is.
    fn head_document(&self, wanted: Wanted<'_>, at: Try<'_>) -> Result<Option<Resolved>, Error> {
        let mut request = self.document_request(Method::Head, wanted, at);
        let server = at.server();
        let response = self.client.ask(&server, &mut request, &self.pull_scopes())?;
        if response.status != 200 {
            return Ok(None);
        }
        let digest = response.header("docker-content-digest").and_then(|text| Digest::parse(text).ok());
        let kind = MediaType::new(&media_type(response.header("content-type").unwrap_or_default()));
        let (Some(digest), Some(kind), Some(size)) = (digest, kind, response.length()) else {
            return Ok(None);
        };
        let known = kind.is_manifest() || kind.is_index();
        let fits = match wanted {
            Wanted::Tag(_) => true,
            Wanted::Digest(wanted) => *wanted == digest,
        };
        Ok((known && fits).then(|| Resolved {
            descriptor: Descriptor::new(kind, digest, size),
            endpoint: at.endpoint.id,
            rate_limit: RateLimit::read(&response),
            document: None,
        }))
    }

    fn get_document(
        &self,
        wanted: Wanted<'_>,
        descriptor: Option<&Descriptor>,
        at: Try<'_>,
    ) -> Result<Fetched, Error> {
        let mut request = self.document_request(Method::Get, wanted, at);
        let url = request.url.to_string();
        let server = at.server();
        let response = self.client.ask(&server, &mut request, &self.pull_scopes())?;
        if response.status != 200 {
            return Err(refused(Method::Get, response));
        }
        let rate_limit = RateLimit::read(&response);
        let kind = media_type(response.header("content-type").unwrap_or_default());
        let stated = response.header("docker-content-digest").map(str::to_owned);
        let bytes = read_document(response, &url, &kind, descriptor)?;
        let digest = verify(&bytes, wanted, stated)?;
        let announced = descriptor.map_or(kind.as_str(), |descriptor| descriptor.media_type.as_str());
        let document = Document::parse(&bytes, Some(announced).filter(|kind| !kind.is_empty()))?;
        Ok(Fetched { document, digest, endpoint: at.endpoint.id, rate_limit })
    }

    fn document_request(&self, method: Method, wanted: Wanted<'_>, at: Try<'_>) -> Request<'static> {
        let url = at.endpoint.url(&format!("{}/manifests/{wanted}", self.path()), None);
        let mut request = request(method, url, &at.server());
        request.headers.extend(ACCEPT.iter().map(|kind| ("accept", (*kind).to_owned())));
        request
    }
}

/// Reads a document's bytes within its limits.
fn read_document(
    response: Response,
    url: &str,
    kind: &str,
    descriptor: Option<&Descriptor>,
) -> Result<Vec<u8>, Error> {
    if kind == "text/html" {
        return Err(Error::NotARegistry { url: url.to_owned(), what: "an HTML page".to_owned() });
    }
    // Decoding would change the bytes that the digest is of (NET-10).
    if let Some(coding) = response.header("content-encoding").filter(|coding| *coding != "identity") {
        let what = format!("the document is encoded ({})", crate::foreign::escape(coding, 40));
        return Err(Error::Protocol { url: url.to_owned(), what });
    }
    let size =
        |digest: &Digest, expected, found| Err(Error::Size { digest: digest.clone(), expected, found });
    let stated = response.length();
    if let (Some(descriptor), Some(stated)) = (descriptor, stated)
        && descriptor.size != stated
    {
        return size(&descriptor.digest, descriptor.size, stated);
    }
    let limit = spec::limits::MANIFEST_BYTES_MAX;
    let over =
        Error::Limit { what: "the document", url: url.to_owned(), limit: "MANIFEST_BYTES_MAX", value: limit };
    if stated.is_some_and(|stated| stated > limit) {
        return Err(over);
    }
    let broken = |error| Error::transport(Method::Get, url.to_owned(), error);
    let bytes = response.body.read_all(limit).map_err(broken)?.ok_or(over)?;
    match descriptor {
        Some(descriptor) if descriptor.size != bytes.len() as u64 => {
            size(&descriptor.digest, descriptor.size, bytes.len() as u64)
        }
        _ => Ok(bytes),
    }
}

/// Proves the digest that was asked for, or makes the one of a tag; a header can only contradict (REF-5).
fn verify(bytes: &[u8], wanted: Wanted<'_>, stated: Option<String>) -> Result<Digest, Error> {
    if let Wanted::Digest(expected) = wanted {
        if !expected.matches(bytes) {
            let (expected, found) = (expected.clone(), Digest::of(bytes));
            return Err(Error::Digest { what: Content::Manifest, expected, found });
        }
        return Ok(expected.clone());
    }
    let Some(stated) = stated else { return Ok(Digest::of(bytes)) };
    match Digest::parse(&stated) {
        Ok(digest) if digest.matches(bytes) => Ok(digest),
        _ => {
            let said = crate::foreign::escape(&stated, 150);
            Err(Error::StatedDigest { said, found: Digest::of(bytes) })
        }
    }
}
