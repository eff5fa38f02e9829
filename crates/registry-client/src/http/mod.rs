//! HTTP for registries: one request, one answer, and the redirects that may be followed.
//!
//! A small type around the `ureq` library. Each origin has an agent of its own, made for the address policy,
//! proxy and TLS identity it is reached with, so that no connection and no secret is shared between origins.

mod address;
mod agents;
mod body;
mod checked;
mod connector;
mod dial;
mod error;
mod framing;
mod meter;
mod proxy;
mod request;
mod tcp;
mod tls;
mod trust;
mod tunnel;
mod upload;

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use ureq::http::{Request as HttpRequest, header};
use ureq::{AsSendBody, SendBody};

pub use address::AddressError;
pub use error::TransportError;
pub use framing::FramingError;
pub use proxy::{NoProxy, Proxies, Proxy, ProxyKind};
pub use request::Method;

pub(crate) use body::Body;
pub(crate) use dial::lookup;
pub(crate) use proxy::in_network;
pub(crate) use request::{Behalf, Pace, Request, Response};
pub use upload::Opener;
pub(crate) use upload::Payload;

use agents::Agents;
use meter::Meter;
use upload::Upload;

use crate::cancel::Cancel;
use crate::endpoints::InsecureRegistries;
use crate::limits::{self, EXPECT_CONTINUE_BYTES_MIN, REDIRECTS_MAX};
use crate::url::{Scheme, Url, UrlError};

/// Connections of one origin that may turn out to be closed, one after the other: as many as are kept.
const STALE_CONNECTIONS_MAX: usize = agents::IDLE_PER_ORIGIN_MAX + 1;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For one connection, name look-up and TLS included.
    pub connect: Duration,
    /// From the request to the end of the answer's head.
    pub first_byte: Duration,
    /// As `first_byte`, for requests that make the registry store what was sent.
    pub commit: Duration,
    /// A transfer below the stall rate for this long is given up.
    pub stall_window: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: limits::CONNECT_TIMEOUT,
            first_byte: limits::FIRST_BYTE_TIMEOUT,
            commit: limits::COMMIT_TIMEOUT,
            stall_window: limits::STALL_WINDOW,
        }
    }
}

/// What [`Http`] is made from.
#[derive(Clone, Debug)]
pub(crate) struct HttpOptions {
    pub(crate) user_agent: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) proxies: Proxies,
    pub(crate) certificate_folders: Vec<PathBuf>,
    pub(crate) insecure: InsecureRegistries,
    /// Whether servers may name private and loopback addresses whatever the registry's own is.
    pub(crate) allow_near: bool,
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Http {
    options: HttpOptions,
    agents: Agents,
    cancel: Cancel,
}

/// Why a request has no answer, and where its way had led it.
pub(crate) struct Failure {
    pub(crate) url: Url,
    pub(crate) error: TransportError,
}

/// One leg of a request's way: redirects change it, the request itself stays.
struct Leg {
    url: Url,
    method: Method,
    /// Whether what the request carries is still sent.
    with_payload: bool,
    /// Whether the origin may see the request's secrets.
    trusted: bool,
}

impl Http {
    pub(crate) fn new(options: HttpOptions, cancel: Cancel) -> Http {
        Http { agents: Agents::new(&options, cancel.clone()), options, cancel }
    }

