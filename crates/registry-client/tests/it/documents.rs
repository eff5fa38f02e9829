//! Manifests: how they are asked for, verified and refused (NET-11, NET-14, REF-5), and Docker's words.

use registry_client::{Error, ErrorKind, Wanted};
use spec::{Descriptor, Digest, MediaType};

use crate::peer::{Act, Peer, Seen, answer, reply};
use crate::setup::{answer_manifest, client, manifest, manifest_answer, reference};

fn peer(answer: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Peer {
    Peer::new(answer)
}

fn with<T>(peer: &Peer, act: impl FnOnce(&registry_client::Repository<'_>) -> T) -> T {
    let client = client();
    act(&client.repository(&reference(&format!("{}/lib/a", peer.host))).unwrap())
}

#[test]
fn a_tag_is_resolved_by_head_and_fetched_by_digest() {
    let peer = peer(answer_manifest);
    let digest = Digest::of(&manifest());
    let fetched = with(&peer, |repository| repository.fetch_document(Wanted::Tag("v1"))).unwrap();
    assert_eq!((fetched.digest.clone(), fetched.document.bytes()), (digest.clone(), &*manifest()));
    assert_eq!(
        peer.lines(),
        ["HEAD /v2/lib/a/manifests/v1".to_owned(), format!("GET /v2/lib/a/manifests/{digest}")]
    );
    let accept = peer.seen()[0].headers("accept");
    assert_eq!(accept.len(), 6, "{accept:?}");
    assert!(accept.iter().any(|kind| kind == MediaType::OCI_INDEX));
}

#[test]
fn one_head_is_enough_to_resolve() {
    let peer = peer(answer_manifest);
    let resolved = with(&peer, |repository| repository.resolve(Wanted::Tag("v1"))).unwrap();
    assert_eq!(resolved.descriptor, Descriptor::of(MediaType::known(MediaType::OCI_MANIFEST), &manifest()));
    assert_eq!(peer.lines(), ["HEAD /v2/lib/a/manifests/v1"]);
}

#[test]
fn a_head_that_does_not_do_is_followed_by_get() {
    for head in [
        answer("405 Method Not Allowed", &[], ""),
        answer("404 Not Found", &[], ""),
        answer("200 OK", &[], ""),
        answer(
            "200 OK",
            &[("Docker-Content-Digest", "sha256:nonsense"), ("Content-Type", MediaType::OCI_MANIFEST)],
            "",
        ),
        answer(
            "200 OK",
            &[("Docker-Content-Digest", &Digest::of(b"x").to_string()), ("Content-Type", "text/html")],
            "",
        ),
    ] {
        let peer = peer(move |seen| match seen.line().starts_with("HEAD") {
            true => vec![Act::Send(head.clone())],
            false => manifest_answer(),
        });
        let fetched = with(&peer, |repository| repository.fetch_document(Wanted::Tag("v1"))).unwrap();
        assert_eq!(fetched.digest, Digest::of(&manifest()));
        assert_eq!(peer.lines().len(), 2);
    }
}

#[test]
fn ref_5_bytes_are_hashed_against_what_was_asked_for() {
    let other = Digest::of(b"other");
    let good = peer(answer_manifest);
    let asked = Digest::of(&manifest());
    assert!(with(&good, |repository| repository.fetch_document(Wanted::Digest(&asked))).is_ok());
    let error = with(&good, |repository| repository.fetch_document(Wanted::Digest(&other))).unwrap_err();
    assert_eq!(error.to_string(), format!("manifest verification failed for digest {other}"));
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn ref_5_a_header_can_contradict_but_never_prove() {
    let said = Digest::of(b"other").to_string();
    let lying = peer(move |seen| match seen.line().starts_with("HEAD") {
        true => vec![Act::Send(answer("404 Not Found", &[], ""))],
        false => reply("200 OK", &[("Docker-Content-Digest", &said)], manifest()),
    });
    let error = with(&lying, |repository| repository.fetch_document(Wanted::Tag("v1"))).unwrap_err();
    assert!(matches!(error, Error::StatedDigest { .. }), "{error}");
    // What HEAD said counts for nothing once GET has answered.
    let said = Digest::of(b"other").to_string();
    let head = peer(move |seen| match seen.line().starts_with("HEAD") {
        true => {
            let kind = ("Content-Type", MediaType::OCI_MANIFEST);
            vec![Act::Send(answer("200 OK", &[kind, ("Docker-Content-Digest", &said)], ""))]
        }
        false => manifest_answer(),
    });
    let error = with(&head, |repository| repository.fetch_document(Wanted::Tag("v1"))).unwrap_err();
    assert!(matches!(error, Error::Digest { .. }), "{error}");
}

#[test]
fn net_11_a_length_that_contradicts_the_descriptor_ends_the_request_before_the_body() {
    let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_MANIFEST), &manifest());
    let good = peer(answer_manifest);
    assert!(with(&good, |repository| repository.fetch_child(&descriptor)).is_ok());
    let long = peer(|_| {
        vec![
            Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n".to_vec()),
            Act::Endless(vec![b' '; 65536]),
        ]
    });
    let error = with(&long, |repository| repository.fetch_child(&descriptor)).unwrap_err();
    assert!(matches!(error, Error::Size { found: 3_000_000, .. }), "{error}");
    let chunked = peer(|_| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        let body = [manifest(), b" ".to_vec()].concat();
        bytes.extend(format!("{:x}\r\n", body.len()).into_bytes());
        bytes.extend(body);
        bytes.extend(b"\r\n0\r\n\r\n");
        vec![Act::Send(bytes)]
    });
    let error = with(&chunked, |repository| repository.fetch_child(&descriptor)).unwrap_err();
    assert!(matches!(error, Error::Size { .. }), "{error}");
}

