use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::skip::installed;

/// A response as it came over the wire.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// One request on a connection of its own; everything that comes until the server closes.
fn ask_raw(url: &str, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let address = url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut text = format!("{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
    socket.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    // A server that has been told to break off early may have done so by now.
    drop(socket.write_all(body));
    let mut bytes = Vec::new();
    drop(socket.read_to_end(&mut bytes));
    bytes
}

fn ask_at(url: &str, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let bytes = ask_raw(url, request, headers, body);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head, body: bytes[end + 4..].to_vec() }
}

fn ask(registry: &Registry, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    ask_at(registry.url(), request, headers, body)
}

fn get(registry: &Registry, path: &str) -> Reply {
    ask(registry, &format!("GET {path}"), &[], b"")
}

#[test]
fn serves_manifests_by_tag_and_digest() {
    let registry = Registry::new();
    let bytes = br#"{"schemaVersion":2}"#;
    let media_type = spec::MediaType::OCI_MANIFEST;
    let digest = registry.put_manifest("a/b", &["v1", "latest"], media_type, bytes);
    for reference in ["v1", "latest", digest.as_str()] {
        let reply = get(&registry, &format!("/v2/a/b/manifests/{reference}"));
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body, bytes);
        assert_eq!(reply.header("content-type"), Some(media_type));
        assert_eq!(reply.header("docker-content-digest"), Some(digest.as_str()));
        let head = ask(&registry, &format!("HEAD /v2/a/b/manifests/{reference}"), &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), Some(bytes.len().to_string().as_str()));
    }
    let reply = get(&registry, "/v2/a/b/manifests/nosuch");
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["errors"][0]["code"], "MANIFEST_UNKNOWN");
    assert_eq!(get(&registry, "/v2/other/manifests/v1").status, 404);

    assert_eq!(ask(&registry, "DELETE /v2/a/b/manifests/v1", &[], b"").status, 202);
    assert_eq!(get(&registry, "/v2/a/b/manifests/v1").status, 404);
    assert_eq!(get(&registry, "/v2/a/b/manifests/latest").status, 200);
    assert_eq!(ask(&registry, &format!("DELETE /v2/a/b/manifests/{digest}"), &[], b"").status, 202);
    assert_eq!(get(&registry, "/v2/a/b/manifests/latest").status, 404);
}

#[test]
fn serves_blobs_whole_and_in_ranges() {
    let registry = Registry::new();
    let content = Content::Synthetic { seed: 1, len: 300_000 };
    let whole = content.to_vec().unwrap();
    let digest = registry.put_blob("a/b", content);
    let path = format!("/v2/a/b/blobs/{digest}");
    assert_eq!(get(&registry, &path).body, whole);
    let check = |range: &str, status: u16, content_range: &str, expect: &[u8]| {
        let reply = ask(&registry, &format!("GET {path}"), &[("Range", range)], b"");
        assert_eq!((reply.status, reply.header("content-range")), (status, Some(content_range)), "{range}");
        assert!(reply.body == expect || status == 416, "{range}");
    };
    check("bytes=5-9", 206, "bytes 5-9/300000", &whole[5..10]);
    check("bytes=299990-", 206, "bytes 299990-299999/300000", &whole[299_990..]);
    check("bytes=-7", 206, "bytes 299993-299999/300000", &whole[299_993..]);
    check("bytes=300000-", 416, "bytes */300000", b"");
    let reply = get(&registry, &format!("/v2/other/blobs/{digest}"));
    assert_eq!((reply.status, reply.json()["errors"][0]["code"].as_str()), (404, Some("BLOB_UNKNOWN")));
    let sent: Vec<u64> =
        registry.requests_to("GET", "/v2/a/b/blobs/*").iter().map(|r| r.bytes_sent).collect();
    assert_eq!(sent[..4], [300_000, 5, 10, 7]);
    assert_eq!(registry.bytes_sent("GET", "/v2/a/b/blobs/*"), sent.iter().sum::<u64>());
}

