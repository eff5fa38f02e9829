//! Blobs and ranges of them: lengths, stalls, cancelling, foreign addresses (NET-11, NET-12, NET-16).

use std::time::{Duration, Instant};

use registry_client::{BlobRange, Client, Error, TransportError};
use spec::{Descriptor, MediaType};

use crate::peer::{Act, Peer, answer, reply};
use crate::setup::{client, layer, read, read_io, reference};

const CONTENT: &[u8] = b"0123456789abcdefghij";

fn blob(client: &Client, peer: &Peer, range: BlobRange) -> Result<registry_client::BlobBody, Error> {
    let repository = client.repository(&reference(&format!("{}/a", peer.host)))?;
    repository.fetch_blob(&layer(CONTENT), range, &[])
}

const PART: BlobRange = BlobRange { start: 5, end: 15 };

fn partial(range: &str, body: &[u8]) -> Vec<u8> {
    answer("206 Partial Content", &[("Content-Range", range)], body)
}

#[test]
fn net_12_a_range_is_gone_on_with_only_when_it_is_exactly_the_one_asked_for() {
    // What the server says to the request with a range; the second request gets the whole.
    for (first, honoured, requests) in [
        (partial("bytes 5-14/20", &CONTENT[5..15]), true, 1),
        (answer("200 OK", &[], CONTENT), false, 1),
        (partial("bytes 5-14/21", &CONTENT[5..15]), false, 2),
        (partial("bytes 5-14/*", &CONTENT[5..15]), false, 2),
        (partial("bytes 0-9/20", &CONTENT[..10]), false, 2),
        (partial("bytes 5-19/20", &CONTENT[5..]), false, 2),
        (partial("bytes=5-14/20", &CONTENT[5..15]), false, 2),
        (
            answer("206 Partial Content", &[("Content-Type", "multipart/byteranges; boundary=x")], "--x--"),
            false,
            2,
        ),
        (answer("416 Range Not Satisfiable", &[("Content-Range", "bytes */20")], ""), false, 2),
    ] {
        let text = String::from_utf8_lossy(&first).into_owned();
        let peer = Peer::new(move |seen| match seen.header("range") {
            Some(_) => vec![Act::Send(first.clone())],
            None => reply("200 OK", &[], CONTENT),
        });
        let client = client();
        let body = blob(&client, &peer, PART).unwrap();
        assert_eq!(body.range(), if honoured { PART } else { BlobRange { start: 0, end: 20 } }, "{text}");
        let range = body.range();
        assert_eq!(read(body).unwrap(), &CONTENT[range.start as usize..range.end as usize], "{text}");
        assert_eq!(peer.seen().len(), requests, "{text}");
        assert_eq!(peer.seen()[0].header("range").as_deref(), Some("bytes=5-14"));
    }
}

#[test]
fn net_12_a_part_that_nobody_asked_for_is_refused() {
    let peer = Peer::new(|_| vec![Act::Send(partial("bytes 0-19/20", CONTENT))]);
    let error = blob(&client(), &peer, BlobRange::whole(&layer(CONTENT))).unwrap_err();
    assert!(error.to_string().ends_with("a part is sent although none was asked for"), "{error}");
}

#[test]
fn net_12_what_has_nothing_to_do_with_ranges_is_not_asked_again() {
    let peer = Peer::new(|_| reply("404 Not Found", &[], ""));
    assert!(blob(&client(), &peer, PART).is_err());
    assert_eq!(peer.seen().len(), 1);
}

#[test]
fn net_11_a_length_that_contradicts_the_descriptor_ends_the_request() {
    for (head, expect) in
        [("Content-Length: 20", true), ("Content-Length: 19", false), ("Content-Length: 21", false)]
    {
        let peer = Peer::new(move |_| {
            vec![Act::Send([format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes(), CONTENT].concat())]
        });
        let outcome = blob(&client(), &peer, BlobRange::whole(&layer(CONTENT)));
        assert_eq!(outcome.is_ok(), expect, "{head}");
        if let Err(error) = outcome {
            assert!(matches!(error, Error::Size { expected: 20, .. }), "{error}");
        }
    }
}

