//! Manifests and tags.

use serde_json::{Value, json};
use spec::{Algorithm, Digest, Digester};

use crate::client::{INDEX, MANIFEST, World, descriptor, request};

fn put(world: &World, target: &str, kind: &str, body: &[u8]) -> crate::client::Response {
    world.send(&request("PUT", target).header("Content-Type", kind).body(body))
}

#[test]
fn a_manifest_comes_back_as_it_was_pushed() {
    let world = World::new();
    let mut text = world.image("a", b"layer").to_string();
    // Not as anybody would write it: the bytes count.
    text.insert_str(1, " \n");
    let pushed = put(&world, "/v2/a/manifests/t", MANIFEST, text.as_bytes());
    let digest = Digest::of(text.as_bytes());
    assert_eq!((pushed.status, pushed.header("docker-content-digest")), (201, Some(digest.as_str())));
    assert_eq!(pushed.location(), format!("/v2/a/manifests/{digest}"));
    for reference in ["t", digest.as_str()] {
        let target = format!("/v2/a/manifests/{reference}");
        for accept in
            [None, Some("*/*"), Some(MANIFEST), Some("application/vnd.docker.distribution.manifest.v2+json")]
        {
            let get = request("GET", &target);
            let response = world.send(&accept.map_or(get.clone(), |accept| get.header("Accept", accept)));
            assert_eq!((response.status, response.header("content-type")), (200, Some(MANIFEST)));
            assert!(response.body == text.as_bytes());
            assert_eq!(response.header("docker-content-digest"), Some(digest.as_str()));
        }
        let head = world.send(&request("HEAD", &target));
        assert_eq!((head.status, head.header("content-length")), (200, Some(&*text.len().to_string())));
        let etag = head.header("etag").unwrap();
        let known = world.send(&request("GET", &target).header("If-None-Match", etag));
        assert!(known.status == 304 && known.header("content-length") != Some("0"), "{known:?}");
    }
    assert_eq!(world.get("/v2/a/manifests/none").refusal(), (404, "MANIFEST_UNKNOWN".to_owned()));
    assert_eq!(world.get("/v2/none/manifests/t").refusal(), (404, "MANIFEST_UNKNOWN".to_owned()));
}

#[test]
fn sha512_is_spoken_everywhere() {
    let world = World::new();
    let manifest = world.image("a", b"layer").to_string();
    let mut digester = Digester::new(Algorithm::Sha512);
    digester.update(manifest.as_bytes());
    let digest = digester.finish();
    let target = format!("/v2/a/manifests/{digest}");
    let pushed = put(&world, &format!("{target}?tag=x&tag=y"), MANIFEST, manifest.as_bytes());
    assert_eq!((pushed.status, pushed.header("docker-content-digest")), (201, Some(digest.as_str())));
    assert_eq!(pushed.header("oci-tag"), Some("x, y"));
    for reference in ["x", "y", digest.as_str()] {
        let found = world.get(&format!("/v2/a/manifests/{reference}"));
        assert_eq!((found.status, found.header("docker-content-digest")), (200, Some(digest.as_str())));
    }
    let wrong =
        digest.as_str().replace(&digest.hex()[..2], if digest.hex().starts_with("00") { "11" } else { "00" });
    put(&world, &format!("/v2/a/manifests/{wrong}"), MANIFEST, manifest.as_bytes())
        .assert_refused(400, "DIGEST_INVALID");
    assert_eq!(world.send(&request("DELETE", &target)).status, 202);
    assert_eq!(world.get("/v2/a/manifests/x").status, 404);
}