#[test]
fn takes_uploads_in_every_form() {
    let registry = Registry::new();
    let bytes = b"hello, layer";
    let digest = Digest::of(bytes);
    // one request
    let reply = ask(&registry, &format!("POST /v2/a/blobs/uploads/?digest={digest}"), &[], bytes);
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("location"), Some(format!("/v2/a/blobs/{digest}").as_str()));
    let refused = ask(&registry, &format!("POST /v2/a/blobs/uploads/?digest={digest}"), &[], b"other");
    assert_eq!((refused.status, refused.json()["errors"][0]["code"].as_str()), (400, Some("DIGEST_INVALID")));
    // mount, from where it is and from where it is not
    let mount = |from: &str| {
        ask(&registry, &format!("POST /v2/b/blobs/uploads/?mount={digest}&from={from}"), &[], b"").status
    };
    assert_eq!((mount("nosuch"), mount("a")), (202, 201));
    assert_eq!(registry.blob("b", &digest).as_deref(), Some(bytes.as_slice()));
    // chunks, one of them wrong
    let begun = ask(&registry, "POST /v2/c/blobs/uploads/", &[], b"");
    assert_eq!((begun.status, begun.header("range")), (202, Some("0-0")));
    let location = begun.header("location").unwrap().to_owned();
    let patch = |range: &str, part: &[u8]| {
        let reply = ask(&registry, &format!("PATCH {location}"), &[("Content-Range", range)], part);
        (reply.status, reply.header("range").unwrap().to_owned())
    };
    assert_eq!(patch("0-4", &bytes[..5]), (202, "0-4".into()));
    assert_eq!(patch("9-10", &bytes[9..11]), (416, "0-4".into()));
    let status = get(&registry, &location);
    assert_eq!((status.status, status.header("range")), (204, Some("0-4")));
    let finished = ask(&registry, &format!("PUT {location}?digest={digest}"), &[], &bytes[5..]);
    assert_eq!(finished.status, 201);
    assert_eq!(registry.blob("c", &digest).as_deref(), Some(bytes.as_slice()));
    assert_eq!(get(&registry, &location).status, 404);
}

#[test]
fn checks_what_is_pushed() {
    let registry = Registry::new();
    let media_type = spec::MediaType::OCI_MANIFEST;
    let config = registry.put_blob("a", "{}");
    let manifest = |digest: &Digest, media_type: &str| {
        let config = json!({"mediaType": spec::MediaType::OCI_CONFIG, "digest": digest, "size": 2});
        json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": []}).to_string()
    };
    let put = |reference: &str, text: &str| {
        let headers = [("Content-Type", media_type)];
        let reply = ask(&registry, &format!("PUT /v2/a/manifests/{reference}"), &headers, text.as_bytes());
        let code =
            (reply.status != 201).then(|| reply.json()["errors"][0]["code"].as_str().map(str::to_owned));
        (reply.status, code.flatten())
    };
    let good = manifest(&config, media_type);
    let refused = |status, code: &str| (status, Some(code.to_owned()));
    assert_eq!(put("v1", &good), (201, None));
    assert_eq!(put(Digest::of(good.as_bytes()).as_str(), &good), (201, None));
    assert_eq!(put(Digest::of(b"").as_str(), &good), refused(400, "DIGEST_INVALID"));
    assert_eq!(put("v1", "{"), refused(400, "MANIFEST_INVALID"));
    assert_eq!(put("v1", &manifest(&config, spec::MediaType::OCI_INDEX)), refused(400, "MANIFEST_INVALID"));
    assert_eq!(put("v1", &manifest(&Digest::of(b"?"), media_type)), refused(400, "MANIFEST_BLOB_UNKNOWN"));
    assert_eq!(registry.manifest("a", "v1").unwrap().bytes, good.as_bytes());
}

