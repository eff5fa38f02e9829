//! A registry in the test's own process, which keeps to the distribution protocol until it is told not to.
//!
//! It listens on a free port of 127.0.0.1, keeps everything in memory (or computes it, see [`Content`]),
//! writes down every request, and stops when it is dropped.
//!
//! ```
//! use testkit::registry::{Fault, Registry};
//!
//! let registry = Registry::new();
//! let digest = registry.put_blob("library/alpine", "some bytes");
//! registry.on("GET", "/v2/*/blobs/*").times(1).then(Fault::ResetAfter(4));
//! println!("docker pull {}/library/alpine", registry.host());
//! assert_eq!(registry.requests().len(), 0);
//! # drop(digest);
//! ```

mod auth;
mod blobs;
mod connection;
mod content;
mod fault;
mod http;
mod lists;
mod log;
mod manifests;
mod routes;
mod search;
mod state;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
mod uploads;

use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use spec::Digest;

use crate::listener::Listener;

pub use auth::Auth;
pub use content::{BackingFile, Content};
pub use fault::{Answer, Fault, RuleBuilder};
pub use log::Request;
pub use search::SearchEntry;
pub use state::StoredManifest;
pub use tls::{Certificates, Flaw, Tls};

use http::{Response, Stream};
use state::State;

/// How a registry is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// How it wants to be talked to.
    pub auth: Auth,
    /// Names and passwords.
    pub users: Vec<(String, String)>,
    /// Repositories (`*` for any characters) that only users may pull from, with [`Auth::Bearer`].
    pub private: Vec<String>,
    /// How long tokens are good for, in seconds.
    pub token_seconds: u64,
    /// Whether the token server takes POST, too.
    pub oauth2: bool,
    /// The name it gives itself in challenges.
    pub service: String,
    /// Pull limit.
    pub rate_limit: Option<RateLimit>,
    /// Most items on a page of a list.
    pub page_size: usize,
    /// TLS; without it, plain HTTP.
    pub tls: Option<Tls>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            auth: Auth::None,
            users: Vec::new(),
            private: Vec::new(),
            token_seconds: 300,
            oauth2: true,
            service: "testkit".to_owned(),
            rate_limit: None,
            page_size: 1000,
            tls: None,
        }
    }
}

/// A pull limit as Docker Hub states it in headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Pulls in a window.
    pub limit: u64,
    /// Pulls used up before the test begins.
    pub used: u64,
    /// Length of the window in seconds.
    pub window_seconds: u64,
}

/// A running registry.
pub struct Registry {
    shared: Arc<Shared>,
    listeners: Mutex<Vec<Listener>>,
    origin: Origin,
}

/// An address that is listened on.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    /// Whether the registry's access rules hold here.
    pub(crate) gated: bool,
}

/// What the connections share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) state: Mutex<State>,
    pub(crate) rules: fault::Rules,
    pub(crate) log: log::Log,
    pub(crate) auth: auth::Gate,
    pub(crate) tls: Option<tls::Terminator>,
    pulls: AtomicU64,
    pub(crate) connections: AtomicU64,
    stop: AtomicBool,
}

impl Default for Registry {
    fn default() -> Registry {
        Registry::new()
    }
}

impl Registry {
    /// A registry without access rules, over plain HTTP.
    pub fn new() -> Registry {
        Registry::with(Options::default())
    }

    /// A registry set up as wanted.
    ///
    /// # Panics
    /// When no port can be had on 127.0.0.1, or no certificates can be made.
    pub fn with(options: Options) -> Registry {
        let shared = Arc::new(Shared {
            auth: auth::Gate::new(&options),
            pulls: AtomicU64::new(options.rate_limit.map_or(0, |limit| limit.used)),
            connections: AtomicU64::new(0),
            tls: options.tls.as_ref().map(|tls| tls::Terminator::new(tls).expect("certificates")),
            options,
            state: Mutex::default(),
            rules: fault::Rules::default(),
            log: log::Log::default(),
            stop: AtomicBool::new(false),
        });
        let (listener, origin) = listen(&shared, "127.0.0.1", true).expect("a port on 127.0.0.1");
        Registry { shared, listeners: Mutex::new(vec![listener]), origin }
    }

