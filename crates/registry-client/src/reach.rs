//! Getting something done at one of the endpoints: which one, how often, and when the next one's turn comes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ask::Server;
use crate::client::Client;
use crate::endpoints::{Contact, Endpoint, EndpointId};
use crate::error::{Error, ErrorKind};
use crate::http::Pace;
use crate::retry::Retry;

/// Which endpoints serve.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use<'a> {
    /// Mirrors and the registry, these last.
    Pull { avoid: &'a [EndpointId] },
    /// The registry alone.
    Push,
}

/// One try: where, and how long to wait.
#[derive(Clone, Copy)]
pub(crate) struct Try<'e> {
    pub(crate) endpoint: &'e Endpoint,
    pub(crate) pace: Pace,
}

impl<'e> Try<'e> {
    /// Who is asked.
    pub(crate) fn server(self) -> Server<'e> {
        Server::of(self.endpoint, self.pace)
    }
}

/// How often an endpoint is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tries {
    /// As the policy says.
    Policy,
    /// Once: the caller keeps count.
    Once,
}

/// The endpoints of one registry, and which of them answered last.
pub(crate) struct Reach<'a> {
    client: &'a Client,
    domain: String,
    endpoints: Arc<[Endpoint]>,
    /// The endpoint that answered last, tried first by the next request.
    preferred: AtomicUsize,
}

impl<'a> Reach<'a> {
    pub(crate) fn new(client: &'a Client, domain: &str) -> Result<Reach<'a>, Error> {
        let endpoints = client.endpoints(domain)?;
        Ok(Reach { client, domain: domain.to_owned(), endpoints, preferred: AtomicUsize::new(0) })
    }

    pub(crate) fn endpoint(&self, id: EndpointId) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.id == id)
    }

    /// The endpoint that answered last, if any did.
    pub(crate) fn current(&self) -> Option<&Endpoint> {
        self.endpoint(EndpointId(self.preferred.load(Ordering::Relaxed)))
    }

    /// Does something at the first endpoint that can; the last failure is what the user sees.
    pub(crate) fn first<T>(
        &self,
        usage: Use<'_>,
        tries: Tries,
        mut attempt: impl FnMut(Try<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut candidates = self.candidates(usage);
        let mut last = None;
        while let Some(endpoint) = candidates.pop_front() {
            match self.try_endpoint(endpoint, &mut candidates, tries, &mut attempt) {
                Ok(done) => {
                    self.preferred.store(endpoint.id.0, Ordering::Relaxed);
                    return Ok(done);
                }
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(error) => last = Some(error),
            }
            if !falls_through(endpoint, last.as_ref()) {
                break;
            }
        }
        Err(last.unwrap_or_else(|| Error::Worded(format!("no endpoint of {} is left to try", self.domain))))
    }

    fn try_endpoint<T>(
        &self,
        endpoint: &Endpoint,
        others: &mut VecDeque<&Endpoint>,
        tries: Tries,
        attempt: &mut impl FnMut(Try<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let clock = &*self.client.options.clock;
        let mut retry = Retry::new(self.client.options.retry);
        loop {
            retry.begin(clock.now());
            let untried = endpoint.contact() == Contact::Untried;
            let pace = self.client.pace().within(retry.patience());
            let error = match attempt(Try { endpoint, pace }) {
                Ok(done) => {
                    endpoint.note(Contact::Works);
                    return Ok(done);
                }
                Err(error) => error,
            };
            let unreached = error.is_unreached();
            if untried && error.kind() != ErrorKind::Cancelled {
                endpoint.note(if unreached { Contact::Unreached } else { Contact::Works });
            }
            if endpoint.contact() == Contact::Works && !endpoint.mirror {
                // Once TLS worked there is no way back to plain http.
                others.retain(|other| !other.fallback);
            }
            let another = !others.is_empty() && falls_through(endpoint, Some(&error));
            // A server that was never there is not waited for.
            if tries == Tries::Once || another || (untried && unreached) {
                return Err(error);
            }
            let wait = retry.after(error, clock)?;
            self.client.sleep(wait)?;
        }
    }

    /// The endpoints in the order in which they are tried.
    fn candidates(&self, usage: Use<'_>) -> VecDeque<&Endpoint> {
        let preferred = self.preferred.load(Ordering::Relaxed);
        let https_works =
            self.endpoints.iter().any(|e| !e.mirror && !e.fallback && e.contact() == Contact::Works);
        let http_works = self.endpoints.iter().any(|e| e.fallback && e.contact() == Contact::Works);
        let serves = |endpoint: &&Endpoint| {
            let wanted = matches!(usage, Use::Pull { .. }) || !endpoint.mirror;
            let reachable = match (endpoint.mirror, endpoint.fallback) {
                (true, _) => endpoint.contact() != Contact::Unreached,
                (false, true) => !https_works,
                (false, false) => !http_works,
            };
            wanted && reachable
        };
        let mut list: VecDeque<&Endpoint> = self.endpoints.iter().filter(serves).collect();
        if let Some(at) = list.iter().position(|endpoint| endpoint.id.0 == preferred)
            && let Some(endpoint) = list.remove(at)
        {
            list.push_front(endpoint);
        }
        if let Use::Pull { avoid } = usage {
            list.make_contiguous().sort_by_key(|endpoint| avoid.contains(&endpoint.id));
        }
        list
    }
}

/// Whether a failure at this endpoint gives the next one its turn: any failure of a mirror, of the registry
/// itself only that it was not reached.
fn falls_through(endpoint: &Endpoint, error: Option<&Error>) -> bool {
    endpoint.mirror || error.is_some_and(Error::is_unreached)
}