#[test]
fn pages_lists() {
    let registry = Registry::with(Options { page_size: 3, ..Options::default() });
    let digest = registry.put_manifest("a/b", &[], spec::MediaType::OCI_MANIFEST, b"{}");
    for tag in ["1", "10", "2", "v+x", "z"] {
        registry.tag("a/b", tag, &digest);
    }
    let mut path = "/v2/a/b/tags/list?n=2".to_owned();
    let mut tags = Vec::new();
    loop {
        let reply = get(&registry, &path);
        let page = reply.json()["tags"].as_array().unwrap().clone();
        assert!(page.len() <= 2);
        tags.extend(page);
        let Some(link) = reply.header("link") else { break };
        path = link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
    }
    assert_eq!(tags, ["1", "10", "2", "v+x", "z"]);
    assert_eq!(get(&registry, "/v2/a/b/tags/list").json()["tags"].as_array().unwrap().len(), 3);
    assert_eq!(get(&registry, "/v2/a/b/tags/list?n=0").json()["tags"], json!([]));
    assert_eq!(get(&registry, "/v2/_catalog").json(), json!({"repositories": ["a/b"]}));
    assert_eq!(get(&registry, "/v2/nosuch/tags/list").status, 404);
}

#[test]
fn lists_referrers() {
    let registry = Registry::new();
    let subject = registry.put_manifest("a", &["v1"], spec::MediaType::OCI_MANIFEST, b"{}");
    let text = json!({"artifactType": "x/sig", "subject": {"digest": subject}}).to_string();
    let signature = registry.put_manifest("a", &[], spec::MediaType::OCI_MANIFEST, text.as_bytes());
    let reply = get(&registry, &format!("/v2/a/referrers/{subject}"));
    assert_eq!(reply.header("content-type"), Some(spec::MediaType::OCI_INDEX));
    assert_eq!(reply.json()["manifests"][0]["digest"], signature.as_str());
    assert_eq!(get(&registry, &format!("/v2/a/referrers/{signature}")).json()["manifests"], json!([]));
    assert_eq!(get(&registry, "/v2/a/referrers/x").status, 400);
}

#[test]
fn searches_like_docker_hub() {
    let registry = Registry::new();
    assert_eq!(get(&registry, "/v1/search?q=a").status, 404);
    let entry = |name: &str, stars, official| SearchEntry {
        name: name.to_owned(),
        description: "about it".to_owned(),
        stars,
        official,
        automated: false,
    };
    registry.serve_search(vec![
        entry("alpine", 9962, true),
        entry("x/alpine", 4, false),
        entry("redis", 1, true),
    ]);
    assert_eq!(get(&registry, "/v1/_ping").status, 200);
    let found = get(&registry, "/v1/search?q=alpine&n=1").json();
    assert_eq!(
        (&found["num_results"], &found["num_pages"], &found["page_size"]),
        (&json!(2), &json!(2), &json!(1))
    );
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    assert_eq!(found["results"][0]["star_count"], 9962);
    assert_eq!(get(&registry, "/v1/search?q=%2Falpine").json()["results"][0]["name"], "x/alpine");
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn users() -> Vec<(String, String)> {
    vec![("joe".to_owned(), "secret".to_owned())]
}

#[test]
fn asks_for_a_password() {
    let registry = Registry::with(Options { auth: Auth::Basic, users: users(), ..Options::default() });
    let reply = get(&registry, "/v2/");
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Basic realm=\"testkit\"")));
    let status =
        |user, password| ask(&registry, "GET /v2/", &[("Authorization", &basic(user, password))], b"").status;
    assert_eq!((status("joe", "secret"), status("joe", "wrong"), status("ann", "secret")), (200, 401, 401));
}

/// A registry with one public and one private repository, `v1` in each.
fn token_registry() -> Registry {
    let private = vec!["private/*".to_owned()];
    let registry =
        Registry::with(Options { auth: Auth::Bearer, users: users(), private, ..Options::default() });
    for repository in ["open/a", "private/a"] {
        registry.put_manifest(repository, &["v1"], spec::MediaType::OCI_MANIFEST, b"{}");
    }
    registry
}

