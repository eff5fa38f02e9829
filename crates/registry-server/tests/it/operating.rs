//! For who operates it: health, numbers, the log, and looking at a root.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use registry_server::operate::{Depth, Facts, Finding, describe, du, facts, gc, is_served, ls, verify};
use registry_server::{Clock, Config, LogSink, RepositoryName, serve};
use spec::Digest;

use crate::client::{Connection, World, noise, request};

#[test]
fn health_and_numbers_are_told() {
    let world = World::new();
    world.push_image("a", "t", b"x");
    for target in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(world.get(target).json()["status"], "ok", "{target}");
    }
    let text = String::from_utf8(world.get("/metrics").body).unwrap();
    assert!(text.contains("strata_registry_requests_total{method=\"put\",status=\"2xx\"} 1\n"), "{text}");
    assert!(
        text.contains("strata_registry_manifests 1\n") && text.contains("strata_registry_blobs 2\n"),
        "{text}"
    );
}

#[test]
fn srv_18_the_log_has_no_secrets() {
    let lines = Arc::new(Mutex::new(Vec::<String>::new()));
    let world = World::with(|config| {
        let lines = Arc::clone(&lines);
        config.log = LogSink::new(move |line| lines.lock().unwrap().push(line.to_owned()));
    });
    let get = request("GET", "/v2/a/tags/list?token=canary-query").basic("ann", "canary-password");
    let id = world.send(&get).header("x-request-id").unwrap().to_owned();
    world.send(&request("GET", "/v2/").header("Authorization", "Bearer canary-token"));
    world.send(&request("POST", "/token").body(b"grant_type=password&username=a&password=canary-form"));
    world.send(&request("GET", "/v2/%0a%22%7d/tags/list").header("X", "canary-header"));
    let lines = lines.lock().unwrap().clone();
    assert_eq!(lines.len(), 4);
    for line in &lines {
        assert!(!line.contains("canary") && !line.contains('\n'), "{line}");
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["request"].is_string() && value["microseconds"].is_u64());
    }
    assert!(lines[0].contains(&format!("\"request\":\"{id}\"")), "{}", lines[0]);
}

#[test]
fn a_warning_is_sent_in_its_one_form() {
    let world = World::with(|config| config.warning = Some("moves to \"x\"\r\non Friday".to_owned()));
    assert_eq!(world.get("/v2/").header("warning"), Some("299 - \"moves to xon Friday\""));
    assert!(World::new().get("/v2/").header("warning").is_none());
}

#[test]
fn a_root_is_looked_at_with_a_server_on_it_and_without() {
    let mut world = World::new();
    let layer = noise(1, 50_000);
    world.push_image("a/b", "t", &layer);
    world.push_image("c", "t", &layer);
    let name = RepositoryName::parse("a/b").unwrap();
    let said = Facts { description: "what it is".to_owned(), stars: 3, official: false, automated: true };
    describe(&world.config.root, &name, said.clone()).unwrap();
    for _ in 0..2 {
        let listed = ls(&world.config.root).unwrap();
        let names: Vec<&str> = listed.iter().map(|listed| listed.name.as_str()).collect();
        assert_eq!((names, listed[0].facts == said), (vec!["a/b", "c"], true));
        let usage = listed[0].usage;
        assert_eq!((usage.manifests, usage.tags, usage.blobs), (1, 1, 2));
        assert_eq!(usage.bytes - usage.own_bytes, 50_002);
        let total = du(&world.config.root).unwrap();
        assert_eq!((total.manifests, total.blobs), (2, 2));
        assert_eq!(facts(&world.config.root, &name).unwrap(), Some(said.clone()));
        assert_eq!(verify(&world.config.root, Depth::Bytes).unwrap(), []);
        drop(world.server.take());
    }
    let config = Config { ..world.config.clone() };
    assert_eq!(gc(&config, Duration::ZERO).unwrap().collected.blobs, 0);
}