#[test]
fn net_11_a_short_body_is_never_success() {
    let sized = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789".to_vec();
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n".to_vec();
    let broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n01234".to_vec();
    let until_close = b"HTTP/1.1 200 OK\r\n\r\n0123456789".to_vec();
    for bytes in [sized, chunked, broken, until_close] {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let peer = Peer::new(move |_| vec![Act::Send(bytes.clone()), Act::Close]);
        let client = client();
        let mut body = blob(&client, &peer, BlobRange::whole(&layer(CONTENT))).unwrap();
        let mut piece = [0; 64];
        let error = loop {
            match body.read_some(&mut piece) {
                Ok(0) => panic!("a clean end: {text}"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(
            matches!(error, Error::Transport { source: TransportError::Truncated, .. }),
            "{error} {text}"
        );
        assert!(error.is_transient());
        // Errors stay.
        assert!(body.read_some(&mut piece).is_err(), "{text}");
        let again = read_io(blob(&client, &peer, BlobRange::whole(&layer(CONTENT))).unwrap());
        assert!(again.is_err());
    }
}

#[test]
fn net_11_not_a_byte_is_taken_beyond_the_expected_size() {
    let endless = |head: &'static str, piece: Vec<u8>| {
        Peer::new(move |_| vec![Act::Send(head.as_bytes().to_vec()), Act::Endless(piece.clone())])
    };
    let big = vec![b'x'; 1 << 20];
    let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_LAYER), &big);
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 65536], b"\r\n".to_vec()].concat();
    for peer in [
        endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk),
        endless("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 65536]),
        endless("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", vec![b'x'; 65536]),
    ] {
        let client = client();
        let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
        let body = repository.fetch_blob(&descriptor, BlobRange::whole(&descriptor), &[]).unwrap();
        let begun = Instant::now();
        assert_eq!(read(body).unwrap(), big);
        assert!(begun.elapsed() < Duration::from_secs(10));
        // Beyond it there is only what the systems' own buffers took.
        assert!(peer.bytes_sent() < 16 << 20, "{}", peer.bytes_sent());
    }
}

#[test]
fn empty_blobs_and_empty_ranges_are_read() {
    let peer = Peer::new(|_| reply("200 OK", &[], ""));
    let client = client();
    let empty = layer(b"");
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    let body = repository.fetch_blob(&empty, BlobRange::from(&empty, 0), &[]).unwrap();
    assert_eq!(read(body).unwrap(), b"");
}

#[test]
fn a_stalled_body_is_noticed_and_a_slow_one_is_not() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n".to_vec();
    let silent = Peer::new({
        let head = head.clone();
        move |_| vec![Act::Send(head.clone()), Act::Send(CONTENT[..10].to_vec()), Act::Silence]
    });
    let client = client();
    let begun = Instant::now();
    let error = read(blob(&client, &silent, BlobRange::whole(&layer(CONTENT))).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Transport { source: TransportError::Stalled { .. }, .. }), "{error}");
    assert!(error.is_transient() && begun.elapsed() < Duration::from_secs(5));

    let drip = Peer::new({
        let head = head.clone();
        move |_| vec![Act::Send(head.clone()), Act::Drip(CONTENT.to_vec(), Duration::from_millis(90))]
    });
    let error = read(blob(&client, &drip, BlobRange::whole(&layer(CONTENT))).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Transport { source: TransportError::Stalled { .. }, .. }), "{error}");

    // Over 1 KiB/s in every window of 0.4 s, for much longer than a window.
    let big = vec![b'x'; 4 << 10];
    let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_LAYER), &big);
    let slow = Peer::new(|_| {
        let mut acts = vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n".to_vec())];
        for _ in 0..8 {
            acts.extend([Act::Pause(Duration::from_millis(100)), Act::Send(vec![b'x'; 512])]);
        }
        acts
    });
    let repository = client.repository(&reference(&format!("{}/a", slow.host))).unwrap();
    let body = repository.fetch_blob(&descriptor, BlobRange::whole(&descriptor), &[]).unwrap();
    assert_eq!(read(body).unwrap(), big);
}

#[test]
fn a_reader_that_takes_its_time_is_no_stall() {
    let big = vec![b'x'; 2 << 20];
    let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_LAYER), &big);
    let sent = big.clone();
    let peer = Peer::new(move |_| reply("200 OK", &[], &sent));
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    let mut body = repository.fetch_blob(&descriptor, BlobRange::whole(&descriptor), &[]).unwrap();
    let mut piece = vec![0; 100];
    body.read_some(&mut piece).unwrap();
    std::thread::sleep(Duration::from_millis(900));
    body.read_some(&mut piece).unwrap();
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(read(body).unwrap().len(), big.len() - 200);
}

