//! Clients that mean no good, over raw sockets; well-behaved ones beside them must not notice.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use spec::Digest;

use crate::client::{Connection, World, noise, request};

/// Sends bytes, and reads whatever comes until the connection ends.
fn raw(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn assert_healthy(world: &World) {
    let begun = Instant::now();
    assert_eq!(world.get("/health").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn srv_6_doubtful_framing_is_400_and_ends_the_connection() {
    let world = World::new();
    let target = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(b"hello"));
    let smuggled = "GET /v2/smuggled/tags/list HTTP/1.1\r\nHost: x\r\n\r\n";
    let check = |head: &str, body: &str| {
        let bytes = format!("POST {target} HTTP/1.1\r\nHost: x\r\n{head}\r\n{body}{smuggled}");
        let answer = raw(&world, bytes.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{head:?} {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), usize::from(!answer.is_empty()), "{head:?} {answer}");
    };
    check("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
    check("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "5\r\nhello\r\n0\r\n\r\n");
    check("Content-Length: 5\r\nContent-Length: 6\r\n", "hello");
    check("Content-Length: 5\r\nContent-Length: 5\r\n", "hello");
    check("Content-Length: 5x\r\n", "hello");
    check("Content-Length: -5\r\n", "hello");
    check("Transfer-Encoding: identity\r\n", "hello");
    check("Transfer-Encoding: chunked, identity\r\n", "hello");
    check("Transfer-Encoding: chunked\r\n", "5\nhello\n0\n\n");
    check("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n");
    check("Transfer-Encoding: chunked\r\n", "99999999999999999\r\nhello\r\n0\r\n\r\n");
    assert_eq!(world.get(&format!("/v2/a/blobs/{}", Digest::of(b"hello"))).status, 404);
    let garbage = [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\0",
        "GET /v2/ HTTP/1.1\r\nno colon\r\n\r\n",
    ];
    for garbage in garbage {
        let mut bytes = garbage.as_bytes().to_vec();
        bytes.extend(b"\r\n\r\n");
        let answer = raw(&world, &bytes);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{garbage:?} {answer}");
    }
    assert_healthy(&world);
}

#[test]
fn srv_6_heads_have_limits() {
    let world = World::new();
    let many = "X: y\r\n".repeat(101);
    let answer = raw(&world, format!("GET /v2/ HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = format!("GET /v2/ HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(70_000));
    let answer = raw(&world, long.as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let fits =
        format!("GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {}\r\n\r\n", "y".repeat(40_000));
    assert!(raw(&world, fits.as_bytes()).starts_with("HTTP/1.1 200"));
    let answer = raw(
        &world,
        format!("GET /v2/{}/tags/list HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "a/".repeat(20_000))
            .as_bytes(),
    );
    assert!(answer.starts_with("HTTP/1.1 400"), "{}", &answer[..answer.len().min(200)]);
    assert_healthy(&world);
}

#[test]
fn srv_6_an_encoding_is_not_undone() {
    let world = World::new();
    let bytes = b"\x1f\x8b\x08 not really gzip";
    let digest = Digest::of(bytes);
    let post =
        request("POST", &format!("/v2/a/blobs/uploads/?digest={digest}")).header("Content-Encoding", "gzip");
    assert_eq!(world.send(&post.body(bytes)).status, 201);
    let get =
        request("GET", &format!("/v2/a/blobs/{digest}")).header("Accept-Encoding", "zstd, gzip, deflate");
    let response = world.send(&get);
    assert_eq!((response.header("content-encoding"), &response.body[..]), (None, &bytes[..]));
}

#[test]
fn srv_1_no_malformed_value_is_a_fault_of_the_server() {
    let world = World::new();
    let odd = [
        "..",
        "%2e%2e",
        "%00",
        "a%0d%0aX:y",
        "\u{202e}",
        "'; DROP TABLE tag; --",
        "%",
        "a?b",
        "$(x)",
        "A",
        "sha256:",
        "~",
        "_catalog",
    ];
    let digest = Digest::of(b"");
    for odd in odd {
        let odd: String = odd
            .bytes()
            .map(|b| if b.is_ascii_graphic() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect();
        for target in [
            format!("/v2/{odd}/manifests/t"),
            format!("/v2/a/manifests/{odd}"),
            format!("/v2/a/blobs/{odd}"),
            format!("/v2/a/blobs/uploads/{odd}?digest={odd}"),
            format!("/v2/a/blobs/uploads/?mount={digest}&from={odd}"),
            format!("/v2/a/tags/list?n={odd}&last={odd}"),
            format!("/v2/a/referrers/{digest}?artifactType={odd}&last={odd}"),
            format!("/v2/_catalog?last={odd}"),
            format!("/v1/search?q={odd}&n={odd}&page={odd}"),
            format!("/{odd}"),
        ] {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                let response = world.send(&request(method, &target));
                assert!(response.status < 500, "{method} {target} {response:?}");
            }
        }
    }
    world.assert_sound();
    assert_healthy(&world);
}

#[test]
fn srv_11_a_head_has_its_time() {
    let world = World::new();
    let begun = Instant::now();
    let mut slow: Vec<Connection> = (0..3).map(|_| Connection::open(world.address())).collect();
    for connection in &mut slow {
        connection.write(b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ");
    }
    assert_healthy(&world);
    for connection in &mut slow {
        assert!(connection.is_closed());
    }
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(10) && waited < Duration::from_secs(20), "{waited:?}");
}

#[test]
fn srv_11_a_body_makes_progress_or_ends() {
    let world = World::with(|config| config.limits.stall_window = Duration::from_millis(600));
    let location = world.send(&request("POST", "/v2/a/blobs/uploads/")).location();
    let mut stalled = Connection::open(world.address());
    stalled.write(
        format!("PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc").as_bytes(),
    );
    let response = stalled.read(false).unwrap();
    response.assert_refused(408, "BLOB_UPLOAD_INVALID");
    assert!(String::from_utf8_lossy(&response.body).contains("STALL_WINDOW"));
    // What had come is kept.
    assert_eq!(world.get(&location).header("range"), Some("0-2"));
    // Slow but steady is fine.
    let bytes = noise(1, 300_000);
    let digest = Digest::of(&bytes);
    let mut steady = Connection::open(world.address());
    steady.write(
        format!(
            "POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
        )
        .as_bytes(),
    );
    for chunk in bytes.chunks(20_000) {
        steady.write(chunk);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(steady.read(false).unwrap().status, 201);
}

#[test]
fn srv_11_a_client_that_takes_nothing_is_let_go() {
    let world = World::with(|config| config.limits.stall_window = Duration::from_millis(500));
    let digest = world.push_blob("a", &noise(1, 30 << 20));
    let mut lazy: Vec<Connection> = (0..20).map(|_| Connection::open(world.address())).collect();
    for connection in &mut lazy {
        connection.write(&request("GET", &format!("/v2/a/blobs/{digest}")).bytes());
    }
    let pulls = || {
        let text = String::from_utf8(world.get("/metrics").body).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("strata_registry_pulls_under_way "))
            .unwrap()
            .to_owned();
        line.rsplit(' ').next().unwrap().parse::<u32>().unwrap()
    };
    let deadline = Instant::now() + Duration::from_secs(15);
    while pulls() > 0 {
        assert!(Instant::now() < deadline, "{} pulls", pulls());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_healthy(&world);
}

#[test]
fn srv_11_connections_have_limits_and_idle_ones_delay_nobody() {
    let world = World::with(|config| {
        config.limits.connections = 300;
        config.limits.connections_per_address = 290;
    });
    let idle: Vec<Connection> = (0..280).map(|_| Connection::open(world.address())).collect();
    let begun = Instant::now();
    assert_eq!(world.get("/v2/").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(1));
    let more: Vec<Connection> = (0..20).map(|_| Connection::open(world.address())).collect();
    let mut beyond = Connection::open(world.address());
    let _ = beyond.stream().write_all(&request("GET", "/v2/").bytes());
    assert!(beyond.read(false).is_none());
    drop((idle, more));
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let mut connection = Connection::open(world.address());
        let _ = connection.stream().write_all(&request("GET", "/v2/").bytes());
        if connection.read(false).is_some_and(|response| response.status == 200) {
            break;
        }
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn srv_10_ranges_cannot_overflow() {
    let world = World::new();
    let digest = world.push_blob("a", &noise(1, 40_000));
    for range in [
        "bytes=0-18446744073709551615",
        "bytes=-18446744073709551616",
        "bytes=9223372036854775808-",
        "bytes=0-,1-,2-,3-",
        "bytes=18446744073709551615-18446744073709551614",
    ] {
        let get = request("GET", &format!("/v2/a/blobs/{digest}")).header("Range", range);
        let response = world.send(&get);
        assert!(matches!(response.status, 200 | 206 | 416), "{range} {}", response.status);
    }
}

#[test]
fn srv_9_absurd_page_sizes_cost_nothing() {
    let world = World::new();
    world.push_image("a", "t", b"x");
    for n in ["99999999999999999999999999", "18446744073709551615", "1001"] {
        assert_eq!(world.get(&format!("/v2/a/tags/list?n={n}")).json()["tags"], serde_json::json!(["t"]));
        assert_eq!(world.get(&format!("/v2/_catalog?n={n}")).status, 200);
        assert_eq!(world.get(&format!("/v1/search?q=a&n={n}&page={n}")).status, 200);
    }
    let injected = world.get("/v2/a/tags/list?last=%27%20OR%201%3D1%20--");
    assert_eq!(injected.json()["tags"], serde_json::json!(["t"]));
}
