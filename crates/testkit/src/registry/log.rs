//! What a registry was asked and how it answered, for assertions.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::fault::matches_pattern;
use super::http::{Head, Headers, header, parse_query};

/// How often a waiting test looks at byte counts, which change without a wake-up.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// One request, as it stood when it was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path and query as sent; absolute when the registry was used as a proxy.
    pub target: String,
    /// Header fields in the order sent.
    pub headers: Vec<(String, String)>,
    /// Which connection it came on, counted from 0.
    pub connection: u64,
    /// Bytes of its body that were read.
    pub bytes_received: u64,
    /// Status of the answer, 0 while there is none.
    pub status: u16,
    /// Bytes of the answer's body handed to the kernel; the client may not have read them all.
    pub bytes_sent: u64,
    /// Whether the answer went out whole.
    pub finished: bool,
}

impl Request {
    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The values of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Vec<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        parse_query(query).into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
    }

    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Whether method and path fit, as in [`Registry::on`](super::Registry::on).
    pub fn fits(&self, method: &str, pattern: &str) -> bool {
        let text = if pattern.contains('?') { self.target.as_str() } else { self.path() };
        (method == "*" || method == self.method) && matches_pattern(pattern, text)
    }
}

/// A request in the log while it is being answered.
#[derive(Debug)]
pub(crate) struct Entry {
    method: String,
    target: String,
    headers: Headers,
    connection: u64,
    pub(crate) bytes_received: AtomicU64,
    pub(crate) status: AtomicU16,
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) finished: AtomicBool,
}

impl Entry {
    fn snapshot(&self) -> Request {
        Request {
            method: self.method.clone(),
            target: self.target.clone(),
            headers: self.headers.clone(),
            connection: self.connection,
            bytes_received: self.bytes_received.load(Ordering::Relaxed),
            status: self.status.load(Ordering::Relaxed),
            bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
            finished: self.finished.load(Ordering::Relaxed),
        }
    }
}

/// The log, shared by all connections.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Mutex<Vec<Arc<Entry>>>,
    changed: Condvar,
}

impl Log {
    pub(crate) fn begin(&self, head: &Head, connection: u64) -> Arc<Entry> {
        let entry = Arc::new(Entry {
            method: head.method.clone(),
            target: head.target.clone(),
            headers: head.headers.clone(),
            connection,
            bytes_received: AtomicU64::new(0),
            status: AtomicU16::new(0),
            bytes_sent: AtomicU64::new(0),
            finished: AtomicBool::new(false),
        });
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&entry));
        self.changed.notify_all();
        entry
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|entry| entry.snapshot()).collect()
    }

    pub(crate) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Waits until the log is as wanted; false when it did not become so in time.
    pub(crate) fn wait(&self, timeout: Duration, wanted: impl Fn(&[Request]) -> bool) -> bool {
        let end = Instant::now() + timeout;
        loop {
            if wanted(&self.requests()) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.changed.wait_timeout(entries, LOOK_EVERY));
        }
    }
}
