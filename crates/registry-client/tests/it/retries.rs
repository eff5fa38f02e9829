//! What is tried again, how often and for how long (NET-13).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use registry_client::{Cancel, Client, ClientOptions, Error, Retry, RetryPolicy, Wanted};
use spec::Digest;

use crate::peer::{Act, Peer, reply};
use crate::setup::{FakeClock, answer_manifest, manifest, options, reference};

/// Fetches a document, with how long the client waited between its tries.
fn fetch(peer: &Peer) -> (Result<(), Error>, Vec<Duration>) {
    let clock = Arc::new(FakeClock::default());
    let client = Client::new(ClientOptions { clock: clock.clone(), ..options() }, Cancel::new());
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    let digest = Digest::of(&manifest());
    let outcome = repository.fetch_document(Wanted::Digest(&digest)).map(|_| ());
    let waits = clock.0.lock().unwrap().clone();
    (outcome, waits)
}

/// Answers `first` so many times, then as a registry does.
fn at_first(times: usize, first: Vec<Act>) -> Peer {
    let asked = AtomicUsize::new(0);
    Peer::new(move |seen| match asked.fetch_add(1, Ordering::SeqCst) < times {
        true => first.clone(),
        false => answer_manifest(seen),
    })
}

#[test]
fn net_13_what_may_pass_is_tried_again() {
    let short = vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{".to_vec()), Act::Close];
    for first in [
        reply("503 Service Unavailable", &[], ""),
        reply("500 Internal Server Error", &[], ""),
        reply("408 Request Timeout", &[], ""),
        reply("429 Too Many Requests", &[], ""),
        short,
        vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{".to_vec()), Act::Silence],
    ] {
        let (outcome, waits) = fetch(&at_first(2, first));
        outcome.unwrap();
        // Half of the doubled delays, as the test's chance has it.
        assert_eq!(waits, [Duration::from_millis(250), Duration::from_millis(500)]);
    }
}

#[test]
fn net_13_what_stands_is_not_tried_again() {
    for status in ["400 Bad Request", "403 Forbidden", "404 Not Found", "401 Unauthorized", "416 Range"] {
        let peer = at_first(1, reply(status, &[], ""));
        assert!(fetch(&peer).0.is_err(), "{status}");
        assert_eq!(peer.seen().len(), 1, "{status}");
    }
}

#[test]
fn net_13_tries_end() {
    let peer = at_first(usize::MAX, reply("503 Service Unavailable", &[], ""));
    let (outcome, waits) = fetch(&peer);
    assert_eq!(outcome.unwrap_err().to_string(), "received unexpected HTTP status: 503 Service Unavailable");
    assert_eq!((peer.seen().len(), waits.len()), (5, 4));
}

#[test]
fn net_13_a_tag_that_cannot_be_had_costs_six_requests() {
    for status in ["503 Service Unavailable", "429 Too Many Requests"] {
        let peer = at_first(usize::MAX, reply(status, &[], ""));
        let client = Client::new(options(), Cancel::new());
        let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
        assert!(repository.fetch_document(Wanted::Tag("x")).is_err());
        assert_eq!(peer.seen().len(), 6, "{:?}", peer.lines());
    }
}

#[test]
fn net_13_a_body_that_stalls_is_not_waited_for_longer_than_the_object_may_take() {
    let peer = Peer::new(|_| {
        vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{".to_vec()), Act::Silence]
    });
    let mut options = options();
    options.timeouts.stall_window = Duration::from_secs(2);
    options.retry = RetryPolicy { no_progress_max: Duration::from_secs(3), ..RetryPolicy::default() };
    let client = Client::new(options, Cancel::new());
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    let begun = Instant::now();
    let error = repository.fetch_document(Wanted::Digest(&Digest::of(b""))).unwrap_err().to_string();
    assert!(error.contains("the connection stalled"), "{error}");
    // A whole window, and what is left of the second.
    let elapsed = begun.elapsed();
    assert!(elapsed >= Duration::from_millis(2900) && elapsed < Duration::from_millis(3900), "{elapsed:?}");
}

#[test]
fn net_13_retry_after_is_obeyed_up_to_its_limit() {
    let wanting = |value: &'static str| {
        at_first(
            1,
            reply(
                "429 Too Many Requests",
                &[("Retry-After", value), ("Date", "Sun, 06 Nov 1994 08:49:00 GMT")],
                "",
            ),
        )
    };
    let (outcome, waits) = fetch(&wanting("7"));
    outcome.unwrap();
    assert_eq!(waits, [Duration::from_secs(7)]);
    let (outcome, waits) = fetch(&wanting("Sun, 06 Nov 1994 08:49:37 GMT"));
    outcome.unwrap();
    assert_eq!(waits, [Duration::from_secs(37)]);
    let peer = wanting("3600");
    let (outcome, waits) = fetch(&peer);
    let error = outcome.unwrap_err();
    assert_eq!(
        error.to_string(),
        "toomanyrequests: too many requests: the server asks to come back in 3600 s, more than RETRY_AFTER_MAX (60 s)"
    );
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!((waits.len(), peer.seen().len()), (0, 1));
}

#[test]
fn net_13_a_server_that_says_nothing_is_not_waited_for_longer_than_the_object_may_take() {
    let peer = Peer::new(|_| vec![Act::Silence]);
    let mut options = options();
    options.timeouts.first_byte = Duration::from_millis(600);
    options.retry = RetryPolicy { no_progress_max: Duration::from_secs(1), ..RetryPolicy::default() };
    let client = Client::new(options, Cancel::new());
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    let begun = Instant::now();
    let error = repository.fetch_document(Wanted::Digest(&Digest::of(b""))).unwrap_err().to_string();
    assert!(error.ends_with("net/http: timeout awaiting response headers"), "{error}");
    let elapsed = begun.elapsed();
    assert!(elapsed >= Duration::from_secs(1) && elapsed < Duration::from_secs(3), "{elapsed:?}");
}

fn stalled() -> Error {
    let source = registry_client::TransportError::Truncated;
    Error::Transport { method: registry_client::Method::Get, url: String::new(), source }
}

#[test]
fn net_13_progress_counts_only_beyond_the_furthest_point() {
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let mut retry = Retry::new(RetryPolicy::default());
    retry.begin(at(0));
    assert!(retry.reached(1 << 20, at(40)));
    // Forty more seconds with the same bytes again.
    retry.begin(at(100));
    assert!(retry.reached(1 << 19, at(120)));
    assert!(retry.reached(1 << 20, at(140)));
    assert_eq!(retry.patience(), Duration::from_secs(10));
    // New bytes do not count as idle time, nor do waits between tries.
    assert!(retry.reached(2 << 20, at(200)));
    retry.begin(at(500));
    assert!(retry.reached(2 << 20, at(509)));
    assert!(!retry.reached(2 << 20, at(510)));
}

#[test]
fn net_13_no_progress_ends_it_before_the_tries_do() {
    struct Fixed(Instant);
    impl registry_client::Clock for Fixed {
        fn now(&self) -> Instant {
            self.0
        }
        fn sleep(&self, _: Duration, _: &Cancel) -> bool {
            false
        }
        fn chance(&self) -> f64 {
            0.999
        }
    }
    let start = Instant::now();
    let mut retry = Retry::new(RetryPolicy::default());
    retry.begin(start);
    let wait = retry.after(stalled(), &Fixed(start + Duration::from_secs(30))).unwrap();
    assert!(wait < Duration::from_millis(500));
    retry.begin(start + Duration::from_secs(31));
    assert!(retry.after(stalled(), &Fixed(start + Duration::from_secs(60))).is_err());
    assert_eq!(retry.tries(), 2);
}

#[test]
fn net_13_the_backoff_doubles_up_to_its_end() {
    struct Highest(Instant);
    impl registry_client::Clock for Highest {
        fn now(&self) -> Instant {
            self.0
        }
        fn sleep(&self, _: Duration, _: &Cancel) -> bool {
            false
        }
        fn chance(&self) -> f64 {
            1.0
        }
    }
    let clock = Highest(Instant::now());
    let mut retry = Retry::new(RetryPolicy { tries_max: 8, ..RetryPolicy::default() });
    let waits: Vec<f64> = (0..7)
        .map(|_| {
            retry.begin(clock.0);
            retry.after(stalled(), &clock).unwrap().as_secs_f64()
        })
        .collect();
    assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]);
    let spread: std::collections::BTreeSet<u64> = (0..20)
        .map(|_| (registry_client::Clock::chance(&registry_client::SystemClock) * 1e9) as u64)
        .collect();
    assert!(spread.len() > 10);
}