/// Follows a challenge, with credentials or without.
fn token(registry: &Registry, path: &str, authorization: Option<&str>) -> Reply {
    let reply = get(registry, path);
    assert_eq!(reply.status, 401);
    let challenge = reply.header("www-authenticate").unwrap().to_owned();
    let field =
        |name: &str| challenge.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
    let realm = field("realm").strip_prefix(registry.url()).unwrap();
    let request = format!("GET {realm}?service={}&scope={}", field("service"), field("scope"));
    let headers: Vec<_> = authorization.map(|value| ("Authorization", value)).into_iter().collect();
    ask(registry, &request, &headers, b"")
}

#[test]
fn gives_tokens_and_heeds_their_scopes() {
    let registry = token_registry();
    let with = |path: &str, token: &str| {
        ask(&registry, &format!("GET {path}"), &[("Authorization", &format!("Bearer {token}"))], b"")
    };
    let text = |reply: &Reply| reply.json()["token"].as_str().unwrap().to_owned();
    let anonymous = text(&token(&registry, "/v2/open/a/manifests/v1", None));
    assert_eq!(with("/v2/", &anonymous).status, 200);
    assert_eq!(with("/v2/open/a/manifests/v1", &anonymous).status, 200);
    let refused = with("/v2/private/a/manifests/v1", &anonymous);
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").unwrap().ends_with(r#"error="insufficient_scope""#));

    let anonymous = text(&token(&registry, "/v2/private/a/manifests/v1", None));
    assert_eq!(with("/v2/private/a/manifests/v1", &anonymous).status, 401);
    let joe = text(&token(&registry, "/v2/private/a/manifests/v1", Some(&basic("joe", "secret"))));
    assert_eq!(with("/v2/private/a/manifests/v1", &joe).status, 200);
    assert_eq!(with("/v2/open/a/manifests/v1", &joe).status, 401, "another repository's token");
    assert_eq!(token(&registry, "/v2/private/a/manifests/v1", Some(&basic("joe", "wrong"))).status, 401);
    registry.expire_tokens();
    assert_eq!(with("/v2/private/a/manifests/v1", &joe).status, 401);
    assert_eq!(with("/v2/", "made-up").status, 401);
}

#[test]
fn gives_identity_tokens() {
    let registry = token_registry();
    let post = |form: &str| ask(&registry, "POST /token", &[], form.as_bytes());
    let scope = "service=testkit&client_id=x&scope=repository%3Aprivate%2Fa%3Apull";
    let first =
        post(&format!("grant_type=password&username=joe&password=secret&access_type=offline&{scope}"));
    assert_eq!(first.json()["scope"], "repository:private/a:pull");
    let refresh = first.json()["refresh_token"].as_str().unwrap().to_owned();
    let second = post(&format!("grant_type=refresh_token&refresh_token={refresh}&{scope}"));
    let bearer = format!("Bearer {}", second.json()["access_token"].as_str().unwrap());
    let reply = ask(&registry, "GET /v2/private/a/manifests/v1", &[("Authorization", &bearer)], b"");
    assert_eq!(reply.status, 200);
    assert_eq!(post("grant_type=password&username=joe&password=no").status, 401);
    assert_eq!(post("grant_type=refresh_token&refresh_token=no").status, 401);
    assert_eq!(post("grant_type=other").status, 400);
    let headers = [("Authorization", basic("joe", "secret"))];
    let headers = [(headers[0].0, headers[0].1.as_str())];
    let reply = ask(&registry, "GET /token?offline_token=true", &headers, b"");
    assert!(reply.json()["refresh_token"].is_string());
}

