//! Pulling and deleting blobs.

use spec::Digest;

use crate::client::{Connection, World, noise, request};

#[test]
fn get_and_head_agree() {
    let world = World::new();
    for size in [0, 2_048, 100_000] {
        let bytes = noise(size as u64, size);
        let target = format!("/v2/a/blobs/{}", world.push_blob("a", &bytes));
        let (get, head) = (world.get(&target), world.send(&request("HEAD", &target)));
        assert_eq!((get.status, head.status, &get.body, head.body.len()), (200, 200, &bytes, 0));
        let comparable = |headers: &[(String, String)]| {
            let differs = ["date", "x-request-id"];
            let mut headers = headers.to_vec();
            headers.retain(|(name, _)| !differs.contains(&name.as_str()));
            headers.sort();
            headers
        };
        assert_eq!(comparable(&get.headers), comparable(&head.headers));
        assert_eq!(get.header("content-length"), Some(&*size.to_string()));
        assert_eq!(get.header("accept-ranges"), Some("bytes"));
        assert_eq!(get.header("cache-control"), Some("max-age=31536000, immutable"));
    }
}

#[test]
fn ranges_are_served() {
    let world = World::new();
    for size in [2_048_usize, 200_000] {
        let bytes = noise(size as u64, size);
        let target = format!("/v2/a/blobs/{}", world.push_blob("a", &bytes));
        let check = |range: &str, first: usize, last: usize| {
            let response = world.send(&request("GET", &target).header("Range", range));
            assert_eq!(response.status, 206, "{range}");
            let content_range = format!("bytes {first}-{last}/{size}");
            assert_eq!(response.header("content-range"), Some(&*content_range));
            assert!(response.body == bytes[first..=last], "{range}");
        };
        check("bytes=500-1499", 500, 1_499);
        check("bytes=500-", 500, size - 1);
        check("bytes=-500", size - 500, size - 1);
        check(&format!("bytes=2000-{}", size + 5_000), 2_000, size - 1);
        check("bytes=0-0", 0, 0);
        for range in ["bytes=500-0", "bytes=900000-910000"] {
            let response = world.send(&request("GET", &target).header("Range", range));
            response.assert_refused(416, "RANGE_INVALID");
            assert_eq!(response.header("content-range"), Some(&*format!("bytes */{size}")));
        }
        for range in ["bytes=0-1,5-6", "lines=1-2", "bytes=x"] {
            let response = world.send(&request("GET", &target).header("Range", range));
            assert!((response.status, response.body == bytes) == (200, true), "{range}");
        }
    }
}

#[test]
fn what_is_known_is_not_sent_again() {
    let world = World::new();
    let digest = world.push_blob("a", b"hello");
    let target = format!("/v2/a/blobs/{digest}");
    let tag = world.get(&target).header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{digest}\""));
    let ask = |method: &str, tag: &str| world.send(&request(method, &target).header("If-None-Match", tag));
    for method in ["GET", "HEAD"] {
        let response = ask(method, &tag);
        // A length would be that of the content, if there was one.
        let length = response.header("content-length").map(str::to_owned);
        assert!(response.status == 304 && length.is_none_or(|length| length != "0"), "{response:?}");
    }
    assert_eq!(ask("GET", "\"else\"").status, 200);
    // What is not there is not there, whatever the client has.
    let absent = format!("/v2/b/blobs/{digest}");
    assert_eq!(world.send(&request("GET", &absent).header("If-None-Match", &tag)).status, 404);
}

#[test]
fn srv_4_a_blob_is_served_through_a_repository_that_holds_it() {
    let world = World::new();
    let bytes = noise(1, 30_000);
    let digest = world.push_blob("private/a", &bytes);
    for other in ["private/b", "private", "public/a"] {
        for method in ["GET", "DELETE"] {
            let target = format!("/v2/{other}/blobs/{digest}");
            world.send(&request(method, &target)).assert_refused(404, "BLOB_UNKNOWN");
        }
    }
    // Pushed to another repository it does not come back to where it was deleted.
    world.push_blob("public/a", &bytes);
    assert_eq!(world.send(&request("DELETE", &format!("/v2/private/a/blobs/{digest}"))).status, 202);
    world.get(&format!("/v2/private/a/blobs/{digest}")).assert_refused(404, "BLOB_UNKNOWN");
    world.push_blob("public/a", &bytes);
    world.get(&format!("/v2/private/a/blobs/{digest}")).assert_refused(404, "BLOB_UNKNOWN");
    assert!(world.get(&format!("/v2/public/a/blobs/{digest}")).body == bytes);
}

#[test]
fn srv_12_answers_carry_checked_values_alone() {
    let world = World::new();
    let digest = world.push_blob("a", b"<script>alert(1)</script>");
    let blob = world.get(&format!("/v2/a/blobs/{digest}"));
    assert_eq!(blob.header("content-type"), Some("application/octet-stream"));
    assert_eq!(blob.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(blob.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    let post = request("POST", "/v2/a/blobs/uploads/")
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "https")
        .header("Forwarded", "host=evil.example");
    let location = world.send(&post).location();
    assert!(location.starts_with("/v2/a/blobs/uploads/"), "{location}");
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": crate::client::MANIFEST, "layers": [],
        "config": crate::client::descriptor("application/x", &digest, 25),
        "annotations": { "a": "x\r\nSet-Cookie: y" },
    });
    let pushed = world.push("a", "t", &manifest);
    assert_eq!(pushed.status, 201);
    assert!(pushed.header("set-cookie").is_none());
    let evil = world.push("a", "t", &serde_json::json!({ "mediaType": "a/b\u{7f}" }));
    assert_eq!(evil.status, 400);
}

#[test]
fn a_deleted_blob_is_gone() {
    let world = World::new();
    let digest = world.push_blob("a", &noise(3, 40_000));
    let target = format!("/v2/a/blobs/{digest}");
    assert_eq!(world.send(&request("DELETE", &target)).status, 202);
    world.get(&target).assert_refused(404, "BLOB_UNKNOWN");
    world.send(&request("DELETE", &target)).assert_refused(404, "BLOB_UNKNOWN");
    world.collect();
    assert_eq!(world.blob_files().len(), 0);
    world.assert_sound();
}

#[test]
fn a_connection_serves_many_requests() {
    let world = World::new();
    let digest = world.push_blob("a", b"x");
    let mut connection = Connection::open(world.address());
    for _ in 0..50 {
        assert_eq!(connection.send(&request("GET", &format!("/v2/a/blobs/{digest}"))).status, 200);
        assert_eq!(connection.send(&request("GET", "/v2/a/blobs/none")).status, 400);
        // A refused body does not become the next request.
        let put = request("PUT", "/v2/A/manifests/x").body(b"GET /v2/ HTTP/1.1\r\n\r\n");
        assert_eq!(connection.send(&put).status, 400);
    }
    // Requests that do not wait for answers are answered in their order.
    let mut bytes = request("GET", "/v2/").bytes();
    bytes.extend(request("GET", &format!("/v2/a/blobs/{}", Digest::of(b"none"))).bytes());
    connection.write(&bytes);
    assert_eq!(connection.read(false).unwrap().status, 200);
    assert_eq!(connection.read(false).unwrap().status, 404);
}