    /// Sends a request and follows redirects by the rules NET-1 to NET-3.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<Response, Box<Failure>> {
        let mut leg = Leg {
            url: request.url.clone(),
            method: request.method,
            with_payload: true,
            trusted: request.behalf.trusts(request.url.origin()),
        };
        for _ in 0..=REDIRECTS_MAX {
            let failed = |error| Box::new(Failure { url: leg.url.clone(), error });
            let response = self.send_leg(request, &leg).map_err(failed)?;
            let Some(next) = redirect_target(&response).map_err(failed)? else { return Ok(response) };
            leg.follow(next, response.status, request)
                .map_err(|error| Box::new(Failure { url: leg.url.clone(), error }))?;
        }
        Err(Box::new(Failure { url: leg.url, error: TransportError::TooManyRedirects }))
    }

    /// Sends once more when a connection from the pool turned out to be closed already.
    fn send_leg(&self, request: &Request<'_>, leg: &Leg) -> Result<Response, TransportError> {
        let idempotent = matches!(leg.method, Method::Get | Method::Head);
        for _ in 0..STALE_CONNECTIONS_MAX {
            match self.exchange(request, leg) {
                Err(TransportError::Stale) if idempotent => {}
                Err(TransportError::Stale) => return Err(TransportError::Closed),
                outcome => return outcome,
            }
        }
        Err(TransportError::Closed)
    }

    fn exchange(&self, request: &Request<'_>, leg: &Leg) -> Result<Response, TransportError> {
        if self.cancel.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        let agent = self.agents.agent(&leg.url, &request.behalf, leg.trusted, &self.options)?;
        let outcome = self.build(&agent, request, leg);
        // Whatever an interrupted connection looks like, this is what it was.
        if self.cancel.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        outcome
    }

    fn build(
        &self,
        agent: &ureq::Agent,
        request: &Request<'_>,
        leg: &Leg,
    ) -> Result<Response, TransportError> {
        let mut builder = HttpRequest::builder()
            .method(leg.method.as_str())
            .uri(leg.url.to_string())
            .header(header::ACCEPT_ENCODING, "identity");
        if leg.trusted
            && let Some(authorization) = &request.authorization
        {
            builder = builder.header(header::AUTHORIZATION, authorization.expose());
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let pace = request.pace;
        let payload = if leg.with_payload { &request.payload } else { &Payload::None };
        let Some((mut reader, length)) = self.open(payload, pace)? else {
            return self.run(agent, builder.body(()), pace, leg);
        };
        if length >= EXPECT_CONTINUE_BYTES_MIN {
            builder = builder.header(header::EXPECT, "100-continue");
        }
        builder = builder.header(header::CONTENT_LENGTH, length);
        self.run(agent, builder.body(SendBody::from_reader(&mut reader)), pace, leg)
    }

    /// Opens what is to be sent, and its length.
    fn open<'p>(
        &self,
        payload: &'p Payload<'_>,
        pace: Pace,
    ) -> Result<Option<(Upload<'p>, u64)>, TransportError> {
        let (reader, length): (Box<dyn Read + 'p>, u64) = match payload {
            Payload::None => return Ok(None),
            Payload::Bytes(bytes) => (Box::new(*bytes), bytes.len() as u64),
            Payload::Form(form) => (Box::new(form.as_bytes()), form.len() as u64),
            Payload::Stream { open, offset, length } => {
                (open(*offset).map_err(|error| TransportError::Source(error.into()))?, *length)
            }
        };
        let meter = Meter::new(pace.stall_window);
        Ok(Some((Upload::new(reader, length, meter, self.cancel.clone()), length)))
    }

    fn run(
        &self,
        agent: &ureq::Agent,
        request: Result<HttpRequest<impl AsSendBody>, ureq::http::Error>,
        pace: Pace,
        leg: &Leg,
    ) -> Result<Response, TransportError> {
        let request = request.map_err(|error| TransportError::Protocol(error.to_string()))?;
        let request = agent
            .configure_request(request)
            .timeout_recv_response(Some(pace.first_byte))
            .timeout_per_read(Some(pace.stall_window))
            .timeout_per_write(Some(pace.stall_window))
            .build();
        let response = agent.run(request).map_err(TransportError::from_ureq)?;
        let (parts, body) = response.into_parts();
        let meter = Meter::new(pace.stall_window);
        let body = Body::new(body.into_reader(), meter, self.cancel.clone());
        Ok(Response { status: parts.status.as_u16(), headers: parts.headers, body, url: leg.url.clone() })
    }
}

impl Leg {
    fn follow(&mut self, next: Url, status: u16, request: &Request<'_>) -> Result<(), TransportError> {
        let (from, to) = (self.url.origin().clone(), next.origin().clone());
        if from.scheme == Scheme::Https && to.scheme == Scheme::Http {
            return Err(TransportError::RedirectDowngrade { from, to });
        }
        if !request.behalf.trusts(&to) {
            if matches!(request.payload, Payload::Form(_)) {
                return Err(TransportError::RedirectSecret { from, to });
            }
            // A chain that has left the origin never gets its secrets back.
            self.trusted = false;
        }
        if status == 303 && self.method != Method::Head {
            self.method = Method::Get;
            self.with_payload = false;
        }
        self.url = next;
        Ok(())
    }
}

/// Where an answer redirects to, if it does.
fn redirect_target(response: &Response) -> Result<Option<Url>, TransportError> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers.get(header::LOCATION) else { return Ok(None) };
    let refused = |reason| TransportError::RedirectUrl { from: response.url.origin().clone(), reason };
    let location = location.to_str().map_err(|_| refused(UrlError::Characters))?;
    response.url.join(location).map(Some).map_err(refused)
}