#[test]
fn counts_pulls() {
    let limit = RateLimit { limit: 3, used: 1, window_seconds: 21600 };
    let registry = Registry::with(Options { rate_limit: Some(limit), ..Options::default() });
    registry.put_manifest("a", &["v1"], spec::MediaType::OCI_MANIFEST, b"{}");
    let remaining = |method: &str| {
        let reply = ask(&registry, &format!("{method} /v2/a/manifests/v1"), &[], b"");
        (reply.status, reply.header("ratelimit-remaining").map(str::to_owned))
    };
    assert_eq!(remaining("HEAD"), (200, Some("2;w=21600".into())));
    assert_eq!(remaining("GET"), (200, Some("1;w=21600".into())));
    assert_eq!(remaining("GET"), (200, Some("0;w=21600".into())));
    assert_eq!(remaining("GET"), (429, Some("0;w=21600".into())));
}

/// A registry with one blob of 100,000 bytes, and the blob's path and bytes.
fn with_blob() -> (Registry, String, Vec<u8>) {
    let registry = Registry::new();
    let content = Content::Synthetic { seed: 3, len: 100_000 };
    let bytes = content.to_vec().unwrap();
    let path = format!("/v2/a/blobs/{}", registry.put_blob("a", content));
    (registry, path, bytes)
}

#[test]
fn breaks_off_where_it_is_told() {
    let (registry, path, bytes) = with_blob();
    for fault in [Fault::ResetAfter(70_001), Fault::TruncateAfter(70_001)] {
        registry.on("GET", "/v2/a/blobs/*").times(1).then(fault.clone());
        let reply = get(&registry, &path);
        assert_eq!(reply.header("content-length"), Some("100000"));
        // A reset may take away what the client has not read yet.
        assert!(bytes[..70_001].starts_with(&reply.body), "{fault:?}");
        assert!(matches!(fault, Fault::ResetAfter(_)) || reply.body.len() == 70_001);
        assert_eq!(get(&registry, &path).body, bytes);
    }
    let sent: Vec<_> =
        registry.requests().iter().map(|request| (request.bytes_sent, request.finished)).collect();
    assert_eq!(sent, [(70_001, false), (100_000, true), (70_001, false), (100_000, true)]);
}

#[test]
fn stalls_and_waits_until_it_is_stopped() {
    let (registry, path, bytes) = with_blob();
    registry.on("GET", "*").then(Fault::StallAfter(10));
    let mut socket = TcpStream::connect(registry.host()).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
    assert!(registry.wait(Duration::from_secs(5), |log| log.iter().any(|request| request.bytes_sent == 10)));
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut got = Vec::new();
    assert!(socket.read_to_end(&mut got).is_err(), "the connection should be open and silent");
    assert!(got.ends_with(&bytes[..10]));
    let begun = Instant::now();
    drop(registry);
    assert!(begun.elapsed() < Duration::from_secs(2), "a stalled connection held the registry up");
    assert!(matches!(socket.read(&mut [0]), Ok(0) | Err(_)), "the connection outlived the registry");
}

#[test]
fn lies_about_the_body() {
    let (registry, path, bytes) = with_blob();
    let ranged = |fault: Fault| {
        registry.behave();
        registry.on("GET", "*").times(1).then(fault);
        ask(&registry, &format!("GET {path}"), &[("Range", "bytes=99990-")], b"")
    };
    let reply = ranged(Fault::CorruptAt(3));
    assert_eq!(reply.body[3], !bytes[99_993]);
    assert_eq!((&reply.body[..3], &reply.body[4..]), (&bytes[99_990..99_993], &bytes[99_994..]));
    let reply = ranged(Fault::IgnoreRange);
    assert_eq!((reply.status, reply.body.len()), (200, 100_000));
    let reply = ranged(Fault::content_range("bytes 0-9/10"));
    assert_eq!((reply.status, reply.header("content-range")), (206, Some("bytes 0-9/10")));
    let reply = ranged(Fault::StatedLength(99));
    assert_eq!((reply.header("content-length"), reply.body.len()), (Some("99"), 10));
    let reply = ranged(Fault::WithoutHeader("content-length".into()));
    assert_eq!((reply.header("content-length"), reply.body.len()), (None, 10));
    let reply = ranged(Fault::Raw(b"HTTP/9 299 banana\r\n\r\n".to_vec()));
    assert_eq!(reply.head, "HTTP/9 299 banana");
}

