//! Pushing: blobs by mount, in one request or as a stream that can be continued, then documents (NET-17).

use std::cell::Cell;
use std::io::{self, Read};

use spec::{Descriptor, Digest, MediaType};

use super::{Repository, Wanted};
use crate::ask::{Server, refused, request};
use crate::auth::Scopes;
use crate::endpoints::{Endpoint, EndpointId};
use crate::error::Error;
use crate::http::{Method, Opener, Payload, Response, TransportError};
use crate::limits::{ONE_REQUEST_BYTES_MAX, UPLOAD_CHUNK_BYTES};
use crate::reach::{Tries, Try, Use};
use crate::retry::Retry;
use crate::url::{Scheme, Url};

/// Where the registry may take a blob from instead of being sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mount<'a> {
    /// Nowhere.
    No,
    /// From this repository of the same registry.
    From(&'a str),
    /// From wherever the registry knows it.
    Anywhere,
}

/// How a blob got into the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Its bytes were sent.
    Sent,
    /// The registry had it in another repository.
    Mounted,
}

/// An upload that the registry keeps.
struct Session {
    endpoint: EndpointId,
    location: Url,
    /// Bytes the registry has.
    offset: u64,
    /// The most bytes that it may have.
    sent: u64,
    /// The least bytes of a chunk that it takes.
    chunk_min: u64,
    /// Whether a try broke off, so that the registry has to be asked how far it got.
    broken: bool,
}

/// The first request of a push.
struct Opening<'a, 'c> {
    url: Url,
    scopes: Scopes,
    descriptor: &'a Descriptor,
    /// The content, when it is sent along.
    content: Option<Opener<'c>>,
    /// What it means if the blob is there afterwards.
    done: Pushed,
}

/// What the first request of a push came to.
enum Begun {
    Done(Pushed),
    Session(Session),
}

/// Notes how far the content was read, which is how far it is on its way.
struct Counting<'a> {
    inner: Box<dyn Read + 'a>,
    at: u64,
    furthest: &'a Cell<u64>,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.at += read as u64;
        self.furthest.set(self.furthest.get().max(self.at));
        Ok(read)
    }
}

