use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::thread::ThreadId;

use content::{Access, Store};
use spec::Digest;

use super::*;

/// A server that answers from memory and breaks as told.
struct Server {
    bytes: Vec<u8>,
    ranges: bool,
    /// Each answer is cut after so many bytes.
    cut: u64,
    fail: Option<Retry>,
    /// Each connection's first body is empty, and then it is refused so often.
    away: usize,
    refused: Mutex<HashMap<ThreadId, usize>>,
    /// The user has stopped the operation.
    stopped: bool,
    requests: Mutex<Vec<Range<u64>>>,
    sent: AtomicUsize,
}

impl Server {
    fn new(size: usize) -> Server {
        let bytes = (0..size).map(|n| (n % 251) as u8).collect();
        Server {
            bytes,
            ranges: true,
            cut: u64::MAX,
            fail: None,
            away: 0,
            refused: Mutex::default(),
            stopped: false,
            requests: Mutex::default(),
            sent: AtomicUsize::new(0),
        }
    }
}

impl BlobSource for Server {
    fn open(&self, range: &Range<u64>) -> Result<BlobBody, FetchError> {
        self.requests.lock().unwrap().push(range.clone());
        if let Some(retry) = self.fail {
            return Err(FetchError { error: "no".into(), retry });
        }
        let mut refused = self.refused.lock().unwrap();
        match refused.get_mut(&std::thread::current().id()) {
            None if self.away > 0 => {
                refused.insert(std::thread::current().id(), 0);
                return Ok(BlobBody { range: range.clone(), bytes: Box::new(std::io::empty()) });
            }
            Some(times) if *times < self.away => {
                *times += 1;
                return Err(FetchError { error: "away".into(), retry: Retry::Soon });
            }
            _ => {}
        }
        drop(refused);
        let start = if self.ranges { range.start } else { 0 };
        let end = if self.ranges { range.end } else { self.bytes.len() as u64 };
        let length = (end - start).min(self.cut);
        let part = self.bytes[start as usize..(start + length) as usize].to_vec();
        self.sent.fetch_add(part.len(), Ordering::SeqCst);
        Ok(BlobBody { range: start..end, bytes: Box::new(std::io::Cursor::new(part)) })
    }
}

fn run(server: &Server, connections: usize) -> (Result<(), FetchError>, Vec<u8>, usize) {
    let temporary = tempfile::tempdir().unwrap();
    let store = Store::open(&temporary.path().join("root"), Access::Create).unwrap();
    let partial = store.partial(&Digest::of(&server.bytes), server.bytes.len() as u64).unwrap().unwrap();
    let pauses = AtomicUsize::new(0);
    let download = Download {
        connections,
        tries_max: 5,
        no_progress_max: Duration::from_secs(60),
        sleep: &|_| server.stopped,
        progress: &|_| {},
        retrying: &|_| _ = pauses.fetch_add(1, Ordering::SeqCst),
    };
    let mut read = Vec::new();
    let result = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut bytes = Vec::new();
            let _ = partial.reader().read_to_end(&mut bytes);
            bytes
        });
        let result = download.run(&partial, server);
        read = reader.join().unwrap();
        result
    });
    (result, read, pauses.into_inner())
}

#[test]
fn a_large_blob_comes_over_several_connections() {
    let server = Server::new(100 << 20);
    let (result, read, _) = run(&server, 4);
    result.unwrap();
    assert!(read == server.bytes);
    assert_eq!(server.requests.lock().unwrap().len(), 4);
    assert_eq!(server.sent.load(Ordering::SeqCst), 100 << 20);
}

#[test]
fn a_small_blob_takes_one_request() {
    let server = Server::new(1000);
    run(&server, 4).0.unwrap();
    assert_eq!(server.requests.lock().unwrap().as_slice(), std::slice::from_ref(&(0..1000)));
}

#[test]
fn net_12_broken_bodies_are_continued_and_nothing_comes_twice() {
    let server = Server { cut: 300 << 10, ..Server::new(2 << 20) };
    let (result, read, pauses) = run(&server, 1);
    result.unwrap();
    assert!(read == server.bytes);
    assert_eq!(server.sent.load(Ordering::SeqCst), 2 << 20);
    assert!(pauses >= 6, "{pauses}");
}

#[test]
fn net_12_a_server_without_ranges_starts_again() {
    let server = Server { ranges: false, ..Server::new(80 << 20) };
    let (result, read, _) = run(&server, 4);
    result.unwrap();
    assert!(read == server.bytes);
    assert_eq!(server.requests.lock().unwrap().len(), 1);
}

#[test]
fn net_13_a_server_that_comes_back_was_away_once_for_all_connections() {
    let server = Server { away: 3, ..Server::new(100 << 20) };
    let (result, read, _) = run(&server, 4);
    result.unwrap();
    assert!(read == server.bytes);
    assert_eq!(server.refused.lock().unwrap().values().sum::<usize>(), 12);
}

#[test]
fn net_13_tries_end() {
    let server = Server { fail: Some(Retry::Soon), ..Server::new(10) };
    let (result, _, pauses) = run(&server, 1);
    assert_eq!(result.unwrap_err().error.to_string(), "no");
    assert_eq!((server.requests.lock().unwrap().len(), pauses), (5, 4));
    let server = Server { fail: Some(Retry::Never), ..Server::new(10) };
    assert!(run(&server, 4).0.is_err());
    assert_eq!(server.requests.lock().unwrap().len(), 1);
    let server = Server { cut: 0, ..Server::new(10) };
    let (result, _, _) = run(&server, 1);
    assert_eq!(result.unwrap_err().error.to_string(), "the body ended after 0 of 10 bytes");
}

#[test]
fn nobody_is_told_of_a_try_that_will_not_come() {
    let server = Server { fail: Some(Retry::Soon), stopped: true, ..Server::new(10) };
    let (result, _, pauses) = run(&server, 1);
    assert_eq!(result.unwrap_err().error.to_string(), "no");
    assert_eq!((server.requests.lock().unwrap().len(), pauses), (1, 0));
}
