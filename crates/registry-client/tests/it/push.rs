//! Uploads: mounted, at once, streamed, continued; what the registry states is checked (NET-7, NET-17).

use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use registry_client::{Cancel, Client, ClientOptions, Error, Mount, Pushed, TransportError, Wanted};
use spec::{Descriptor, Digest, MediaType};
use testkit::registry::{Auth, Fault, Options, Registry};

use crate::peer::{Act, Peer, Seen, answer, reply};
use crate::setup::{Keys, client, layer, manifest, options, password, reference};

fn push(client: &Client, name: &str, content: &[u8], mount: Mount<'_>) -> Result<Pushed, Error> {
    let repository = client.repository(&reference(name))?;
    let open = |offset: u64| Ok(Box::new(&content[offset as usize..]) as Box<dyn Read>);
    repository.push_blob(&layer(content), mount, &open)
}

fn big() -> Vec<u8> {
    (0..3 << 20).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn small_blobs_go_in_one_request_and_large_ones_in_a_stream() {
    let registry = Registry::new();
    let name = format!("{}/lib/a", registry.host());
    assert_eq!(push(&client(), &name, b"small", Mount::No).unwrap(), Pushed::Sent);
    assert_eq!(push(&client(), &name, b"", Mount::No).unwrap(), Pushed::Sent);
    assert_eq!(push(&client(), &name, &big(), Mount::No).unwrap(), Pushed::Sent);
    assert_eq!(registry.blob("lib/a", &Digest::of(b"small")).unwrap(), b"small");
    assert_eq!(registry.blob("lib/a", &Digest::of(&big())).unwrap(), big());
    let patches = registry.requests_to("PATCH", "*");
    assert_eq!(patches.len(), 1);
    assert_eq!(patches[0].header("content-length"), Some("3145728"));
    let client = client();
    let repository = client.repository(&reference(&name)).unwrap();
    assert!(repository.has_blob(&layer(&big())).unwrap());
    assert!(!repository.has_blob(&layer(b"other")).unwrap());
}

#[test]
fn a_registry_that_takes_no_single_request_is_sent_a_stream() {
    let peer = Peer::new(|seen| match seen.line().split(' ').next() {
        Some("POST") => reply("202 Accepted", &[("Location", "/v2/a/blobs/uploads/1?state=x")], ""),
        Some("PATCH") => {
            reply("202 Accepted", &[("Location", "/v2/a/blobs/uploads/1?state=y"), ("Range", "0-4")], "")
        }
        _ => reply("201 Created", &[], ""),
    });
    push(&client(), &format!("{}/a", peer.host), b"small", Mount::No).unwrap();
    let digest = Digest::of(b"small").to_string().replace(':', "%3A");
    assert_eq!(
        peer.lines(),
        [
            format!("POST /v2/a/blobs/uploads/?digest={digest}"),
            "PATCH /v2/a/blobs/uploads/1?state=x".to_owned(),
            format!("PUT /v2/a/blobs/uploads/1?state=y&digest={digest}"),
        ]
    );
    assert_eq!(peer.seen()[1].body, b"small");
    assert_eq!(peer.seen()[1].header("content-range"), None);
}

#[test]
fn blobs_are_mounted_where_the_registry_can() {
    let registry = Registry::new();
    registry.put_blob("lib/from", b"content".as_slice());
    let name = format!("{}/lib/to", registry.host());
    assert_eq!(push(&client(), &name, b"content", Mount::From("lib/from")).unwrap(), Pushed::Mounted);
    assert_eq!(registry.requests().len(), 1);
    // A mount that is declined is an upload.
    assert_eq!(push(&client(), &name, b"other", Mount::From("lib/from")).unwrap(), Pushed::Sent);
    assert_eq!(registry.blob("lib/to", &Digest::of(b"other")).unwrap(), b"other");
    // So is one that is refused.
    registry.on("POST", "/v2/*/blobs/uploads/?mount=*").times(1).then(Fault::error(403, "DENIED", "no"));
    assert_eq!(push(&client(), &name, b"third", Mount::Anywhere).unwrap(), Pushed::Sent);
}

#[test]
fn a_token_for_a_mount_names_both_repositories() {
    let users = vec![("joe".to_owned(), "secret".to_owned())];
    let registry = Registry::with(Options { auth: Auth::Bearer, users, ..Options::default() });
    registry.put_blob("lib/from", b"content".as_slice());
    let keychain = Keys::new(&[(registry.host(), password("joe", "secret"))]);
    let client = Client::new(ClientOptions { keychain, ..options() }, Cancel::new());
    let name = format!("{}/lib/to", registry.host());
    assert_eq!(push(&client, &name, b"content", Mount::From("lib/from")).unwrap(), Pushed::Mounted);
    let tokens = registry.requests_to("GET", "*token*");
    let scopes = tokens[0].query("scope");
    assert_eq!(scopes, ["repository:lib/from:pull", "repository:lib/to:pull,push"]);
}

#[test]
fn an_upload_that_broke_off_is_continued_where_it_broke_off() {
    let registry = Registry::new();
    registry.on("PATCH", "*").times(1).then(Fault::ResetWhileReadingAfter(2 << 20));
    let name = format!("{}/lib/a", registry.host());
    let content = big();
    push(&client(), &name, &content, Mount::No).unwrap();
    assert_eq!(registry.blob("lib/a", &Digest::of(&content)).unwrap(), content);
    let patches = registry.requests_to("PATCH", "*");
    assert!(patches.len() >= 2, "{patches:?}");
    let range = patches[1].header("content-range").unwrap();
    assert!(range.ends_with(&format!("-{}", content.len() - 1)), "{range}");
    assert_eq!(registry.requests_to("POST", "*").len(), 1);
}

/// Every look at it finds that most of a minute has passed.
struct Hasty(Mutex<std::time::Instant>);

impl registry_client::Clock for Hasty {
    fn now(&self) -> std::time::Instant {
        let mut now = self.0.lock().unwrap();
        *now += std::time::Duration::from_secs(40);
        *now
    }

    fn sleep(&self, _: std::time::Duration, _: &Cancel) -> bool {
        false
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

#[test]
fn net_13_a_long_upload_that_breaks_off_has_got_on_all_the_while() {
    let push_with = |fault: Fault| {
        let registry = Registry::new();
        registry.on("PATCH", "*").times(1).then(fault);
        let clock = std::sync::Arc::new(Hasty(Mutex::new(std::time::Instant::now())));
        let client = Client::new(ClientOptions { clock, ..options() }, Cancel::new());
        push(&client, &format!("{}/lib/a", registry.host()), &big(), Mount::No)
    };
    assert_eq!(push_with(Fault::ResetWhileReadingAfter(2 << 20)).unwrap(), Pushed::Sent);
}

#[test]
fn an_upload_that_is_gone_is_begun_anew() {
    let registry = Registry::new();
    registry.on("PATCH", "*").times(1).then(Fault::ResetWhileReadingAfter(1000));
    registry.on("GET", "/v2/*/blobs/uploads/*").times(1).then(Fault::error(
        404,
        "BLOB_UPLOAD_UNKNOWN",
        "gone",
    ));
    let name = format!("{}/lib/a", registry.host());
    push(&client(), &name, &big(), Mount::No).unwrap();
    assert_eq!(registry.blob("lib/a", &Digest::of(&big())).unwrap(), big());
    assert_eq!(registry.requests_to("POST", "*").len(), 2);
}

#[test]
fn net_17_a_stated_offset_must_lie_within_what_was_sent() {
    let peer = |range: &'static str| {
        Peer::new(move |seen| match seen.line().split(' ').next() {
            Some("POST") => reply("202 Accepted", &[("Location", "/u/1")], ""),
            Some("PATCH") => reply("202 Accepted", &[("Location", "/u/1"), ("Range", range)], ""),
            _ => reply("201 Created", &[], ""),
        })
    };
    let push_to = |peer: &Peer| push(&client(), &format!("{}/a", peer.host), b"small", Mount::No);
    push_to(&peer("0-4")).unwrap();
    for (range, expect) in [
        ("0-5", "the registry has 6 bytes of an upload of which 5 were sent"),
        (
            "0-18446744073709551615",
            "the registry has 18446744073709551615 bytes of an upload of which 5 were sent",
        ),
        ("1-4", "the upload's Range is malformed"),
        ("0-x", "the upload's Range is malformed"),
        ("0-0", "the upload does not get on"),
    ] {
        let error = push_to(&peer(range)).unwrap_err().to_string();
        assert!(error.ends_with(expect), "{range}: {error}");
    }
}

#[test]
fn net_17_a_stated_digest_must_be_ours() {
    let other = Digest::of(b"other").to_string();
    let ours = Digest::of(b"small").to_string();
    for (stated, works) in [(ours, true), (other, false), ("nonsense".to_owned(), false)] {
        let peer = Peer::new(move |_| reply("201 Created", &[("Docker-Content-Digest", &stated)], ""));
        let outcome = push(&client(), &format!("{}/a", peer.host), b"small", Mount::No);
        assert_eq!(outcome.is_ok(), works);
        if let Err(error) = outcome {
            assert!(matches!(error, Error::StatedDigest { .. }), "{error}");
        }
    }
    let document = |answer: Vec<Act>, confirmed: bool| {
        let peer = Peer::new(move |seen: &Seen| match seen.line().starts_with("PUT") {
            true => answer.clone(),
            false if confirmed => reply("200 OK", &[], ""),
            false => vec![Act::Send(crate::peer::answer("404 Not Found", &[], ""))],
        });
        let client = client();
        let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
        repository.push_document(&manifest(), &MediaType::known(MediaType::OCI_MANIFEST), Wanted::Tag("x"))
    };
    let digest = Digest::of(&manifest());
    let stating = |digest: &Digest| reply("201 Created", &[("Docker-Content-Digest", digest.as_str())], "");
    assert_eq!(document(stating(&digest), false).unwrap(), digest);
    assert!(matches!(document(stating(&Digest::of(b"x")), true), Err(Error::StatedDigest { .. })));
    // A registry that does not say what it took is asked.
    assert_eq!(document(reply("201 Created", &[], ""), true).unwrap(), digest);
    assert!(document(reply("201 Created", &[], ""), false).is_err());
}

#[test]
fn net_17_a_refused_manifest_names_the_missing_blob() {
    let registry = Registry::new();
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", registry.host()))).unwrap();
    let kind = MediaType::known(MediaType::OCI_MANIFEST);
    let error = repository.push_document(&manifest(), &kind, Wanted::Tag("x")).unwrap_err().to_string();
    assert!(error.ends_with(Digest::of(b"config").as_str()), "{error}");
    registry.put_blob("a", b"config".as_slice());
    repository.push_document(&manifest(), &kind, Wanted::Tag("x")).unwrap();
    assert_eq!(registry.manifest("a", "x").unwrap().bytes, manifest());
}

#[test]
fn net_17_a_server_that_stops_reading_is_a_stall() {
    let registry = Registry::new();
    registry.on("PATCH", "*").then(Fault::StopReadingAfter(1000));
    let content = vec![b'x'; 64 << 20];
    let begun = std::time::Instant::now();
    let error = push(&client(), &format!("{}/a", registry.host()), &content, Mount::No).unwrap_err();
    assert!(matches!(error, Error::Transport { source: TransportError::Stalled { .. }, .. }), "{error}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(30));
}

#[test]
fn net_7_an_upload_elsewhere_is_shown_no_secret() {
    let store = Peer::at("127.0.0.2", |seen| match seen.line().split(' ').next() {
        Some("PATCH") => reply("202 Accepted", &[("Location", "/u/2")], ""),
        _ => reply("201 Created", &[], ""),
    });
    let target = store.url("/u/1?X-Signature=y");
    let peer = Peer::new(move |seen| match seen.header("authorization") {
        None => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        Some(_) => reply("202 Accepted", &[("Location", &target)], ""),
    });
    let keychain = Keys::new(&[(&peer.host, password("joe", "secret"))]);
    let client = Client::new(ClientOptions { keychain, ..options() }, Cancel::new());
    push(&client, &format!("{}/a", peer.host), b"small", Mount::No).unwrap();
    assert_eq!(store.seen().len(), 2);
    assert!(store.seen().iter().all(|seen| seen.header("authorization").is_none()));
}

#[test]
fn net_7_odd_upload_locations_are_refused() {
    for (location, expect) in [
        ("ftp://127.0.0.1/x", "the URL is neither http nor https"),
        ("http://u:p@127.0.0.1/x", "the URL has user info"),
        ("http://169.254.169.254/x", "169.254.169.254 is a link-local"),
    ] {
        let peer = Peer::new(move |_| reply("202 Accepted", &[("Location", location)], ""));
        let error = push(&client(), &format!("{}/a", peer.host), b"small", Mount::No).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert_eq!(error.kind(), registry_client::ErrorKind::Denied);
    }
    let peer = Peer::new(|_| reply("202 Accepted", &[], ""));
    let error = push(&client(), &format!("{}/a", peer.host), b"small", Mount::No).unwrap_err().to_string();
    assert!(error.ends_with("the upload has no Location"), "{error}");
}

#[test]
fn content_that_ends_early_is_an_error_and_not_a_hang() {
    let registry = Registry::new();
    let content = big();
    let descriptor = Descriptor { size: content.len() as u64 + 5, ..layer(&content) };
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", registry.host()))).unwrap();
    let open = |offset: u64| Ok(Box::new(&content[(offset as usize).min(content.len())..]) as Box<dyn Read>);
    let error = repository.push_blob(&descriptor, Mount::No, &open).unwrap_err();
    assert!(matches!(error, Error::Transport { source: TransportError::Source(_), .. }), "{error}");
    assert!(error.to_string().ends_with("read the content to send: it ended early"), "{error}");
}

#[test]
fn the_content_is_opened_anew_for_each_try() {
    let opened = Mutex::new(Vec::new());
    let tries = AtomicUsize::new(0);
    let peer = Peer::new(move |_| match tries.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => vec![Act::Send(answer("503 Service Unavailable", &[], ""))],
        _ => reply("201 Created", &[], ""),
    });
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    let open = |offset: u64| {
        opened.lock().unwrap().push(offset);
        Ok(Box::new(&b"small"[offset as usize..]) as Box<dyn Read>)
    };
    repository.push_blob(&layer(b"small"), Mount::No, &open).unwrap();
    // Once more than was sent: for https, which the peer does not speak.
    assert_eq!(*opened.lock().unwrap(), [0, 0, 0, 0]);
    assert!(peer.seen().iter().all(|seen| seen.body == b"small"));
}