impl Repository<'_> {
    /// Pushes a blob: mounted if the registry can, else sent.
    ///
    /// # Errors
    /// What the registry says in the end.
    pub fn push_blob<'c>(
        &self,
        descriptor: &Descriptor,
        mount: Mount<'_>,
        open: Opener<'c>,
    ) -> Result<Pushed, Error> {
        let mut session = match self.begin(descriptor, mount, open)? {
            Begun::Done(pushed) => return Ok(pushed),
            Begun::Session(session) => session,
        };
        let clock = &*self.client.options.clock;
        let mut retry = Retry::new(self.client.options.retry);
        let furthest = Cell::new(0);
        let counting = |at: u64| {
            let inner = open(at)?;
            Ok(Box::new(Counting { inner, at, furthest: &furthest }) as Box<dyn Read>)
        };
        loop {
            retry.begin(clock.now());
            let outcome = self.go_on(&mut session, descriptor, &counting);
            let Err(error) = outcome else { return Ok(Pushed::Sent) };
            retry.reached(furthest.get(), clock.now());
            let wait = retry.after(error, clock)?;
            self.client.sleep(wait)?;
            session.broken = true;
        }
    }

    /// Asks for a mount, sends a small blob at once, or begins an upload.
    fn begin<'c>(&self, descriptor: &Descriptor, mount: Mount<'_>, open: Opener<'c>) -> Result<Begun, Error> {
        if mount != Mount::No
            && let Some(begun) =
                self.reach.first(Use::Push, Tries::Policy, |at| self.mount(descriptor, mount, at))?
        {
            return Ok(begun);
        }
        self.reach.first(Use::Push, Tries::Policy, |at| {
            let mut opening = self.opening(descriptor, at);
            if descriptor.size <= ONE_REQUEST_BYTES_MAX {
                opening.url = opening.url.with_parameter("digest", descriptor.digest.as_str());
                opening.content = Some(open);
            }
            self.post(opening, at)
        })
    }

    /// An upload without anything particular about it.
    fn opening<'d, 'c>(&self, descriptor: &'d Descriptor, at: Try<'_>) -> Opening<'d, 'c> {
        let url = at.endpoint.url(&format!("{}/blobs/uploads/", self.path()), None);
        Opening { url, scopes: self.push_scopes(), descriptor, content: None, done: Pushed::Sent }
    }

    /// Nothing when the registry will not hear of it: then the blob is sent.
    fn mount(&self, descriptor: &Descriptor, mount: Mount<'_>, at: Try<'_>) -> Result<Option<Begun>, Error> {
        let mut opening = self.opening(descriptor, at);
        opening.done = Pushed::Mounted;
        opening.url = opening.url.with_parameter("mount", descriptor.digest.as_str());
        if let Mount::From(path) = mount {
            opening.url = opening.url.with_parameter("from", path);
            opening.scopes = opening.scopes.union(&Scopes::pull(path));
        }
        match self.post(opening, at) {
            Err(Error::Refused(refusal)) if (400..500).contains(&refusal.status) && refusal.status != 429 => {
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }

    fn post(&self, opening: Opening<'_, '_>, at: Try<'_>) -> Result<Begun, Error> {
        let Opening { url, scopes, descriptor, content, done } = opening;
        let server = at.server();
        let mut request = request(Method::Post, url, &server);
        request.payload = Payload::Bytes(&[]);
        if let Some(open) = content {
            request.payload = Payload::Stream { open, offset: 0, length: descriptor.size };
            request.headers.push(("content-type", "application/octet-stream".to_owned()));
            request.pace = self.client.commit_pace();
        }
        let response = self.client.ask(&server, &mut request, &scopes)?;
        match response.status {
            201 => {
                stated_digest(&response, &descriptor.digest)?;
                Ok(Begun::Done(done))
            }
            202 => Ok(Begun::Session(Session::new(&response, at.endpoint)?)),
            _ => Err(refused(Method::Post, response)),
        }
    }

    /// Sends what is missing and finishes; a whole first try is one stream, later ones go in chunks.
    fn go_on<'c>(
        &self,
        session: &mut Session,
        descriptor: &Descriptor,
        open: Opener<'c>,
    ) -> Result<(), Error> {
        if session.broken {
            self.find_offset(session, descriptor)?;
        }
        while session.offset < descriptor.size {
            self.patch(session, descriptor, open)?;
        }
        self.commit(session, descriptor)
    }

    /// Asks how much of a broken upload arrived; an upload that is gone is begun anew.
    fn find_offset(&self, session: &mut Session, descriptor: &Descriptor) -> Result<(), Error> {
        let endpoint = self.endpoint_of(session)?;
        let server = Server::of(endpoint, self.client.pace());
        let mut request = request(Method::Get, session.location.clone(), &server);
        let response = self.client.ask(&server, &mut request, &self.push_scopes())?;
        match response.status {
            204 | 200 | 202 => session.take_answer(&response, endpoint, descriptor),
            404 | 400 | 405 | 416 => {
                let again = |at: Try<'_>| self.post(self.opening(descriptor, at), at);
                let begun = self.reach.first(Use::Push, Tries::Policy, again)?;
                match begun {
                    Begun::Session(new) => *session = Session { broken: true, ..new },
                    Begun::Done(_) => {
                        let url = session.location.without_query().to_string();
                        return Err(Error::Protocol {
                            url,
                            what: "an upload without content succeeded".into(),
                        });
                    }
                }
                Ok(())
            }
            _ => Err(refused(Method::Get, response)),
        }
    }

    fn patch<'c>(
        &self,
        session: &mut Session,
        descriptor: &Descriptor,
        open: Opener<'c>,
    ) -> Result<(), Error> {
        let endpoint = self.endpoint_of(session)?;
        let server = Server::of(endpoint, self.client.pace());
        let from = session.offset;
        let left = descriptor.size - from;
        let length = if session.broken { left.min(UPLOAD_CHUNK_BYTES.max(session.chunk_min)) } else { left };
        let mut request = request(Method::Patch, session.location.clone(), &server);
        request.headers.push(("content-type", "application/octet-stream".to_owned()));
        if session.broken {
            request.headers.push(("content-range", format!("{from}-{}", from + length - 1)));
        }
        request.payload = Payload::Stream { open, offset: from, length };
        session.sent = session.sent.max(from + length);
        let response = self.client.ask(&server, &mut request, &self.push_scopes())?;
        match response.status {
            202 | 201 | 204 => {
                session.offset = from + length;
                session.take_answer(&response, endpoint, descriptor)?;
                if session.offset <= from {
                    let url = session.location.without_query().to_string();
                    return Err(Error::Protocol { url, what: "the upload does not get on".to_owned() });
                }
                session.broken |= session.offset < from + length;
                Ok(())
            }
            // The next try asks where to go on.
            416 if !session.broken => {
                session.broken = true;
                self.find_offset(session, descriptor)
            }
            _ => Err(refused(Method::Patch, response)),
        }
    }

    fn commit(&self, session: &Session, descriptor: &Descriptor) -> Result<(), Error> {
        let server = Server::of(self.endpoint_of(session)?, self.client.pace());
        let url = session.location.clone().with_parameter("digest", descriptor.digest.as_str());
        let mut request = request(Method::Put, url, &server);
        request.payload = Payload::Bytes(&[]);
        request.pace = self.client.commit_pace();
        let response = self.client.ask(&server, &mut request, &self.push_scopes())?;
        if !(200..300).contains(&response.status) {
            return Err(refused(Method::Put, response));
        }
        stated_digest(&response, &descriptor.digest)
    }

    fn endpoint_of(&self, session: &Session) -> Result<&Endpoint, Error> {
        let gone = || Error::Worded(format!("the upload's registry {} is gone", self.domain()));
        self.reach.endpoint(session.endpoint).ok_or_else(gone)
    }

    /// Puts a document under a tag or its digest; the registry must take it under our digest.
    ///
    /// # Errors
    /// What the registry says, such as which blob it misses; or that it names another digest.
    pub fn push_document(
        &self,
        bytes: &[u8],
        media_type: &MediaType,
        target: Wanted<'_>,
    ) -> Result<Digest, Error> {
        let digest = match target {
            Wanted::Digest(digest) => digest.clone(),
            Wanted::Tag(_) => Digest::of(bytes),
        };
        let stated = self.reach.first(Use::Push, Tries::Policy, |at| {
            let server = at.server();
            let url = at.endpoint.url(&format!("{}/manifests/{target}", self.path()), None);
            let mut request = request(Method::Put, url, &server);
            request.headers.push(("content-type", media_type.as_str().to_owned()));
            request.payload = Payload::Bytes(bytes);
            request.pace = self.client.commit_pace();
            let response = self.client.ask(&server, &mut request, &self.push_scopes())?;
            if !(200..300).contains(&response.status) {
                return Err(refused(Method::Put, response));
            }
            stated_digest(&response, &digest)?;
            Ok(response.header("docker-content-digest").is_some())
        })?;
        if !stated {
            // A registry that does not say what it took is asked.
            self.confirm(&digest)?;
        }
        Ok(digest)
    }

    fn confirm(&self, digest: &Digest) -> Result<(), Error> {
        self.reach.first(Use::Push, Tries::Policy, |at| {
            let server = at.server();
            let url = at.endpoint.url(&format!("{}/manifests/{digest}", self.path()), None);
            let mut request = request(Method::Head, url, &server);
            request.headers.push(("accept", "*/*".to_owned()));
            let response = self.client.ask(&server, &mut request, &self.push_scopes())?;
            if response.status == 200 { Ok(()) } else { Err(refused(Method::Head, response)) }
        })
    }
}