    /// `127.0.0.1:PORT`, as it stands before a repository's name.
    pub fn host(&self) -> &str {
        self.origin.url.split_once("//").map_or("", |(_, host)| host)
    }

    /// `http://127.0.0.1:PORT`, or `https:` with TLS.
    pub fn url(&self) -> &str {
        &self.origin.url
    }

    /// The files clients need to trust this registry, and to be trusted by it; only with TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.shared.tls.as_ref().map(|tls| &tls.certificates)
    }

    /// Listens on another host, too (127.0.0.2 and a port of its own), where everything can be had without
    /// credentials: the object store that blobs are redirected to, another token server.
    ///
    /// # Panics
    /// When no port can be had on 127.0.0.2.
    pub fn second_origin(&self) -> String {
        let (listener, origin) = listen(&self.shared, "127.0.0.2", false).expect("a port on 127.0.0.2");
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
        origin.url
    }

    /// Stops listening and ends every connection; what follows is "connection refused".
    pub fn stop(&self) {
        self.shared.end();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Stores a blob.
    ///
    /// # Panics
    /// When the content is a file that cannot be read.
    pub fn put_blob(&self, repository: &str, content: impl Into<Content>) -> Digest {
        let content = content.into();
        let digest = content.digest().expect("the content can be read");
        self.state().put_blob(repository, digest.as_str(), content);
        digest
    }

    /// Stores a blob under a digest that need not be its own.
    pub fn put_blob_under(&self, repository: &str, digest: &str, content: impl Into<Content>) {
        self.state().put_blob(repository, digest, content.into());
    }

    /// Takes a blob away from every repository.
    pub fn remove_blob(&self, digest: &Digest) {
        self.state().blobs.remove(digest.as_str());
    }

    /// Stores a manifest without a look into it, and tags it if there are tags.
    pub fn put_manifest(&self, repository: &str, tags: &[&str], media_type: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.put_manifest_under(repository, digest.as_str(), media_type, bytes);
        tags.iter().for_each(|tag| self.tag(repository, tag, &digest));
        digest
    }

    /// Stores a manifest under a digest that need not be its own.
    pub fn put_manifest_under(&self, repository: &str, digest: &str, media_type: &str, bytes: &[u8]) {
        let manifest = StoredManifest { media_type: media_type.to_owned(), bytes: bytes.to_vec() };
        self.state().repository_mut(repository).manifests.insert(digest.to_owned(), manifest);
    }

    /// Sets a tag.
    pub fn tag(&self, repository: &str, tag: &str, digest: &Digest) {
        self.state().repository_mut(repository).tags.insert(tag.to_owned(), digest.to_string());
    }

    /// Removes a tag.
    pub fn untag(&self, repository: &str, tag: &str) {
        self.state().repository_mut(repository).tags.remove(tag);
    }

    /// The manifest behind a tag or digest, as it was pushed.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<StoredManifest> {
        let state = self.state();
        state.repositories.get(repository)?.manifest(reference).map(|(_, manifest)| manifest.clone())
    }

    /// The digest behind a tag.
    pub fn resolve(&self, repository: &str, tag: &str) -> Option<Digest> {
        self.state().repositories.get(repository)?.tags.get(tag)?.parse().ok()
    }

    /// The bytes of a blob, when the repository has it.
    pub fn blob(&self, repository: &str, digest: &Digest) -> Option<Vec<u8>> {
        let content = self.state().blob(repository, digest.as_str()).cloned();
        content.and_then(|content| content.to_vec().ok())
    }

    /// The tags of a repository.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        let state = self.state();
        let tags = state.repositories.get(repository).map(|repository| repository.tags.keys().cloned());
        tags.into_iter().flatten().collect()
    }

    /// Serves `/v1/search` (and the ping that goes before it) from these entries.
    pub fn serve_search(&self, entries: Vec<SearchEntry>) {
        self.state().search = Some(entries);
    }

    /// Names another token server in challenges.
    pub fn set_realm(&self, url: &str) {
        self.shared.auth.set_realm(url);
    }

    /// Makes all access tokens given out so far worthless.
    pub fn expire_tokens(&self) {
        self.shared.auth.expire_tokens();
    }

    /// Begins a rule: requests of this method (`*` for any) whose path fits the pattern, in which `*` stands
    /// for any characters. A pattern with a `?` is held against path and query.
    ///
    /// The first rule that fits and has times left wins.
    pub fn on(&self, method: &str, pattern: &str) -> RuleBuilder {
        self.shared.rules.begin(method, pattern)
    }

    /// Forgets all rules.
    pub fn behave(&self) {
        self.shared.rules.clear();
    }

    /// All requests so far, in the order they came.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.requests()
    }

    /// The requests of a method and path, as in [`Registry::on`].
    pub fn requests_to(&self, method: &str, pattern: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.fits(method, pattern)).collect()
    }

    /// Empties the log.
    pub fn clear_requests(&self) {
        self.shared.log.clear();
    }

    /// Bytes of bodies sent for requests of a method and path.
    ///
    /// They were handed to the kernel; a client that is killed may not have read the last of them. To count
    /// to the byte, combine with [`Fault::StallAfter`].
    pub fn bytes_sent(&self, method: &str, pattern: &str) -> u64 {
        self.requests_to(method, pattern).iter().map(|request| request.bytes_sent).sum()
    }

    /// Waits until the log is as wanted; false when it did not become so in time.
    #[must_use]
    pub fn wait(&self, timeout: Duration, wanted: impl Fn(&[Request]) -> bool) -> bool {
        self.shared.log.wait(timeout, wanted)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens on a free port of `host`.
fn listen(shared: &Arc<Shared>, host: &str, gated: bool) -> io::Result<(Listener, Origin)> {
    let scheme = if shared.tls.is_some() { "https" } else { "http" };
    let origin = |address| Origin { url: format!("{scheme}://{address}"), gated };
    let listener = Listener::start(host, |address| {
        let (shared, origin) = (Arc::clone(shared), origin(address));
        move |socket| {
            let number = shared.connections.fetch_add(1, Ordering::Relaxed);
            if let Ok(stream) = shared.greet(socket) {
                connection::serve(&shared, &origin, stream, number);
            }
        }
    })?;
    let origin = origin(listener.address());
    Ok((listener, origin))
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// Whether the registry is going away.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Makes everything that waits or sends stop.
    pub(crate) fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Begins a connection.
    pub(crate) fn greet(&self, socket: TcpStream) -> io::Result<Stream> {
        socket.set_nodelay(true)?;
        match &self.tls {
            Some(tls) => tls.greet(socket),
            None => Ok(Stream::Plain(socket)),
        }
    }

    /// Sleeps, but not longer than the registry lives.
    pub(crate) fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.stopped() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
    }

    /// Counts a pull, unless it only looks; refuses it when the limit is reached.
    pub(crate) fn count_pull(&self, only_looks: bool) -> Result<(), Response> {
        let Some(limit) = self.options.rate_limit else { return Ok(()) };
        let used = self.pulls.load(Ordering::Relaxed);
        if used >= limit.limit {
            let message = "You have reached your unauthenticated pull rate limit.";
            let refusal = Response::error(429, "TOOMANYREQUESTS", message);
            return Err(self.add_rate_limit(refusal).header("Retry-After", limit.window_seconds.to_string()));
        }
        if !only_looks {
            self.pulls.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Adds the headers of the pull limit, if there is one.
    pub(crate) fn add_rate_limit(&self, response: Response) -> Response {
        let Some(limit) = self.options.rate_limit else { return response };
        let remaining = limit.limit.saturating_sub(self.pulls.load(Ordering::Relaxed));
        response
            .header("RateLimit-Limit", format!("{};w={}", limit.limit, limit.window_seconds))
            .header("RateLimit-Remaining", format!("{remaining};w={}", limit.window_seconds))
            .header("Docker-RateLimit-Source", "127.0.0.1")
    }
}