#[test]
fn verification_finds_what_is_wrong() {
    let world = World::new();
    let (cut, changed, lost) = (noise(1, 50_000), noise(2, 50_000), noise(3, 50_000));
    let digests = [&cut, &changed, &lost].map(|bytes| world.push_blob("a", bytes));
    let file_of = |bytes: &[u8]| {
        let files = world.blob_files();
        files.into_iter().find(|file| std::fs::read(file).unwrap() == bytes).unwrap()
    };
    let (cut_file, changed_file, lost_file) = (file_of(&cut), file_of(&changed), file_of(&lost));
    std::fs::write(&cut_file, &cut[..10]).unwrap();
    let mut other = changed.clone();
    other[100] ^= 1;
    std::fs::write(&changed_file, &other).unwrap();
    std::fs::remove_file(&lost_file).unwrap();
    let stranger = changed_file.with_file_name("0123456789abcdef0123456789abcdef");
    std::fs::write(&stranger, "x").unwrap();
    let mut findings = verify(&world.config.root, Depth::Bytes).unwrap();
    findings.sort_by_key(|finding| format!("{finding:?}"));
    let damaged =
        |digest: &Digest, found: &str| Finding::Damaged { digest: digest.clone(), found: found.to_owned() };
    let mut expect = vec![
        damaged(&digests[0], "10 bytes instead of 50000"),
        damaged(&digests[1], &format!("bytes of {}", Digest::of(&other))),
        Finding::Missing(digests[2].clone()),
    ];
    expect.sort_by_key(|finding| format!("{finding:?}"));
    // The clock of the test stands long before the file was written: it may be of an upload that began just now.
    assert_eq!(findings, expect);
    let sizes = verify(&world.config.root, Depth::Sizes).unwrap();
    assert_eq!(sizes.len(), 2, "{sizes:?}");
    for digest in [&digests[0], &digests[2]] {
        assert_eq!(world.get(&format!("/v2/a/blobs/{digest}")).refusal().0, 500);
    }
    assert_eq!(world.get("/v2/").status, 200);
}

/// Only the server itself knows that nobody was uploading: then even what was written a moment ago is nobody's.
#[test]
fn what_a_machine_that_went_down_left_behind_is_removed() {
    let mut world = World::with(|config| config.clock = Clock::system());
    let layer = noise(1, 50_000);
    let digest = world.push_blob("a", &layer);
    drop(world.server.take());
    let blob = world.blob_files().remove(0);
    let part = blob.file_name().unwrap().to_str().unwrap()[..2].to_owned();
    let leave = |digit: &str, written: SystemTime| {
        let path = blob.with_file_name(format!("{part}{}", digit.repeat(30)));
        std::fs::File::create(&path).unwrap().set_modified(written).unwrap();
        path
    };
    let left = leave("0", SystemTime::now() - Duration::from_secs(5));
    let later = leave("1", SystemTime::now() + Duration::from_secs(500));
    let database = rusqlite::Connection::open(world.config.root.join("metadata.db")).unwrap();
    database.execute("UPDATE setting SET value = 'another' WHERE name = 'boot'", []).unwrap();
    drop(database);
    world.restart();
    let begun = Instant::now();
    while left.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the file is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(later.exists() && world.get(&format!("/v2/a/blobs/{digest}")).body == layer);
}

#[test]
fn one_server_serves_a_root() {
    let mut world = World::new();
    assert!(is_served(&world.config.root).unwrap());
    world.restart();
    let error = serve(world.config.clone()).err().unwrap().to_string();
    assert!(error.contains("another server is running on it"), "{error}");
    drop(world.server.take());
    assert!(!is_served(&world.config.root).unwrap());
    assert!(is_served(&world.root.path().join("none")).is_err());
}

#[test]
fn an_address_in_use_is_named() {
    let world = World::new();
    let mut config = Config::new(world.root.path().join("other"));
    config.listen = world.address();
    let error = serve(config).err().unwrap().to_string();
    assert!(error.contains(&format!("cannot listen on {}", world.address())), "{error}");
}

#[test]
fn srv_2_a_root_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.config.root), 0o700);
    let mut config = world.config.clone();
    config.listen = "0.0.0.0:0".parse().unwrap();
    let error = serve(config).err().unwrap().to_string();
    assert!(error.contains("anybody could write"), "{error}");
}

/// Clients that have sent half a head or nothing at all do not hold up an end; answers under way are sent.
#[test]
fn an_end_waits_for_answers_alone() {
    let mut world = World::new();
    let layer = noise(1, 20 << 20);
    let digest = world.push_blob("a", &layer);
    let open = |bytes: &[u8]| {
        let mut connection = Connection::open(world.address());
        connection.write(bytes);
        connection
    };
    let mut pulling = open(&request("GET", &format!("/v2/a/blobs/{digest}")).bytes());
    pulling.stream().peek(&mut [0]).unwrap();
    let mut idle = open(&request("GET", "/v2/").bytes());
    assert_eq!(idle.read(false).unwrap().status, 200);
    let mut second = open(&request("GET", "/v2/").bytes());
    assert_eq!(second.read(false).unwrap().status, 200);
    second.write(b"GET /v2/ HTTP/1.1\r\nHost: ");
    let mut waiting = [open(b""), open(b"G"), open(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n"), idle, second];
    // All of it has arrived before the end begins.
    assert_eq!(world.get("/v2/").status, 200);
    let server = world.server.take().unwrap();
    let ending = std::thread::spawn(move || server.stop());
    for connection in &mut waiting {
        assert!(connection.is_closed());
    }
    assert!(!ending.is_finished(), "a pull was under way");
    assert!(pulling.read(false).unwrap().body == layer);
    ending.join().unwrap();
}
