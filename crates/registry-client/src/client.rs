//! The client: what one operation knows about the registries it talks to.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use spec::Reference;

use crate::auth::{MemoryPins, RealmPins, TokenCache};
use crate::cancel::Cancel;
use crate::endpoints::{self, Endpoint, InsecureRegistries, Mirrors};
use crate::error::Error;
use crate::http::{Http, HttpOptions, Pace, Proxies, Response, Timeouts, lookup};
use crate::keychain::{Anonymous, Credentials, Keychain};
use crate::rate_limit::RateLimit;
use crate::repository::Repository;
use crate::retry::{Clock, RetryPolicy, SystemClock};
use crate::url::{Origin, Url};

/// Everything a client may be told; the defaults are those of a machine without any configuration.
#[derive(Clone)]
pub struct ClientOptions {
    /// The `User-Agent` header.
    pub user_agent: String,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How often to try.
    pub retry: RetryPolicy,
    /// Proxies.
    pub proxies: Proxies,
    /// Folders in the form of Docker's `certs.d`, all of which count.
    pub certificate_folders: Vec<PathBuf>,
    /// Registries that may be spoken to in the clear or without verification.
    pub insecure: InsecureRegistries,
    /// Mirrors.
    pub mirrors: Mirrors,
    /// Whether servers may name private and loopback addresses whatever the registry's own is (NET-3).
    pub allow_private_addresses: bool,
    /// The base of Docker Hub's search: `https://index.docker.io/v1/`.
    pub hub_index: Option<Url>,
    /// Whose credentials are shown to whom.
    pub keychain: Arc<dyn Keychain>,
    /// Which token servers credentials were given to.
    pub pins: Arc<dyn RealmPins>,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            user_agent: concat!("strata/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            proxies: Proxies::default(),
            certificate_folders: Vec::new(),
            insecure: InsecureRegistries::default(),
            mirrors: Mirrors::default(),
            allow_private_addresses: false,
            hub_index: None,
            keychain: Arc::new(Anonymous),
            pins: Arc::new(MemoryPins::default()),
            clock: Arc::new(SystemClock),
        }
    }
}

/// How a registry wants to know who asks.
#[derive(Clone, Debug)]
pub(crate) enum Learned {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

/// What servers said in passing.
#[derive(Debug, Default)]
struct Notices {
    rate_limit: Option<RateLimit>,
    warnings: Vec<String>,
    /// How many of `warnings` were handed out.
    shown: usize,
}

/// Talks to registries on behalf of one operation; may be used by several threads at once.
///
/// Make one for each operation: it holds connections, tokens and what was learned about servers, and ends
/// with its [`Cancel`].
pub struct Client {
    pub(crate) options: ClientOptions,
    pub(crate) http: Http,
    pub(crate) cancel: Cancel,
    pub(crate) tokens: TokenCache,
    /// Held while a token is fetched, so that parallel requests share it.
    pub(crate) fetching: Mutex<()>,
    learned: Mutex<HashMap<Origin, Learned>>,
    credentials: Mutex<HashMap<String, Credentials>>,
    endpoints: Mutex<HashMap<String, Arc<[Endpoint]>>>,
    notices: Mutex<Notices>,
}

/// Warnings kept of one operation: more than anybody reads.
const WARNINGS_MAX: usize = 64;

impl Client {
    /// A client that has talked to nobody.
    pub fn new(options: ClientOptions, cancel: Cancel) -> Client {
        let http = HttpOptions {
            user_agent: options.user_agent.clone(),
            timeouts: options.timeouts,
            proxies: options.proxies.clone(),
            certificate_folders: options.certificate_folders.clone(),
            insecure: options.insecure.clone(),
            allow_near: options.allow_private_addresses,
        };
        Client {
            http: Http::new(http, cancel.clone()),
            options,
            cancel,
            tokens: TokenCache::default(),
            fetching: Mutex::default(),
            learned: Mutex::default(),
            credentials: Mutex::default(),
            endpoints: Mutex::default(),
            notices: Mutex::default(),
        }
    }

    /// The repository that a reference names.
    ///
    /// # Errors
    /// When the reference's registry cannot be a host.
    pub fn repository(&self, reference: &Reference) -> Result<Repository<'_>, Error> {
        Repository::new(self, reference)
    }

