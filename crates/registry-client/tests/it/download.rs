//! Plain downloads from addresses that users type.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use registry_client::{Cancel, Client, ClientOptions, Error, ErrorKind, Url};

use crate::peer::{Act, Peer, redirect, reply};
use crate::setup::{FakeClock, Keys, client, options, password};

fn fetch(client: &Client, url: &str) -> Result<Vec<u8>, String> {
    let mut download = client.download(&Url::parse(url).unwrap()).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    download.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[test]
fn a_file_is_downloaded_with_nobody_s_secrets() {
    let peer = Peer::new(|_| reply("200 OK", &[], "bytes"));
    let keys = Keys::new(&[(&peer.host, password("joe", "secret"))]);
    let client = Client::new(ClientOptions { keychain: keys.clone(), ..options() }, Cancel::new());
    let url = Url::parse(&peer.url("/root.tar?sig=x")).unwrap();
    let download = client.download(&url).unwrap();
    assert_eq!(download.length(), Some(5));
    assert_eq!(fetch(&client, &peer.url("/root.tar?sig=x")), Ok(b"bytes".to_vec()));
    assert_eq!(peer.lines()[0], "GET /root.tar?sig=x");
    assert_eq!(peer.seen()[0].header("authorization"), None);
    assert_eq!(peer.seen()[0].header("accept-encoding").as_deref(), Some("identity"));
    assert!(keys.asked.lock().unwrap().is_empty());
}

#[test]
fn a_refusal_is_said_in_docker_s_words() {
    let check = |status: &'static str, body: &'static str, kind: ErrorKind, expect: &str| {
        let peer = Peer::new(move |_| reply(status, &[], body));
        let url = Url::parse(&peer.url("/no?sig=secret")).unwrap();
        let error = client().download(&url).unwrap_err();
        assert_eq!(error.kind(), kind);
        let expect = format!("failed to GET {} with status {expect}", peer.url("/no"));
        assert_eq!(error.to_string(), expect);
    };
    check("404 Not Found", "404 page not found\n", ErrorKind::NotFound, "404 Not Found: 404 page not found");
    check("401 Unauthorized", "", ErrorKind::Unauthorized, "401 Unauthorized: ");
    check("403 Forbidden", "\x1b[31mno", ErrorKind::Denied, "403 Forbidden: \\u{1b}[31mno");
    check("204 No Content", "", ErrorKind::Unavailable, "204 No Content: ");
}

#[test]
fn net_13_a_server_that_stumbles_is_asked_again() {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = count.clone();
    let peer = Peer::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => reply("503 Service Unavailable", &[], ""),
        _ => reply("200 OK", &[], "bytes"),
    });
    let clock = Arc::new(FakeClock::default());
    let patient = Client::new(ClientOptions { clock: clock.clone(), ..options() }, Cancel::new());
    assert_eq!(fetch(&patient, &peer.url("/x")), Ok(b"bytes".to_vec()));
    assert_eq!(clock.0.lock().unwrap().len(), 1);
    let dead = Peer::new(|_| reply("500 Internal Server Error", &[], "x"));
    let error = fetch(&client(), &dead.url("/x")).unwrap_err();
    assert_eq!(error, format!("failed to GET {} with status 500 Internal Server Error: x", dead.url("/x")));
    assert_eq!(dead.seen().len(), 5);
}

#[test]
fn a_server_that_is_not_there_is_not_waited_for() {
    let clock = Arc::new(FakeClock::default());
    let patient = Client::new(ClientOptions { clock: clock.clone(), ..options() }, Cancel::new());
    let error = fetch(&patient, "http://127.0.0.1:1/x").unwrap_err();
    assert!(error.ends_with("dial tcp 127.0.0.1:1: connect: connection refused"), "{error}");
    assert!(clock.0.lock().unwrap().is_empty());
}

#[test]
fn net_2_net_3_redirects_are_judged() {
    let target = Peer::at("127.0.0.2", |_| reply("200 OK", &[], "bytes"));
    let url = target.url("/x");
    let peer = Peer::new(move |_| redirect(&url));
    assert_eq!(fetch(&client(), &peer.url("/x")), Ok(b"bytes".to_vec()));
    let metadata = Peer::new(|_| redirect("http://169.254.169.254/latest"));
    let url = Url::parse(&metadata.url("/x")).unwrap();
    let error = client().download(&url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
}

#[test]
fn net_11_a_short_body_is_no_file() {
    let peer = Peer::new(|_| {
        vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbytes".to_vec()), Act::Close]
    });
    assert!(fetch(&client(), &peer.url("/x")).is_err());
}

#[test]
fn a_cancelled_download_ends() {
    let peer = Peer::new(|_| reply("200 OK", &[], "bytes"));
    let cancel = Cancel::new();
    let client = Client::new(options(), cancel.clone());
    cancel.cancel();
    let url = Url::parse(&peer.url("/x")).unwrap();
    assert!(matches!(client.download(&url), Err(Error::Cancelled)));
}

#[test]
fn net_11_a_download_that_broke_off_never_reads_as_ended() {
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789".to_vec();
    let peer = Peer::new(move |_| vec![Act::Send(short.clone()), Act::Close]);
    let url = Url::parse(&peer.url("/file")).unwrap();
    let mut download = client().download(&url).unwrap();
    let mut bytes = [0; 64];
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(download.read(&mut bytes).ok());
    }
    assert_eq!(outcomes, [Some(10), None, None, None]);
}