#[test]
fn srv_5_manifests_are_checked() {
    let world = World::with(|config| config.sparse_images = registry_server::Switch::Off);
    let good = world.image("a", b"layer");
    let check = |change: &dyn Fn(&mut Value), status: u16, code: &str| {
        let mut manifest = good.clone();
        change(&mut manifest);
        let response = put(&world, "/v2/a/manifests/t", MANIFEST, manifest.to_string().as_bytes());
        response.assert_refused(status, code);
    };
    check(&|m| m["manifests"] = json!([]), 400, "MANIFEST_INVALID");
    check(&|m| m["mediaType"] = json!(INDEX), 400, "MANIFEST_INVALID");
    check(&|m| m["schemaVersion"] = json!(1), 400, "MANIFEST_INVALID");
    check(&|m| m["schemaVersion"] = json!("2"), 400, "MANIFEST_INVALID");
    check(&|m| m["layers"][0]["size"] = json!(-1), 400, "MANIFEST_INVALID");
    check(&|m| m["layers"][0]["digest"] = json!("sha256:x"), 400, "MANIFEST_INVALID");
    check(&|m| m["layers"] = Value::Null, 400, "MANIFEST_INVALID");
    check(&|m| m["Layers"] = json!([]), 400, "MANIFEST_INVALID");
    check(&|m| m["config"]["mediaType"] = json!("x\r\ny"), 400, "MANIFEST_INVALID");
    check(&|m| m["annotations"] = json!({ "a": 1 }), 400, "MANIFEST_INVALID");
    check(&|m| m["subject"] = json!({ "digest": "x" }), 400, "MANIFEST_INVALID");
    let absent = Digest::of(b"absent");
    check(&|m| m["layers"][0]["digest"] = json!(absent.as_str()), 400, "MANIFEST_BLOB_UNKNOWN");
    let text = good.to_string();
    for bad in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        &format!("\u{feff}{text}"),
        &format!("{text}x"),
        &text.replacen('{', "{\"layers\":[],", 1),
    ] {
        put(&world, "/v2/a/manifests/t", MANIFEST, bad.as_bytes()).assert_refused(400, "MANIFEST_INVALID");
    }
    for kind in [INDEX, "text/html", "a/b\u{e9}", "x"] {
        put(&world, "/v2/a/manifests/t", kind, text.as_bytes()).assert_refused(400, "MANIFEST_INVALID");
    }
    put(&world, &format!("/v2/a/manifests/{absent}"), MANIFEST, text.as_bytes())
        .assert_refused(400, "DIGEST_INVALID");
    put(&world, "/v2/a/manifests/sha256:baddigeststring", MANIFEST, text.as_bytes())
        .assert_refused(400, "DIGEST_INVALID");
    assert_eq!(world.get("/v2/a/manifests/t").status, 404, "nothing of all this was kept");
    assert_eq!(
        put(&world, "/v2/a/manifests/t", &format!("{MANIFEST}; charset=utf-8"), text.as_bytes()).status,
        201
    );
}

#[test]
fn srv_5_the_size_has_a_limit() {
    let world = World::new();
    let image = world.image("a", b"layer");
    let sized = |bytes: usize| {
        let mut manifest = image.clone();
        manifest["annotations"] = json!({ "a": "" });
        let padding = bytes - manifest.to_string().len();
        manifest["annotations"]["a"] = json!("x".repeat(padding));
        manifest.to_string()
    };
    assert_eq!(put(&world, "/v2/a/manifests/t", MANIFEST, sized(4 << 20).as_bytes()).status, 201);
    assert_eq!(world.get("/v2/a/manifests/t").body.len(), 4 << 20);
    let over = sized((4 << 20) + 1);
    let put = request("PUT", "/v2/a/manifests/t").header("Content-Type", MANIFEST).body(over.as_bytes());
    for put in [put.clone(), put.chunked()] {
        let response = world.send(&put);
        response.assert_refused(413, "MANIFEST_INVALID");
        assert!(String::from_utf8_lossy(&response.body).contains("MANIFEST_BYTES_MAX (4194304)"));
    }
}