impl Session {
    fn new(response: &Response, endpoint: &Endpoint) -> Result<Session, Error> {
        let chunk_min = response.header("oci-chunk-min-length").and_then(|text| text.parse().ok());
        Ok(Session {
            endpoint: endpoint.id,
            location: location(response, endpoint)?.ok_or_else(|| Error::Protocol {
                url: response.url.without_query().to_string(),
                what: "the upload has no Location".to_owned(),
            })?,
            offset: 0,
            sent: 0,
            chunk_min: chunk_min.unwrap_or(0),
            broken: false,
        })
    }

    /// Takes in where the upload goes on and how far it is.
    fn take_answer(
        &mut self,
        response: &Response,
        endpoint: &Endpoint,
        descriptor: &Descriptor,
    ) -> Result<(), Error> {
        if let Some(location) = location(response, endpoint)? {
            self.location = location;
        }
        let Some(range) = response.header("range") else { return Ok(()) };
        let malformed =
            |what: String| Error::Protocol { url: response.url.without_query().to_string(), what };
        let end: u64 = range
            .trim()
            .trim_start_matches("bytes=")
            .strip_prefix("0-")
            .and_then(|end| end.parse().ok())
            .ok_or_else(|| malformed("the upload's Range is malformed".to_owned()))?;
        // `0-0` is what registries say of an empty upload too; of one byte it would be right.
        self.offset = if end == 0 && self.sent != 1 { 0 } else { end.saturating_add(1) };
        if self.offset > self.sent.min(descriptor.size) {
            return Err(malformed(format!(
                "the registry has {} bytes of an upload of which {} were sent",
                self.offset, self.sent
            )));
        }
        Ok(())
    }
}

/// Where an upload goes on: judged like the target of a redirect (NET-7).
fn location(response: &Response, endpoint: &Endpoint) -> Result<Option<Url>, Error> {
    let Some(text) = response.header("location") else { return Ok(None) };
    let from = response.url.origin().clone();
    let refuse = |source| Error::transport(Method::Post, response.url.without_query().to_string(), source);
    let url = response
        .url
        .join(text)
        .map_err(|reason| refuse(TransportError::RedirectUrl { from: from.clone(), reason }))?;
    let to = url.origin().clone();
    if endpoint.origin().scheme == Scheme::Https && to.scheme == Scheme::Http {
        return Err(refuse(TransportError::RedirectDowngrade { from, to }));
    }
    Ok(Some(url))
}

/// A digest that the registry states must be ours.
fn stated_digest(response: &Response, ours: &Digest) -> Result<(), Error> {
    let Some(stated) = response.header("docker-content-digest") else { return Ok(()) };
    match Digest::parse(stated) {
        Ok(digest) if digest == *ours => Ok(()),
        // Some registries name everything by sha256, whatever it was pushed under.
        Ok(digest) if digest.algorithm() != ours.algorithm() => Ok(()),
        _ => {
            let said = crate::foreign::escape(stated, 150);
            Err(Error::StatedDigest { said, found: ours.clone() })
        }
    }
}
