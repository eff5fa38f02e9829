//! How it begins and ends: the log, signals, what an end leaves behind.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;

use crate::server::{Server, header, push, scratch};

/// Where nobody has to be waited for; this leaves room for a busy machine.
const SOON: Duration = Duration::from_secs(5);

#[test]
fn signals_stop_it_gracefully() {
    for signal in [Signal::INT, Signal::TERM] {
        let scratch = scratch();
        let server = Server::start(&scratch, "");
        server.ask("GET", "/v2/", "", b"");
        let idle = TcpStream::connect(&server.host).unwrap();
        let host = server.host.clone();
        let (status, log, taken) = server.end(signal);
        assert_eq!(status.code(), Some(0), "{signal:?}: {log}");
        assert!(taken < SOON, "{signal:?} took {taken:?}");
        assert!(TcpStream::connect(host).is_err(), "it still listens");
        drop(idle);
        let lines: Vec<serde_json::Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["path"], &lines[0]["status"]), (&"/v2/".into(), &200.into()), "{log}");
        assert_eq!(lines.last().unwrap()["event"], "stopped", "{log}");
    }
}

#[test]
fn a_hang_up_does_not_end_it() {
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    for _ in 0..2 {
        server.signal(Signal::HUP);
        assert!(server.ask("GET", "/v2/", "", b"").starts_with("HTTP/1.1 200"));
    }
    assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
}

#[test]
fn an_unfinished_upload_goes_on_with_the_next_server() {
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    let begun = server.ask("POST", "/v2/app/blobs/uploads/", "", b"");
    let place = path(&header(&begun, "location"));
    let some = server.ask("PATCH", &place, "Content-Range: 0-4\r\n", b"hello");
    assert!(some.starts_with("HTTP/1.1 202"), "{some}");
    assert!(server.end(Signal::TERM).0.success());
    let server = Server::start(&scratch, "");
    let place = path(&header(&some, "location"));
    let status = server.ask("GET", &place, "", b"");
    assert_eq!(header(&status, "range"), "0-4", "{status}");
    let digest = spec::Digest::of(b"hello, world");
    let mark = if place.contains('?') { '&' } else { '?' };
    let done = server.ask("PUT", &format!("{place}{mark}digest={digest}"), "", b", world");
    assert!(done.starts_with("HTTP/1.1 201"), "{done}");
    assert!(server.ask("GET", &format!("/v2/app/blobs/{digest}"), "", b"").ends_with("\r\n\r\nhello, world"));
}

#[test]
fn what_was_pushed_outlives_a_kill() {
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    let digest = push(&scratch, &server, "app:1", 1);
    assert!(!server.end(Signal::KILL).0.success());
    let server = Server::start(&scratch, "");
    let found = server.ask("HEAD", "/v2/app/manifests/1", "", b"");
    assert_eq!(header(&found, "docker-content-digest"), digest);
    scratch.run("registry verify --root ../registry").expect_success().expect_stdout("no problems\n");
}

#[test]
fn clients_keep_it_for_a_while_at_most() {
    let check = |said: &str, answer: &str, longest: Duration| {
        let scratch = scratch();
        let server = Server::start(&scratch, "");
        let mut stream = TcpStream::connect(&server.host).unwrap();
        stream.write_all(said.as_bytes()).unwrap();
        let mut begun = vec![0; answer.len()];
        stream.read_exact(&mut begun).unwrap();
        assert_eq!(String::from_utf8_lossy(&begun), answer);
        // What was said has to have come in; nothing tells when.
        std::thread::sleep(Duration::from_millis(300));
        let (status, log, taken) = server.end(Signal::TERM);
        assert_eq!(status.code(), Some(0), "{said:?}: {log}");
        assert!(taken < longest, "{said:?} took {taken:?}");
    };
    // It waits for the next request of a client that is done with one.
    check("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", SOON);
    // The body of a push that is under way.
    check("POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", "", SOON);
    // Half of a first request: the rest may be on its way, and gets some seconds.
    check("GET /v2/ HT", "", Duration::from_secs(18));
}

fn path(location: &str) -> String {
    let path = location.strip_prefix("http://").and_then(|rest| rest.split_once('/'));
    path.map_or_else(|| location.to_owned(), |(_, path)| format!("/{path}"))
}