#[test]
fn answers_what_it_is_told() {
    let registry = Registry::new();
    let check = |fault: Fault, status: u16, header: &str, value: &str| {
        registry.behave();
        registry.on("*", "/v2/*").then(fault);
        let reply = get(&registry, "/v2/a/manifests/v1?x=1");
        assert_eq!((reply.status, reply.header(header)), (status, Some(value)));
    };
    check(Fault::status(500, "oops"), 500, "content-type", "text/plain");
    check(Fault::html(200), 200, "content-type", "text/html; charset=utf-8");
    check(Fault::too_many_requests("7"), 429, "retry-after", "7");
    check(Fault::unauthorized("Bearer realm=\"x\""), 401, "www-authenticate", "Bearer realm=\"x\"");
    let expect = "http://other/v2/a/manifests/v1?x=1";
    check(Fault::redirect(307, "http://other{target}"), 307, "location", expect);
    registry.behave();
    registry.on("*", "*").then(Fault::NoAnswer);
    assert_eq!(ask_raw(registry.url(), "GET /v2/", &[], b""), b"");
}

#[test]
fn can_be_slow_and_endless() {
    let (registry, path, bytes) = with_blob();
    let rule = || registry.on("GET", "*").times(1);
    rule().then(Fault::BytesPerSecond(200_000));
    rule().then(Fault::Delay(Duration::from_millis(150)));
    for least in [400, 150] {
        let begun = Instant::now();
        assert_eq!(get(&registry, &path).body, bytes);
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(least) && took < Duration::from_secs(5), "{took:?}");
    }
    rule().then(Fault::Endless);
    let mut socket = TcpStream::connect(registry.host()).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
    let mut some = vec![0; 1 << 20];
    socket.read_exact(&mut some).unwrap();
    assert!(!String::from_utf8_lossy(&some).contains("Content-Length"));
}

#[test]
fn breaks_off_while_it_is_sent_to() {
    let registry = Registry::new();
    let begun = ask(&registry, "POST /v2/a/blobs/uploads/", &[], b"");
    let location = begun.header("location").unwrap().to_owned();
    registry.on("PATCH", "*").times(1).then(Fault::ResetWhileReadingAfter(40_000));
    let body = vec![7; 90_000];
    assert_eq!(ask_raw(registry.url(), &format!("PATCH {location}"), &[], &body), b"");
    assert_eq!(get(&registry, &location).header("range"), Some("0-39999"));
}

#[test]
fn has_another_origin_without_a_gate() {
    let registry = Registry::with(Options { auth: Auth::Basic, users: users(), ..Options::default() });
    let digest = registry.put_blob("a", "bytes");
    let other = registry.second_origin();
    assert_ne!(other, registry.url());
    let path = format!("GET /v2/a/blobs/{digest}");
    assert_eq!(ask(&registry, &path, &[], b"").status, 401);
    assert_eq!(ask_at(&other, &path, &[], b"").body, b"bytes");
    let hosts: Vec<_> = registry.requests().iter().map(|r| r.header("host").map(str::to_owned)).collect();
    assert_eq!(hosts[1].as_deref(), other.strip_prefix("http://"));
}

