//! Pushing blobs: every row of the state machine.

use spec::{Algorithm, Digest, Digester};

use crate::client::{Connection, World, noise, request};

fn sha512(bytes: &[u8]) -> Digest {
    let mut digester = Digester::new(Algorithm::Sha512);
    digester.update(bytes);
    digester.finish()
}

fn begin(world: &World, query: &str) -> String {
    let response = world.send(&request("POST", &format!("/v2/a/b/blobs/uploads/{query}")));
    assert_eq!(response.status, 202, "{response:?}");
    assert_eq!(response.header("range"), Some("0-0"));
    response.location()
}

/// Until a request is writing to an upload.
fn wait_for_writer(world: &World) {
    while !String::from_utf8(world.get("/metrics").body).unwrap().contains("uploads_being_written 1\n") {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

fn assert_pulls(world: &World, digest: &Digest, bytes: &[u8]) {
    let response = world.get(&format!("/v2/a/b/blobs/{digest}"));
    assert_eq!(response.status, 200);
    assert!(response.body == bytes);
    assert_eq!(response.header("docker-content-digest"), Some(digest.as_str()));
}

/// Sizes on both sides of what stays in the database, of a chunk, of what is gathered.
const SIZES: [usize; 8] = [0, 1, 2_000, 16_384, 16_385, 70_000, 300_000, 3_000_000];

#[test]
fn a_blob_is_pushed_in_one_request() {
    let world = World::new();
    for (seed, size) in SIZES.into_iter().enumerate() {
        for chunked in [false, true] {
            let bytes = noise(seed as u64 * 2 + u64::from(chunked), size);
            for digest in [Digest::of(&bytes), sha512(&bytes)] {
                let post = request("POST", &format!("/v2/a/b/blobs/uploads/?digest={digest}")).body(&bytes);
                let response = world.send(&if chunked { post.chunked() } else { post });
                assert_eq!(response.status, 201, "{size} {response:?}");
                assert_eq!(response.location(), format!("/v2/a/b/blobs/{digest}"));
                assert_eq!(response.header("docker-content-digest"), Some(digest.as_str()));
                assert_pulls(&world, &digest, &bytes);
            }
        }
    }
    world.assert_sound();
}

#[test]
fn a_blob_is_pushed_by_post_and_put() {
    let world = World::new();
    for (seed, size) in SIZES.into_iter().enumerate() {
        let bytes = noise(seed as u64 + 100, size);
        let digest = Digest::of(&bytes);
        let put = request("PUT", &format!("{}?digest={digest}", begin(&world, ""))).body(&bytes);
        assert_eq!(world.send(&put).status, 201);
        assert_pulls(&world, &digest, &bytes);
    }
}

#[test]
fn a_blob_is_streamed() {
    let world = World::new();
    for (seed, size) in SIZES.into_iter().enumerate() {
        let bytes = noise(seed as u64 + 200, size);
        let location = begin(&world, "");
        let response = world.send(&request("PATCH", &location).body(&bytes).chunked());
        assert_eq!(response.status, 202);
        assert_eq!(response.header("range").unwrap(), format!("0-{}", size.saturating_sub(1)));
        let digest = Digest::of(&bytes);
        assert_eq!(world.send(&request("PUT", &format!("{location}?digest={digest}"))).status, 201);
        assert_pulls(&world, &digest, &bytes);
    }
}

#[test]
fn a_blob_is_pushed_in_chunks() {
    let world = World::new();
    for (size, chunk) in [(10, 1), (40_000, 9_000), (200_000, 50_000), (100, 1_000)] {
        let bytes = noise(size as u64, size);
        let location = begin(&world, "?digest-algorithm=sha512");
        for (at, part) in bytes.chunks(chunk).enumerate() {
            let (first, last) = (at * chunk, at * chunk + part.len() - 1);
            let patch = request("PATCH", &location).header("Content-Range", &format!("{first}-{last}"));
            let response = world.send(&patch.body(part));
            assert_eq!((response.status, response.header("range").unwrap()), (202, &*format!("0-{last}")));
        }
        let digest = sha512(&bytes);
        let status = world.get(&location);
        assert_eq!((status.status, status.header("range").unwrap()), (204, &*format!("0-{}", size - 1)));
        assert_eq!(world.send(&request("PUT", &format!("{location}?digest={digest}"))).status, 201);
        assert_pulls(&world, &digest, &bytes);
        assert_eq!(world.get(&location).refusal(), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    }
}

#[test]
fn another_algorithm_than_announced_is_finished_as_well() {
    let world = World::new();
    for size in [100, 100_000] {
        let bytes = noise(7 + size as u64, size);
        let location = begin(&world, "");
        assert_eq!(world.send(&request("PATCH", &location).body(&bytes)).status, 202);
        let digest = sha512(&bytes);
        assert_eq!(world.send(&request("PUT", &format!("{location}?digest={digest}"))).status, 201);
        assert_pulls(&world, &digest, &bytes);
    }
}

#[test]
fn srv_7_a_gap_or_overlap_is_416_and_changes_nothing() {
    let world = World::new();
    let bytes = noise(1, 30_000);
    let location = begin(&world, "");
    let patch = |range: &str, part: &[u8]| {
        world.send(&request("PATCH", &location).header("Content-Range", range).body(part))
    };
    assert_eq!(patch("0-9999", &bytes[..10_000]).status, 202);
    for (range, part) in [
        ("10001-20000", &bytes[..10_000]),
        ("9999-19998", &bytes[..10_000]),
        ("0-9999", &bytes[..10_000]),
        ("10000-19999", &bytes[..9_999]),
        ("10000-9999", &bytes[..1]),
        ("10000-18446744073709551615", &bytes[..1]),
        ("x", &bytes[..1]),
    ] {
        let response = patch(range, part);
        response.assert_refused(416, "RANGE_INVALID");
        let put = request("PUT", &format!("{location}?digest={}", Digest::of(&bytes)));
        world.send(&put.header("Content-Range", range).body(part)).assert_refused(416, "RANGE_INVALID");
        let status = world.get(&location);
        assert_eq!((status.status, status.header("range")), (204, Some("0-9999")), "{range}");
    }
    let refused = patch("5-6", &bytes[5..7]);
    assert_eq!((refused.header("range"), refused.location()), (Some("0-9999"), location.clone()));
    // A range longer than the body, which is chunked and so does not say how long it is.
    let long = request("PATCH", &location).header("Content-Range", "10000-19999").body(&bytes[..5]).chunked();
    world.send(&long).assert_refused(400, "SIZE_INVALID");
    assert_eq!(patch("bytes 10000-19999/30000", &bytes[10_000..20_000]).status, 202);
    let digest = Digest::of(&bytes);
    let put = request("PUT", &format!("{location}?digest={digest}")).header("Content-Range", "20000-29999");
    assert_eq!(world.send(&put.body(&bytes[20_000..])).status, 201);
    assert_pulls(&world, &digest, &bytes);
}

#[test]
fn srv_7_two_writers_never_mix() {
    let world = World::new();
    let location = begin(&world, "");
    let mut slow = Connection::open(world.address());
    slow.write(format!("PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n").as_bytes());
    slow.write(&[1; 30_000]);
    wait_for_writer(&world);
    let second = world.send(&request("PATCH", &location).body(&[]));
    second.assert_refused(416, "RANGE_INVALID");
    assert_eq!(second.header("range"), Some("0-0"));
    slow.write(&[1; 30_000]);
    assert_eq!(slow.read(false).unwrap().status, 202);
    let digest = Digest::of(&[1; 60_000]);
    assert_eq!(world.send(&request("PUT", &format!("{location}?digest={digest}"))).status, 201);
}

#[test]
fn srv_7_an_upload_exists_where_it_was_begun_alone() {
    let world = World::new();
    let location = begin(&world, "");
    let elsewhere = location.replace("/a/b/", "/a/c/");
    for method in ["GET", "PATCH", "DELETE"] {
        world.send(&request(method, &elsewhere)).assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
    }
    let target = format!("{elsewhere}?digest={}", Digest::of(b""));
    world.send(&request("PUT", &target)).assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
    for id in ["x", "..", "00000000000000000000000000000000", &"f".repeat(3_000)] {
        let response = world.get(&format!("/v2/a/b/blobs/uploads/{id}"));
        assert_eq!(response.refusal(), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    }
    let id = location.rsplit('/').next().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(world.get(&location).status, 204);
}

#[test]
fn an_upload_is_cancelled() {
    let world = World::new();
    let location = begin(&world, "");
    assert_eq!(world.send(&request("PATCH", &location).body(&noise(1, 50_000))).status, 202);
    assert_eq!(world.blob_files().len(), 1);
    assert_eq!(world.send(&request("DELETE", &location)).status, 204);
    world.get(&location).assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
    world.send(&request("DELETE", &location)).assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
    world.collect();
    assert_eq!(world.blob_files().len(), 0);
}

#[test]
fn an_idle_upload_expires() {
    let world = World::new();
    let (first, second) = (begin(&world, ""), begin(&world, ""));
    world.clock.advance(std::time::Duration::from_secs(3_599));
    assert_eq!(world.send(&request("PATCH", &first).body(b"x")).status, 202);
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(world.collect().uploads, 1);
    assert_eq!(world.get(&first).status, 204);
    world.get(&second).assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn srv_8_a_mismatch_stores_nothing() {
    let world = World::new();
    let wrong = Digest::of(b"something else");
    for size in [10, 100_000] {
        let bytes = noise(size as u64, size);
        let post = request("POST", &format!("/v2/a/b/blobs/uploads/?digest={wrong}")).body(&bytes);
        world.send(&post).assert_refused(400, "DIGEST_INVALID");
        let location = begin(&world, "");
        let put = request("PUT", &format!("{location}?digest={wrong}")).body(&bytes);
        world.send(&put).assert_refused(400, "DIGEST_INVALID");
        world.get(&format!("/v2/a/b/blobs/{wrong}")).assert_refused(404, "BLOB_UNKNOWN");
        world.get(&format!("/v2/a/b/blobs/{}", Digest::of(&bytes))).assert_refused(404, "BLOB_UNKNOWN");
        // The upload is where it was, so the right digest still ends it.
        let put = request("PUT", &format!("{location}?digest={}", Digest::of(&bytes))).body(&bytes);
        assert_eq!(world.send(&put).status, 201);
    }
    world.clock.advance(std::time::Duration::from_secs(4_000));
    world.collect();
    assert_eq!(world.blob_files().len(), 0);
    world.assert_sound();
}

#[test]
fn a_put_whose_answer_got_lost_is_answered_again() {
    let world = World::new();
    let location = begin(&world, "");
    let put = request("PUT", &format!("{location}?digest={}", Digest::of(b"x"))).body(b"x");
    assert_eq!(world.send(&put).status, 201);
    assert_eq!(world.send(&put).status, 201);
}

#[test]
fn the_same_blob_twice_at_once_is_kept_once() {
    let world = World::new();
    let bytes = noise(1, 100_000);
    let digest = Digest::of(&bytes);
    let locations = [begin(&world, ""), begin(&world, "")];
    for location in &locations {
        assert_eq!(world.send(&request("PATCH", location).body(&bytes)).status, 202);
    }
    for location in &locations {
        assert_eq!(world.send(&request("PUT", &format!("{location}?digest={digest}"))).status, 201);
    }
    world.server().collect(std::time::Duration::from_secs(10)).unwrap();
    assert_eq!(world.blob_files().len(), 1);
    assert_pulls(&world, &digest, &bytes);
    world.assert_sound();
}

#[test]
fn a_blob_is_mounted() {
    let world = World::new();
    let bytes = noise(1, 50_000);
    let digest = world.push_blob("source", &bytes);
    let mount = |query: &str| world.send(&request("POST", &format!("/v2/a/b/blobs/uploads/?{query}")));
    let absent = mount(&format!("mount={digest}&from=other"));
    assert_eq!(absent.status, 202);
    assert!(absent.location().starts_with("/v2/a/b/blobs/uploads/"));
    let mounted = mount(&format!("mount={digest}&from=source"));
    assert_eq!((mounted.status, mounted.location()), (201, format!("/v2/a/b/blobs/{digest}")));
    assert_eq!(mounted.header("docker-content-digest"), Some(digest.as_str()));
    assert_pulls(&world, &digest, &bytes);
    // Without a source, from wherever it is; bytes are not moved.
    let anywhere = world.send(&request("POST", &format!("/v2/c/blobs/uploads/?mount={digest}")));
    assert_eq!(anywhere.status, 201);
    assert_eq!(mount(&format!("mount={}", Digest::of(b"nobody has it"))).status, 202);
    assert_eq!(world.blob_files().len(), 1);
}

#[test]
fn an_interrupted_chunk_goes_on_where_it_broke() {
    let mut world = World::new();
    let bytes = noise(1, 500_000);
    let location = begin(&world, "");
    let mut connection = Connection::open(world.address());
    let head = format!("PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", bytes.len());
    connection.write(head.as_bytes());
    connection.write(&bytes[..200_000]);
    drop(connection);
    let offset = loop {
        let range = world.get(&location).header("range").unwrap().to_owned();
        let last: usize = range[2..].parse().unwrap();
        if last > 0 {
            break last + 1;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    assert!(offset <= 200_000);
    world.restart();
    let rest = request("PATCH", &location).header("Content-Range", &format!("{offset}-{}", bytes.len() - 1));
    assert_eq!(world.send(&rest.body(&bytes[offset..])).status, 202);
    let digest = Digest::of(&bytes);
    assert_eq!(world.send(&request("PUT", &format!("{location}?digest={digest}"))).status, 201);
    assert_pulls(&world, &digest, &bytes);
}

#[test]
fn an_upload_in_flight_survives_a_stop() {
    let mut world = World::new();
    let bytes = noise(1, 300_000);
    let location = begin(&world, "");
    let mut connection = Connection::open(world.address());
    let head = format!("PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", bytes.len());
    connection.write(head.as_bytes());
    connection.write(&bytes[..100_000]);
    wait_for_writer(&world);
    // Some of it has been read by then.
    std::thread::sleep(std::time::Duration::from_millis(100));
    let begun = std::time::Instant::now();
    world.restart();
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    connection.read(false).unwrap().assert_refused(503, "UNAVAILABLE");
    let range = world.get(&location).header("range").unwrap().to_owned();
    let offset = range[2..].parse::<usize>().unwrap() + 1;
    assert!(offset > 1);
    let digest = Digest::of(&bytes);
    let put = request("PUT", &format!("{location}?digest={digest}")).body(&bytes[offset..]);
    assert_eq!(world.send(&put).status, 201);
    assert_pulls(&world, &digest, &bytes);
}

#[test]
fn one_subject_opens_so_many_uploads() {
    let world = World::with(|config| config.limits.uploads_open = 3);
    let last = (0..3).map(|_| begin(&world, "")).last().unwrap();
    let refused = world.send(&request("POST", "/v2/a/b/blobs/uploads/"));
    refused.assert_refused(429, "TOOMANYREQUESTS");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(world.send(&request("DELETE", &last)).status, 204);
    begin(&world, "");
}

#[test]
fn a_client_that_waits_to_be_told_to_send_is_told() {
    let world = World::new();
    let mut connection = Connection::open(world.address());
    let target = format!("/v2/a/b/blobs/uploads/?digest={}", Digest::of(b"hello"));
    connection.write(
        format!("POST {target} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            .as_bytes(),
    );
    let mut line = [0; 25];
    std::io::Read::read_exact(connection.stream(), &mut line).unwrap();
    assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection.write(b"hello");
    assert_eq!(connection.read(false).unwrap().status, 201);
    // One who is refused is not.
    connection.write(
        b"POST /v2/A/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    );
    let mut line = [0; 12];
    std::io::Read::read_exact(connection.stream(), &mut line).unwrap();
    assert_eq!(&line, b"HTTP/1.1 400");
}