#[test]
fn each_missing_blob_is_named() {
    let world = World::with(|config| config.sparse_images = registry_server::Switch::Off);
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor("a/b", &one, 3),
        "layers": [descriptor("a/b", &two, 3)],
    });
    let response = world.push("a", "t", &manifest);
    response.assert_refused(400, "MANIFEST_BLOB_UNKNOWN");
    let errors = response.json()["errors"].clone();
    let digests: Vec<_> = errors.as_array().unwrap().iter().map(|e| e["detail"]["digest"].clone()).collect();
    assert_eq!(digests, [json!(one.as_str()), json!(two.as_str())]);
    // Where sparse images are taken, who pushes one is told what it lacks.
    let sparse = World::with(|config| config.warning = Some("moves".to_owned()));
    let response = sparse.push("a", "t", &manifest);
    assert_eq!(response.status, 201);
    let warnings: Vec<&str> =
        response.headers.iter().filter(|(name, _)| name == "warning").map(|(_, v)| &**v).collect();
    let text = format!(
        "299 - \"stored, but repository a does not hold {one} and 1 more, which the manifest names\""
    );
    assert_eq!(warnings, [&text, "299 - \"moves\""]);
    let whole = sparse.push("a", "u", &sparse.image("a", b"layer"));
    assert_eq!((whole.status, whole.header("warning")), (201, Some("299 - \"moves\"")));
}

#[test]
fn what_is_never_pushed_need_not_be_there() {
    let world = World::new();
    let absent = Digest::of(b"absent");
    let mut manifest = world.image("a", b"layer");
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let layers = manifest["layers"].as_array_mut().unwrap();
    layers.push(descriptor(foreign, &absent, 6));
    layers.push(json!({ "mediaType": "a/b", "digest": Digest::of(b"elsewhere").as_str(), "size": 9, "urls": ["https://x/y"] }));
    layers.push(
        json!({ "mediaType": "a/b", "digest": Digest::of(b"{ }").as_str(), "size": 3, "data": "eyB9" }),
    );
    manifest["subject"] = descriptor(MANIFEST, &Digest::of(b"subject"), 7);
    let response = world.push("a", "t", &manifest);
    assert_eq!(
        (response.status, response.header("oci-subject")),
        (201, Some(Digest::of(b"subject").as_str()))
    );
    manifest["layers"][3]["data"] = json!("e30=");
    world.push("a", "t", &manifest).assert_refused(400, "MANIFEST_INVALID");
    let index =
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, &absent, 6)] });
    assert_eq!(world.push("a", "sparse", &index).status, 201);
    let strict = World::with(|config| config.sparse_indexes = registry_server::Switch::Off);
    strict.push("a", "sparse", &index).assert_refused(400, "MANIFEST_BLOB_UNKNOWN");
}

#[test]
fn docker_types_are_taken_beside_oci() {
    let world = World::new();
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    let mut manifest = world.image("a", b"layer");
    manifest["mediaType"] = json!(kind);
    assert_eq!(world.push("a", "docker", &manifest).status, 201);
    assert_eq!(world.get("/v2/a/manifests/docker").header("content-type"), Some(kind));
    let child = Digest::of(manifest.to_string().as_bytes());
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    let list = json!({ "schemaVersion": 2, "mediaType": list, "manifests": [descriptor(kind, &child, 500)] });
    assert_eq!(world.push("a", "list", &list).status, 201);
    let old = json!({ "schemaVersion": 1, "name": "a", "fsLayers": [], "signatures": [], "mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws" });
    world.push("a", "old", &old).assert_refused(400, "MANIFEST_INVALID");
}

#[test]
fn many_tags_are_pushed_with_one_manifest() {
    let world = World::new();
    let manifest = world.image("a", b"layer").to_string();
    let digest = Digest::of(manifest.as_bytes());
    let tags: Vec<String> = (0..12).map(|n| format!("t{n}")).collect();
    let target = format!("/v2/a/manifests/{digest}?tag={}", tags.join("&tag="));
    let response = put(&world, &target, MANIFEST, manifest.as_bytes());
    assert_eq!((response.status, response.header("oci-tag")), (201, Some(&*tags.join(", "))));
    for tag in &tags {
        assert_eq!(world.get(&format!("/v2/a/manifests/{tag}")).status, 200);
    }
    put(&world, &format!("/v2/a/manifests/{digest}?tag=ok&tag=not%20ok"), MANIFEST, manifest.as_bytes())
        .assert_refused(400, "TAG_INVALID");
    assert_eq!(world.get("/v2/a/manifests/ok").status, 404);
}

