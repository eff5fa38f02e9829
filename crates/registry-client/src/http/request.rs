//! One request and one answer.

use std::time::Duration;

use ureq::http::HeaderMap;

use super::body::Body;
use super::upload::Payload;
use crate::secret::Secret;
use crate::url::{Origin, Url};

/// A method, of those that registries know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Only the head of what GET would answer.
    Head,
    /// Fetch.
    Get,
    /// Begin or do something.
    Post,
    /// Append.
    Patch,
    /// Finish or replace.
    Put,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Method::Head => "HEAD",
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Put => "PUT",
        }
    }

    /// As Go's errors begin: `Get "https://…": …`.
    pub(crate) fn go_name(self) -> &'static str {
        match self {
            Method::Head => "Head",
            Method::Get => "Get",
            Method::Post => "Post",
            Method::Patch => "Patch",
            Method::Put => "Put",
        }
    }
}

/// On whose behalf something is asked: what decides about addresses, roots and secrets.
#[derive(Clone, Debug)]
pub(crate) struct Behalf {
    /// The registry or mirror, which the user chose.
    pub(crate) registry: Origin,
    /// The only origin that sees the authorization and our certificate, if any does.
    pub(crate) secrets: Option<Origin>,
}

/// How long to wait for whom: the usual times, or what is left of an object's time without progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// For the answer's head.
    pub(crate) first_byte: Duration,
    /// With less than the stall rate.
    pub(crate) stall_window: Duration,
}

impl Pace {
    /// The same, but no longer than there may still be no progress.
    pub(crate) fn within(self, patience: Duration) -> Pace {
        // Never nothing at all: a time limit of zero is none.
        let least = Duration::from_millis(100);
        let within = |time: Duration| time.min(patience).max(least);
        Pace { first_byte: within(self.first_byte), stall_window: within(self.stall_window) }
    }
}

impl Behalf {
    /// Whether an origin may see the request's secrets.
    pub(crate) fn trusts(&self, origin: &Origin) -> bool {
        self.secrets.as_ref() == Some(origin)
    }
}

/// One request.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) behalf: Behalf,
    pub(crate) authorization: Option<Secret>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) payload: Payload<'a>,
    /// How long to wait.
    pub(crate) pace: Pace,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Where it came from, after redirects.
    pub(crate) url: Url,
}

impl Response {
    /// A header's value, if it is visible text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All values of a header that are visible text.
    pub(crate) fn header_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// What the head says the body's length is.
    pub(crate) fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }
}