    /// The flag that ends the operation.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The pull limit as last heard of.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        lock(&self.notices).rate_limit.clone()
    }

    /// Warnings that servers sent since the last call, each once.
    pub fn take_warnings(&self) -> Vec<String> {
        let mut notices = lock(&self.notices);
        let shown = std::mem::replace(&mut notices.shown, usize::MAX).min(notices.warnings.len());
        notices.shown = notices.warnings.len();
        notices.warnings[shown..].to_vec()
    }

    /// The endpoints of a registry, with what is known about them.
    pub(crate) fn endpoints(&self, domain: &str) -> Result<Arc<[Endpoint]>, Error> {
        if let Some(list) = lock(&self.endpoints).get(domain) {
            return Ok(list.clone());
        }
        let invalid = |reason| Error::Registry { domain: domain.to_owned(), reason };
        let insecure = &self.options.insecure;
        if let Ok(url) = Url::parse(&format!("https://{domain}"))
            && insecure.asks_for_addresses(&url.origin().host)
        {
            // A name without addresses is not insecure; that it has none is reported when it is dialled.
            let addresses = lookup(&url.origin().host, self.options.timeouts.connect, &self.cancel);
            insecure.note_addresses(&url.origin().host, &addresses.unwrap_or_default());
        }
        let list = endpoints::endpoints(domain, &self.options.mirrors, insecure).map_err(invalid)?;
        Ok(lock(&self.endpoints).entry(domain.to_owned()).or_insert(list.into()).clone())
    }

    /// The credentials for a server; helpers are asked once.
    pub(crate) fn credentials(&self, server: &str) -> Result<Credentials, Error> {
        let mut known = lock(&self.credentials);
        if let Some(credentials) = known.get(server) {
            return Ok(credentials.clone());
        }
        let credentials = self.options.keychain.credentials(server)?;
        known.insert(server.to_owned(), credentials.clone());
        Ok(credentials)
    }

    pub(crate) fn learned(&self, registry: &Origin) -> Option<Learned> {
        lock(&self.learned).get(registry).cloned()
    }

    pub(crate) fn learn(&self, registry: &Origin, way: Learned) {
        lock(&self.learned).insert(registry.clone(), way);
    }

    /// Takes in what an answer says in passing.
    pub(crate) fn notice(&self, response: &Response) {
        let rate_limit = RateLimit::read(response);
        let warnings: Vec<String> = response.header_values("warning").filter_map(warning_text).collect();
        if rate_limit.is_none() && warnings.is_empty() {
            return;
        }
        let mut notices = lock(&self.notices);
        notices.rate_limit = rate_limit.or(notices.rate_limit.take());
        drop(notices);
        for warning in warnings {
            self.warn(warning);
        }
    }

    /// Keeps a warning for the user, once.
    pub(crate) fn warn(&self, warning: String) {
        let mut notices = lock(&self.notices);
        if notices.warnings.len() < WARNINGS_MAX && !notices.warnings.contains(&warning) {
            notices.warnings.push(warning);
        }
    }

    /// The usual times to wait.
    pub(crate) fn pace(&self) -> Pace {
        let Timeouts { first_byte, stall_window, .. } = self.options.timeouts;
        Pace { first_byte, stall_window }
    }

    /// The time to wait for content to be stored.
    pub(crate) fn commit_pace(&self) -> Pace {
        Pace { first_byte: self.options.timeouts.commit, ..self.pace() }
    }

    /// Waits; an error when it is cancelled.
    pub(crate) fn sleep(&self, duration: Duration) -> Result<(), Error> {
        let cancelled = self.options.clock.sleep(duration, &self.cancel) || self.cancel.is_cancelled();
        if cancelled { Err(Error::Cancelled) } else { Ok(()) }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The words of `299 - "…"` (OCI distribution specification, "Warnings").
fn warning_text(value: &str) -> Option<String> {
    let quoted = value.trim().strip_prefix("299 - \"")?.strip_suffix('"')?;
    let words = quoted.replace("\\\"", "\"").replace("\\\\", "\\");
    Some(crate::foreign::escape(&words, crate::limits::ERROR_TEXT_CHARS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_have_one_form() {
        assert_eq!(warning_text("299 - \"moving \\\"soon\\\"\""), Some("moving \"soon\"".to_owned()));
        assert_eq!(warning_text("299 - \"\u{1b}\""), Some("\\u{1b}".to_owned()));
        assert_eq!(warning_text("199 - \"x\""), None);
        assert_eq!(warning_text("299 host \"x\""), None);
    }
}
