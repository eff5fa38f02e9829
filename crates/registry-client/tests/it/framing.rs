//! Answers whose framing is doubtful, and connections that are used again (NET-9, NET-10).

use std::sync::atomic::{AtomicUsize, Ordering};

use registry_client::{BlobRange, Error, FramingError, TransportError, Wanted};
use spec::Digest;

use crate::peer::{Act, Peer};
use crate::setup::{answer_manifest, client, layer, manifest, manifest_answer, read, reference};

fn fetch(peer: &Peer) -> Result<Vec<u8>, Error> {
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", peer.host)))?;
    let digest = Digest::of(&manifest());
    repository.fetch_document(Wanted::Digest(&digest)).map(|fetched| fetched.document.bytes().to_vec())
}

/// The framing error that ended a request.
fn framing(error: &Error) -> Option<FramingError> {
    match error {
        Error::Transport { source: TransportError::Framing(error), .. } => Some(*error),
        _ => None,
    }
}

#[test]
fn net_9_answers_with_doubtful_framing_are_refused_whole() {
    let body = String::from_utf8(manifest()).unwrap();
    let length = body.len();
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{lines}\r\n");
    let cases: Vec<(String, Option<FramingError>)> = vec![
        (head(&format!("Content-Length: {length}\r\n")) + &body, None),
        (head("Transfer-Encoding: chunked\r\n") + &format!("{length:x}\r\n{body}\r\n0\r\n\r\n"), None),
        (
            "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(8)
                + &head(&format!("Content-Length: {length}\r\n"))
                + &body,
            None,
        ),
        (
            head(&format!("Content-Length: {length}\r\nContent-Length: {length}\r\n")) + &body,
            Some(FramingError::RepeatedLength),
        ),
        (
            head(&format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"))
                + &format!("{length:x}\r\n{body}\r\n0\r\n\r\n"),
            Some(FramingError::LengthAndCoding),
        ),
        (
            head("Transfer-Encoding: chunked\r\n") + &format!("+{length:x}\r\n{body}\r\n0\r\n\r\n"),
            Some(FramingError::Chunk),
        ),
        (
            "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(9)
                + &head(&format!("Content-Length: {length}\r\n"))
                + &body,
            Some(FramingError::TooManyInformational),
        ),
        (head(&"X: y\r\n".repeat(120)) + &body, Some(FramingError::TooManyHeaders)),
        ("ICY 200 OK\r\n\r\n".to_owned() + &body, Some(FramingError::StatusLine)),
        (format!("HTTP/1.1 200 OK\nContent-Length: {length}\n\n{body}"), Some(FramingError::LineEnd)),
    ];
    for (answer, expect) in cases {
        let bytes = answer.clone().into_bytes();
        let peer = Peer::new(move |_| vec![Act::Send(bytes.clone())]);
        let outcome = fetch(&peer);
        match expect {
            None => assert_eq!(outcome.unwrap(), manifest(), "{answer:?}"),
            Some(expect) => {
                let error = outcome.unwrap_err();
                assert_eq!(framing(&error), Some(expect), "{answer:?}: {error}");
                assert_eq!(peer.seen().len(), 1, "{answer:?}: asked again");
            }
        }
    }
}

#[test]
fn net_9_a_connection_with_surplus_bytes_is_not_used_again() {
    for (surplus, connections) in [("", 1), ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2)] {
        let peer = Peer::new(move |_| {
            let mut acts = manifest_answer();
            if let Some(Act::Send(bytes)) = acts.first_mut() {
                bytes.extend_from_slice(surplus.as_bytes());
            }
            acts
        });
        let client = client();
        let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
        let digest = Digest::of(&manifest());
        for _ in 0..2 {
            repository.fetch_document(Wanted::Digest(&digest)).unwrap();
        }
        let used: std::collections::BTreeSet<usize> =
            peer.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(used.len(), connections, "surplus {surplus:?}");
    }
}

#[test]
fn connections_are_used_again() {
    let peer = Peer::new(answer_manifest);
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a:latest", peer.host))).unwrap();
    repository.fetch_document(Wanted::Tag("latest")).unwrap();
    repository.fetch_document(Wanted::Tag("latest")).unwrap();
    assert_eq!(peer.seen().len(), 4);
    assert!(peer.seen().iter().all(|seen| seen.connection == peer.seen()[0].connection));
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_replaced_and_a_new_one_is_not() {
    let digest = Digest::of(&manifest());
    let url = |peer: &Peer| reference(&format!("{}/a", peer.host));
    // The second request on a connection finds it closed without an answer.
    let asked = AtomicUsize::new(0);
    let peer = Peer::new(move |seen| match asked.fetch_add(1, Ordering::SeqCst) {
        1 => vec![Act::Close],
        _ => answer_manifest(seen),
    });
    let client = client();
    let repository = client.repository(&url(&peer)).unwrap();
    repository.fetch_document(Wanted::Digest(&digest)).unwrap();
    repository.fetch_document(Wanted::Digest(&digest)).unwrap();
    assert_eq!(peer.seen().len(), 3);
    // Who closes every connection is not asked more often than there are tries.
    let peer = Peer::new(|_| vec![Act::Close]);
    let repository = client.repository(&url(&peer)).unwrap();
    let error = repository.fetch_document(Wanted::Digest(&digest)).unwrap_err().to_string();
    assert!(error.ends_with(": EOF"), "{error}");
    assert_eq!(peer.seen().len(), 5);
}

#[test]
fn net_9_an_oversized_head_is_refused() {
    let peer =
        Peer::new(|_| vec![Act::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), Act::Endless(vec![b'y'; 4096])]);
    let error = fetch(&peer).unwrap_err();
    assert_eq!(framing(&error), Some(FramingError::HeadTooLarge));
    assert!(peer.bytes_sent() < 8 << 20);
}

#[test]
fn net_10_nothing_is_asked_to_be_encoded() {
    let content = b"not really gzip".to_vec();
    let descriptor = layer(&content);
    let sent = content.clone();
    let peer = Peer::new(move |_| crate::peer::reply("200 OK", &[("Content-Encoding", "gzip")], &sent));
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    let body = repository.fetch_blob(&descriptor, BlobRange::whole(&descriptor), &[]).unwrap();
    assert_eq!(read(body).unwrap(), content);
    for seen in peer.seen() {
        assert_eq!(seen.headers("accept-encoding"), ["identity"]);
    }
}

#[test]
fn net_10_an_encoded_document_is_refused() {
    let answer = |coding: &'static str| {
        Peer::new(move |_| {
            let kind = ("Content-Type", "application/json");
            crate::peer::reply("200 OK", &[("Content-Encoding", coding), kind], manifest())
        })
    };
    assert!(fetch(&answer("identity")).is_ok());
    let error = fetch(&answer("gzip")).unwrap_err().to_string();
    assert!(error.ends_with("the document is encoded (gzip)"), "{error}");
}