#[test]
fn net_11_without_a_size_the_limit_of_its_kind_holds() {
    let stated = peer(|_| {
        vec![
            Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n".to_vec()),
            Act::Endless(vec![b' '; 65536]),
        ]
    });
    let endless = peer(|_| {
        vec![
            Act::Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
            Act::Endless([b"10000\r\n".to_vec(), vec![b' '; 65536], b"\r\n".to_vec()].concat()),
        ]
    });
    let until_close =
        peer(|_| vec![Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Act::Endless(vec![b' '; 65536])]);
    let digest = Digest::of(&manifest());
    for peer in [&stated, &endless, &until_close] {
        let error = with(peer, |repository| repository.fetch_document(Wanted::Digest(&digest))).unwrap_err();
        assert!(error.to_string().ends_with("is over MANIFEST_BYTES_MAX (4194304)"), "{error}");
        // The limit, and what the two systems buffer on the way.
        assert!(peer.bytes_sent() < 16 << 20, "{} bytes were taken", peer.bytes_sent());
    }
}

#[test]
fn net_14_what_no_registry_answers_is_named_and_not_quoted() {
    let page = "<!DOCTYPE html><title>unique-words</title>";
    let html = ("Content-Type", "text/html; charset=utf-8");
    let digest = Digest::of(&manifest());
    let portal = peer(move |_| reply("200 OK", &[html], page));
    let error = with(&portal, |repository| repository.fetch_document(Wanted::Digest(&digest))).unwrap_err();
    assert!(error.to_string().ends_with("does not answer as a registry: an HTML page"), "{error}");
    assert!(!format!("{error:?}").contains("unique-words"));
    let refusing = peer(move |_| reply("403 Forbidden", &[html], page));
    let error = with(&refusing, |repository| repository.fetch_document(Wanted::Digest(&digest))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error parsing HTTP 403 response body: text/html is not what a registry answers"
    );
    assert!(!format!("{error:?}").contains("unique-words"));
}

#[test]
fn failures_read_as_docker_words_them() {
    let json = |status: &'static str, body: &'static str| {
        peer(move |_| reply(status, &[("Content-Type", "application/json")], body))
    };
    let check = |peer: Peer, expect: &str| {
        let name = format!("{}/lib/a:nosuch", peer.host);
        let error = with(&peer, |repository| repository.fetch_document(Wanted::Tag("nosuch"))).unwrap_err();
        assert_eq!(error.pull_text(&reference(&name)), expect.replace("HOST", &peer.host));
    };
    check(
        json("404 Not Found", r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#),
        "manifest for HOST/lib/a:nosuch not found: manifest unknown: manifest unknown",
    );
    check(
        json("404 Not Found", r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}"#),
        "repository HOST/lib/a not found: name unknown: no such repository",
    );
    check(
        json(
            "403 Forbidden",
            r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#,
        ),
        "pull access denied for HOST/lib/a, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    );
    check(
        json(
            "429 Too Many Requests",
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit."}]}"#,
        ),
        "toomanyrequests: You have reached your unauthenticated pull rate limit.",
    );
    check(
        peer(|_| reply("429 Too Many Requests", &[("Content-Type", "text/plain")], "Too Many Requests")),
        "toomanyrequests: Too Many Requests",
    );
    check(
        json("500 Internal Server Error", ""),
        "received unexpected HTTP status: 500 Internal Server Error",
    );
    check(json("401 Unauthorized", ""), "unauthorized: authentication required");
    let challenge = "Bearer realm=\"x\",error=\"insufficient_scope\"";
    check(
        peer(move |_| reply("403 Forbidden", &[("WWW-Authenticate", challenge)], "")),
        "pull access denied for HOST/lib/a, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    );
}

#[test]
fn nobody_listening_reads_as_docker_words_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = client();
    let begun = std::time::Instant::now();
    let repository = client.repository(&reference(&format!("{host}/x"))).unwrap();
    let error = repository.fetch_document(Wanted::Tag("latest")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("Get \"http://{host}/v2/\": dial tcp {host}: connect: connection refused")
    );
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn pull_limits_and_warnings_are_passed_on_once() {
    let peer = peer(|seen| {
        let mut acts = answer_manifest(seen);
        if let Some(Act::Send(bytes)) = acts.first_mut() {
            let extra = b"RateLimit-Limit: 100;w=21600\r\nRateLimit-Remaining: 76;w=21600\r\n\
                Docker-RateLimit-Source: 192.0.2.1\r\nWarning: 299 - \"old \\\"tag\\\"\"\r\n";
            let at = bytes.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
            bytes.splice(at..at, extra.iter().copied());
        }
        acts
    });
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    let fetched = repository.fetch_document(Wanted::Tag("v1")).unwrap();
    let limit = fetched.rate_limit.unwrap();
    assert_eq!((limit.limit, limit.remaining, limit.window.unwrap().as_secs()), (100, 76, 21_600));
    assert_eq!(limit.source.as_deref(), Some("192.0.2.1"));
    assert_eq!(client.rate_limit(), Some(limit));
    assert_eq!(client.take_warnings(), ["old \"tag\""]);
    repository.fetch_document(Wanted::Tag("v1")).unwrap();
    assert!(client.take_warnings().is_empty());
}
