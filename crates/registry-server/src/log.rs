//! One line of JSON for each request: what was asked and what came of it, without tokens and queries (SRV-18).

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::clock::Clock;
use crate::error::Result;
use crate::random;

/// Letters of a path or a cause that are logged: names are shorter.
const TEXT_LETTERS_MAX: usize = 400;

/// What is called with a line.
type Write = dyn Fn(&str) + Send + Sync;

/// Where lines go.
#[derive(Clone, Default)]
pub struct LogSink(Option<Arc<Write>>);

impl LogSink {
    /// Nowhere.
    pub fn none() -> LogSink {
        LogSink(None)
    }

    /// To whoever is called with each line, without its end.
    pub fn new(write: impl Fn(&str) + Send + Sync + 'static) -> LogSink {
        LogSink(Some(Arc::new(write)))
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "LogSink" } else { "LogSink(none)" })
    }
}

/// The log.
pub(crate) struct Log {
    sink: LogSink,
    clock: Clock,
    /// The same for all requests of this process, so that ids of two do not meet.
    process: u32,
    requests: AtomicU64,
}

/// What is said of a request.
pub(crate) struct Line<'a> {
    pub id: &'a str,
    pub peer: SocketAddr,
    pub user: Option<&'a str>,
    pub method: &'a str,
    pub path: &'a str,
    pub status: u16,
    pub elapsed: Duration,
    pub cause: Option<&'a str>,
}

impl Log {
    pub(crate) fn new(sink: LogSink, clock: Clock) -> Result<Log> {
        let process = u32::from_le_bytes(random::bytes()?);
        Ok(Log { sink, clock, process, requests: AtomicU64::new(0) })
    }

    /// A request's id.
    pub(crate) fn request_id(&self) -> String {
        format!("{:08x}-{:x}", self.process, self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes a request's line. JSON escapes what could end it or be taken for another.
    pub(crate) fn write(&self, line: &Line<'_>) {
        let Some(write) = &self.sink.0 else { return };
        let mut entry = json!({
            "time": self.time(),
            "request": line.id,
            "peer": line.peer.ip().to_string(),
            "method": shorten(line.method),
            "path": shorten(line.path),
            "status": line.status,
            "microseconds": u64::try_from(line.elapsed.as_micros()).unwrap_or(u64::MAX),
        });
        if let Some(user) = line.user {
            entry["user"] = json!(shorten(user));
        }
        if let Some(cause) = line.cause {
            entry["cause"] = json!(shorten(cause));
        }
        write(&ascii(&entry.to_string()));
    }

    /// Writes what happened apart from requests.
    pub(crate) fn note(&self, event: &str, details: serde_json::Value) {
        let Some(write) = &self.sink.0 else { return };
        let entry = json!({ "time": self.time(), "event": event, "details": details });
        write(&ascii(&entry.to_string()));
    }

    fn time(&self) -> String {
        let now = jiff::Timestamp::from_millisecond(self.clock.now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        format!("{now:.3}")
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(TEXT_LETTERS_MAX).collect()
}

/// Everything but plain letters as escapes: direction marks and separators too.
fn ascii(json: &str) -> String {
    if json.is_ascii() && !json.contains('\x7f') {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() + 16);
    let mut units = [0; 2];
    for letter in json.chars() {
        if letter.is_ascii() && letter != '\x7f' {
            text.push(letter);
        } else {
            letter.encode_utf16(&mut units).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn srv_18_a_line_stays_one_line() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = LogSink::new({
            let lines = Arc::clone(&lines);
            move |line| lines.lock().unwrap().push(line.to_owned())
        });
        let log = Log::new(sink, Clock::fixed(1_700_000_000_123)).unwrap();
        let id = log.request_id();
        assert_ne!(id, log.request_id());
        log.write(&Line {
            id: &id,
            peer: "127.0.0.1:1".parse().unwrap(),
            user: Some("a\"b"),
            method: "GET",
            path: "/v2/x\n{\"status\":200}\u{202e}é",
            status: 404,
            elapsed: Duration::from_micros(12),
            cause: None,
        });
        let line = lines.lock().unwrap().remove(0);
        assert!(line.is_ascii() && !line.contains('\n'), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["time"], "2023-11-14T22:13:20.123Z");
        assert_eq!((value["status"].as_u64(), value["user"].as_str()), (Some(404), Some("a\"b")));
        assert_eq!(value["path"], "/v2/x\n{\"status\":200}\u{202e}é");
    }
}