#[test]
fn a_tag_is_moved_under_conditions() {
    let world = World::new();
    let images = [b"one", b"two"].map(|layer| world.image("a", layer).to_string());
    let etags = images.clone().map(|image| format!("\"{}\"", Digest::of(image.as_bytes())));
    let push = |image: usize, name: &str, value: &str| {
        let put = request("PUT", "/v2/a/manifests/t").header("Content-Type", MANIFEST).header(name, value);
        world.send(&put.body(images[image].as_bytes())).status
    };
    assert_eq!(push(0, "If-Match", "*"), 412);
    assert_eq!(push(0, "If-None-Match", "*"), 201);
    assert_eq!(push(1, "If-None-Match", "*"), 412);
    assert_eq!(push(1, "If-Match", &etags[1]), 412);
    assert_eq!(push(1, "If-Match", &etags[0]), 201);
    assert_eq!(push(0, "If-Match", "*"), 201);
}

#[test]
fn deleting_is_seen_at_once() {
    let world = World::new();
    let digest = world.push_image("a", "t", b"layer");
    for tag in ["u", "v"] {
        world.push("a", tag, &world.image("a", b"layer"));
    }
    let delete = |reference: &str| world.send(&request("DELETE", &format!("/v2/a/manifests/{reference}")));
    let status = |reference: &str| world.get(&format!("/v2/a/manifests/{reference}")).status;
    assert_eq!(delete("t").status, 202);
    assert_eq!((status("t"), status("u"), status(digest.as_str())), (404, 200, 200));
    delete("t").assert_refused(404, "MANIFEST_UNKNOWN");
    assert_eq!(delete(digest.as_str()).status, 202);
    assert_eq!((status("u"), status("v"), status(digest.as_str())), (404, 404, 404));
    delete(digest.as_str()).assert_refused(404, "MANIFEST_UNKNOWN");
    assert_eq!(world.get("/v2/a/tags/list").json()["tags"], json!([]));
}

#[test]
fn srv_3_switches_hold_for_everybody() {
    use registry_server::Switch;

    let mut world = World::new();
    let digest = world.push_image("a", "t", b"layer");
    let blob = Digest::of(b"layer");
    world.config.deletes = Switch::Off;
    world.restart();
    for target in
        [format!("/v2/a/manifests/{digest}"), "/v2/a/manifests/t".to_owned(), format!("/v2/a/blobs/{blob}")]
    {
        world.send(&request("DELETE", &target)).assert_refused(405, "UNSUPPORTED");
    }
    assert_eq!(world.push("a", "u", &world.image("a", b"layer")).status, 201);
    world.config.writes = Switch::Off;
    world.restart();
    for (method, target) in [
        ("POST", "/v2/a/blobs/uploads/".to_owned()),
        ("POST", format!("/v2/a/blobs/uploads/?digest={blob}")),
        ("POST", format!("/v2/b/blobs/uploads/?mount={blob}&from=a")),
        ("DELETE", format!("/v2/a/manifests/{digest}")),
    ] {
        world.send(&request(method, &target)).assert_refused(405, "UNSUPPORTED");
    }
    world.push("a", "v", &json!({ "mediaType": MANIFEST })).assert_refused(405, "UNSUPPORTED");
    assert_eq!(world.get("/v2/a/manifests/t").status, 200);
}

#[test]
fn a_push_is_there_after_a_restart() {
    let mut world = World::new();
    let layer = crate::client::noise(5, 80_000);
    let digest = world.push_image("a", "t", &layer);
    world.restart();
    assert_eq!(world.get("/v2/a/manifests/t").header("docker-content-digest"), Some(digest.as_str()));
    assert!(world.get(&format!("/v2/a/blobs/{}", Digest::of(&layer))).body == layer);
}
