//! Numbers for Prometheus. Labels come from the program, never from a request (SRV-18).

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::{Method, StatusCode};

use crate::metadata::Usage;

const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];
/// Classes of status, and a place for methods outside the table.
const CLASSES: usize = 6;

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: [[AtomicU64; CLASSES]; METHODS.len() + 1],
    pub(crate) collected_blobs: AtomicU64,
    pub(crate) collected_bytes: AtomicU64,
    pub(crate) refused_connections: AtomicU64,
}

impl Metrics {
    /// Counts a request.
    pub(crate) fn count(&self, method: &Method, status: StatusCode) {
        let known = METHODS.iter().position(|known| method.as_str().eq_ignore_ascii_case(known));
        let class = usize::from(status.as_u16() / 100).min(CLASSES - 1);
        self.requests[known.unwrap_or(METHODS.len())][class].fetch_add(1, Ordering::Relaxed);
    }

    /// The text form.
    pub(crate) fn render(&self, total: &Usage, uploads: usize, pulls: usize) -> String {
        let mut text = String::with_capacity(4 << 10);
        text.push_str("# TYPE strata_registry_requests_total counter\n");
        for (counts, method) in self.requests.iter().zip(METHODS.iter().chain(&["other"])) {
            for (class, count) in counts.iter().enumerate().skip(1) {
                let count = count.load(Ordering::Relaxed);
                let labels = format!("method=\"{method}\",status=\"{class}xx\"");
                let _ = writeln!(text, "strata_registry_requests_total{{{labels}}} {count}");
            }
        }
        let mut number = |name: &str, kind: &str, value: u64| {
            let _ = write!(text, "# TYPE strata_registry_{name} {kind}\nstrata_registry_{name} {value}\n");
        };
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        number("collected_blobs_total", "counter", load(&self.collected_blobs));
        number("collected_bytes_total", "counter", load(&self.collected_bytes));
        number("refused_connections_total", "counter", load(&self.refused_connections));
        number("uploads_being_written", "gauge", uploads as u64);
        number("pulls_under_way", "gauge", pulls as u64);
        number("manifests", "gauge", total.manifests);
        number("tags", "gauge", total.tags);
        number("blobs", "gauge", total.blobs);
        number("content_bytes", "gauge", total.bytes);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srv_18_labels_come_from_the_program() {
        let metrics = Metrics::default();
        metrics.count(&Method::GET, StatusCode::OK);
        metrics.count(&Method::from_bytes(b"x\"}EVIL").unwrap_or(Method::TRACE), StatusCode::NOT_FOUND);
        metrics.count(&Method::from_bytes(b"EVIL").unwrap(), StatusCode::METHOD_NOT_ALLOWED);
        let text = metrics.render(&Usage::default(), 3, 4);
        assert!(text.contains("strata_registry_requests_total{method=\"get\",status=\"2xx\"} 1\n"), "{text}");
        assert!(
            text.contains("strata_registry_requests_total{method=\"other\",status=\"4xx\"} 2\n"),
            "{text}"
        );
        assert!(
            text.contains("strata_registry_uploads_being_written 3\n") && !text.contains("EVIL"),
            "{text}"
        );
    }
}