#[test]
fn keeps_connections_alive_and_works_as_a_proxy() {
    let registry = Registry::new();
    let mut socket = TcpStream::connect(registry.host()).unwrap();
    for target in ["/v2/", "http://registry.test/v2/", "/v2/a/manifests/1"] {
        write!(socket, "GET {target} HTTP/1.1\r\n\r\n").unwrap();
        let mut bytes = [0; 9];
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"HTTP/1.1 ");
        // The rest of the answer comes with its beginning; the connection stays open.
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        drop(socket.read_to_end(&mut Vec::new()));
    }
    let requests = registry.requests();
    assert_eq!(requests.iter().map(|r| r.connection).collect::<Vec<_>>(), [0, 0, 0]);
    assert_eq!(requests.iter().map(|r| r.status).collect::<Vec<_>>(), [200, 200, 404]);
    assert_eq!(requests[1].target, "http://registry.test/v2/");
}

fn curl(arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("curl").args(["-sS", "--noproxy", "*"]).args(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(output.stdout) } else { Err(stderr) }
}

#[test]
fn curl_agrees() {
    if !installed("curl") {
        return;
    }
    let (registry, path, bytes) = with_blob();
    let curl = |arguments: &[&str]| curl(arguments).unwrap();
    let url = format!("{}{path}", registry.url());
    assert_eq!(curl(&[&url]), bytes);
    assert_eq!(curl(&["-r", "5-9", &url]), &bytes[5..10]);
    // A body long enough for curl to ask for leave first, sent in chunks, then finished.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body");
    let big = Content::Synthetic { seed: 9, len: 3 << 20 };
    std::fs::write(&file, big.to_vec().unwrap()).unwrap();
    let upload = format!("@{}", file.display());
    let head =
        String::from_utf8(curl(&["-i", "-X", "POST", &format!("{}/v2/c/blobs/uploads/", registry.url())]));
    let head = head.unwrap();
    let location = head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().trim();
    let target = format!("{}{location}", registry.url());
    let chunked = ["-X", "PATCH", "-H", "Transfer-Encoding: chunked", "--data-binary", &upload, &target];
    curl(&chunked);
    let digest = big.digest().unwrap();
    curl(&["-X", "PUT", &format!("{target}?digest={digest}")]);
    assert_eq!(registry.blob("c", &digest), big.to_vec().ok());
}

#[test]
fn speaks_tls() {
    if !installed("curl") {
        return;
    }
    let with = |flaw, client_certificates| {
        let tls = Tls { names: vec!["registry.test".to_owned()], flaw, client_certificates };
        Registry::with(Options { tls: Some(tls), ..Options::default() })
    };
    let path = |path: PathBuf| path.to_str().unwrap().to_owned();
    let check = |registry: &Registry, more: &[&str], expect: bool| {
        let authority = path(registry.certificates().unwrap().authority());
        let result = curl(&[&["--cacert", &authority], more].concat());
        assert_eq!(result.is_ok(), expect, "{more:?}: {result:?}");
    };
    let registry = with(None, false);
    let base = format!("{}/v2/", registry.url());
    assert!(base.starts_with("https://127.0.0.1:"));
    check(&registry, &[&base], true);
    assert!(curl(&[&base]).unwrap_err().contains("certificate"));
    let port = registry.host().split(':').nth(1).unwrap();
    let resolve = format!("registry.test:{port}:127.0.0.1");
    check(&registry, &["--resolve", &resolve, &format!("https://registry.test:{port}/v2/")], true);
    registry.on("*", "*").then(Fault::TruncateAfter(1));
    check(&registry, &[&base], false);

    for flaw in [Flaw::Expired, Flaw::OtherHost] {
        let registry = with(Some(flaw), false);
        check(&registry, &[&format!("{}/v2/", registry.url())], false);
    }
    let registry = with(None, true);
    let base = format!("{}/v2/", registry.url());
    let folder = tempfile::tempdir().unwrap();
    registry.certificates().unwrap().install(folder.path(), "registry.test").unwrap();
    let file = |name: &str| path(folder.path().join("registry.test").join(name));
    check(&registry, &[&base], false);
    check(&registry, &["--cert", &file("client.cert"), "--key", &file("client.key"), &base], true);
}
