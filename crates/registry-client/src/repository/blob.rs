//! Blobs: whole or a range of one, with checks that make resuming and parallel ranges safe (NET-11, NET-12).

use std::io;

use spec::{Descriptor, Digest};

use super::Repository;
use crate::ask::{refused, request};
use crate::endpoints::EndpointId;
use crate::error::Error;
use crate::http::{Body, Method, Response, TransportError};
use crate::reach::{Tries, Try, Use};

/// A part of a blob: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobRange {
    /// The first byte.
    pub start: u64,
    /// The byte after the last one.
    pub end: u64,
}

impl BlobRange {
    /// All of a blob.
    pub fn whole(descriptor: &Descriptor) -> BlobRange {
        BlobRange { start: 0, end: descriptor.size }
    }

    /// What is missing of a blob of which the first `offset` bytes are there.
    pub fn from(descriptor: &Descriptor, offset: u64) -> BlobRange {
        BlobRange { start: offset.min(descriptor.size), end: descriptor.size }
    }

    /// The header that asks for it, unless it is all of the blob.
    pub(super) fn header(self, descriptor: &Descriptor) -> Option<(&'static str, String)> {
        let last = self.end.saturating_sub(1);
        (self != BlobRange::whole(descriptor)).then(|| ("range", format!("bytes={}-{last}", self.start)))
    }

    fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// The bytes of a blob as they come in; a reader that ends exactly where it should, or with an error.
///
/// Nothing is verified but lengths: who puts the pieces together hashes the whole.
#[derive(Debug)]
pub struct BlobBody {
    body: Option<Body>,
    /// Whether the body has a length of its own, not just the descriptor's.
    sized: bool,
    range: BlobRange,
    size: u64,
    left: u64,
    endpoint: EndpointId,
    url: String,
}

impl BlobBody {
    /// What part of the blob follows: the one asked for, or all of it where the server takes no ranges.
    pub fn range(&self) -> BlobRange {
        self.range
    }

    /// The size of the whole blob.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes still to come.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Who sends it.
    pub fn endpoint(&self) -> EndpointId {
        self.endpoint
    }

    /// Reads some bytes; none only at the end.
    ///
    /// # Errors
    /// When the connection breaks, stalls or ends early, and when it is cancelled; then always again.
    pub fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let Some(body) = &mut self.body else { return Ok(0) };
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let failed = |error| Error::transport(Method::Get, self.url.clone(), error);
        let read = body.read(&mut buffer[..wanted]).map_err(failed)?;
        if read == 0 && wanted > 0 {
            return Err(failed(TransportError::Truncated));
        }
        self.left -= read as u64;
        if self.left == 0 {
            self.finish();
        }
        Ok(read)
    }

    /// Lets the connection be used again when its end is known, and closes it otherwise.
    fn finish(&mut self) {
        if let Some(body) = self.body.take().filter(|_| self.sized) {
            body.finish();
        }
    }
}

impl io::Read for BlobBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_some(buffer).map_err(io::Error::other)
    }
}

impl Repository<'_> {
    /// Asks for a part of a blob, once at each endpoint, those in `avoid` last: the caller retries, resumes
    /// and keeps count, see [`crate::Retry`].
    ///
    /// A server that takes no ranges sends the whole blob, see [`BlobBody::range`].
    ///
    /// # Errors
    /// What the last endpoint says, or that an answer contradicts the descriptor.
    pub fn fetch_blob(
        &self,
        descriptor: &Descriptor,
        range: BlobRange,
        avoid: &[EndpointId],
    ) -> Result<BlobBody, Error> {
        self.reach.first(Use::Pull { avoid }, Tries::Once, |at| self.get_blob(descriptor, range, at))
    }

    /// Whether the registry holds a blob in this repository.
    ///
    /// # Errors
    /// When it says neither yes nor no.
    pub fn has_blob(&self, descriptor: &Descriptor) -> Result<bool, Error> {
        self.reach.first(Use::Push, Tries::Policy, |at| {
            let mut request = request(Method::Head, self.blob_url(&descriptor.digest, at), &at.server());
            let scopes = self.push_scopes();
            let response = self.client.ask(&at.server(), &mut request, &scopes)?;
            match response.status {
                200 => Ok(response.length().is_none_or(|length| length == descriptor.size)),
                404 => Ok(false),
                _ => Err(refused(Method::Head, response)),
            }
        })
    }

    pub(super) fn blob_url(&self, digest: &Digest, at: Try<'_>) -> crate::url::Url {
        at.endpoint.url(&format!("{}/blobs/{digest}", self.path()), None)
    }

    fn get_blob(&self, descriptor: &Descriptor, range: BlobRange, at: Try<'_>) -> Result<BlobBody, Error> {
        let server = at.server();
        let ask = |range: BlobRange| {
            let mut request = request(Method::Get, self.blob_url(&descriptor.digest, at), &server);
            request.headers.extend(range.header(descriptor));
            self.client.ask(&server, &mut request, &self.pull_scopes())
        };
        BlobBody::accept(ask, descriptor, range, at.endpoint.id)
    }
}

impl BlobBody {
    /// Asks for a range, and once more without one when the server stumbles over it.
    pub(super) fn accept(
        ask: impl Fn(BlobRange) -> Result<Response, Error>,
        descriptor: &Descriptor,
        range: BlobRange,
        endpoint: EndpointId,
    ) -> Result<BlobBody, Error> {
        let whole = BlobRange::whole(descriptor);
        let response = ask(range)?;
        if range == whole || is_usable(&response, descriptor, range) {
            return BlobBody::take(response, descriptor, range, endpoint);
        }
        drop(response);
        BlobBody::take(ask(whole)?, descriptor, whole, endpoint)
    }

    fn take(
        response: Response,
        descriptor: &Descriptor,
        asked: BlobRange,
        endpoint: EndpointId,
    ) -> Result<BlobBody, Error> {
        let whole = BlobRange::whole(descriptor);
        let url = response.url.without_query().to_string();
        let range = match response.status {
            200 => whole,
            206 if asked != whole => asked,
            206 => {
                return Err(Error::Protocol {
                    url,
                    what: "a part is sent although none was asked for".into(),
                });
            }
            _ => return Err(refused(Method::Get, response)),
        };
        // A length that contradicts the descriptor ends the request before the body.
        if let Some(found) = response.length().filter(|length| *length != range.len()) {
            if response.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
                return Err(Error::NotARegistry { url, what: "an HTML page".to_owned() });
            }
            let found = found.saturating_add(descriptor.size - range.len());
            return Err(Error::Size { digest: descriptor.digest.clone(), expected: descriptor.size, found });
        }
        let mut body = BlobBody {
            sized: response.length().is_some(),
            body: Some(response.body),
            range,
            size: descriptor.size,
            left: range.len(),
            endpoint,
            url,
        };
        if body.left == 0 {
            body.finish();
        }
        Ok(body)
    }
}

/// Whether an answer to a request for a range may be gone on with: the range itself, the whole, or a refusal
/// that has nothing to do with ranges.
fn is_usable(response: &Response, descriptor: &Descriptor, range: BlobRange) -> bool {
    match response.status {
        206 => {
            let expected =
                format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), descriptor.size);
            response.header("content-range").is_some_and(|stated| stated.trim() == expected)
        }
        416 | 400 | 501 => false,
        _ => true,
    }
}