#[test]
fn net_13_cancelling_wakes_whatever_waits() {
    let silent = Peer::new(|_| vec![Act::Silence]);
    let stalled = Peer::new(|_| {
        vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n012".to_vec()), Act::Silence]
    });
    for peer in [&silent, &stalled] {
        let mut options = crate::setup::options();
        options.timeouts.first_byte = Duration::from_secs(60);
        options.timeouts.stall_window = Duration::from_secs(60);
        let client = Client::new(options, registry_client::Cancel::new());
        let cancel = client.cancel().clone();
        std::thread::scope(|scope| {
            let fetch = scope.spawn(|| blob(&client, peer, BlobRange::whole(&layer(CONTENT))).and_then(read));
            while peer.seen().is_empty() {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(50));
            let begun = Instant::now();
            cancel.cancel();
            assert!(matches!(fetch.join().unwrap(), Err(Error::Cancelled)));
            assert!(begun.elapsed() < Duration::from_secs(1));
        });
        assert!(matches!(blob(&client, peer, PART), Err(Error::Cancelled)));
    }
}

#[test]
fn net_13_cancelling_does_not_wait_for_a_connection() {
    // A queue that is full: further connections are neither taken nor refused.
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&socket, 0).unwrap();
    let address = std::net::SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
    let fill = |_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let _filling: Vec<_> = (0..4).map(fill).collect();
    let client = client();
    let repository = client.repository(&reference(&format!("{address}/a"))).unwrap();
    let cancel = client.cancel().clone();
    std::thread::scope(|scope| {
        let fetch = scope.spawn(|| repository.fetch_blob(&layer(CONTENT), PART, &[]));
        std::thread::sleep(Duration::from_millis(100));
        let begun = Instant::now();
        cancel.cancel();
        assert!(fetch.join().unwrap().is_err());
        assert!(begun.elapsed() < Duration::from_secs(1));
    });
}

fn foreign(urls: Vec<String>) -> Descriptor {
    let kind = MediaType::known(MediaType::DOCKER_FOREIGN_LAYER_GZIP);
    Descriptor { urls, ..Descriptor::of(kind, CONTENT) }
}

#[test]
fn net_16_foreign_addresses_are_asked_without_secrets_and_only_when_the_registry_lacks_the_layer() {
    let elsewhere = Peer::at("127.0.0.2", |_| reply("200 OK", &[], CONTENT));
    let lacking = Peer::new(|seen| match seen.header("authorization") {
        None => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        Some(_) => reply("404 Not Found", &[], ""),
    });
    let having = Peer::new(|_| reply("200 OK", &[], CONTENT));
    let fetch = |peer: &Peer, descriptor: &Descriptor| {
        let keychain = crate::setup::Keys::new(&[(&peer.host, crate::setup::password("joe", "secret"))]);
        let options = registry_client::ClientOptions { keychain, ..crate::setup::options() };
        let client = Client::new(options, registry_client::Cancel::new());
        let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
        repository.fetch_foreign_blob(descriptor, BlobRange::whole(descriptor)).and_then(read)
    };
    let urls = vec!["ftp://nowhere/".to_owned(), elsewhere.url("/layer")];
    assert_eq!(fetch(&having, &foreign(urls.clone())).unwrap(), CONTENT);
    assert!(elsewhere.seen().is_empty());
    assert_eq!(fetch(&lacking, &foreign(urls.clone())).unwrap(), CONTENT);
    assert_eq!(elsewhere.lines(), ["GET /layer"]);
    assert_eq!(elsewhere.seen()[0].header("authorization"), None);
    // Not for layers that registries carry.
    let ordinary = Descriptor { urls, ..layer(CONTENT) };
    assert!(fetch(&lacking, &ordinary).is_err());
    // Under the rules for addresses, and only the first few.
    assert!(fetch(&lacking, &foreign(vec!["http://169.254.169.254/layer".to_owned()])).is_err());
    let many = vec!["http://169.254.169.254/".to_owned(); 4].into_iter().chain([elsewhere.url("/fifth")]);
    assert!(fetch(&lacking, &foreign(many.collect())).is_err());
    assert_eq!(elsewhere.seen().len(), 1);
    // Back at the registry itself no secret is shown either.
    let own = Peer::new(|seen| match (seen.line().as_str(), seen.header("authorization")) {
        ("GET /layer", None) => reply("200 OK", &[], CONTENT),
        (_, None) => reply("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        _ => reply("404 Not Found", &[], ""),
    });
    assert_eq!(fetch(&own, &foreign(vec![own.url("/layer")])).unwrap(), CONTENT);
}
