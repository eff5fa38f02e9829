//! Images and registries that mean harm: refused with the store as before, or harmless.

use engine::ErrorKind;
use serde_json::json;
use testkit::image::{Entry, Image, Index, Layer};

use crate::world::{World, small};

/// Every name of a file or folder below the store's root.
fn stored_names(world: &World) -> Vec<String> {
    let mut open = vec![world.root()];
    let mut names = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            // The files of unpacked layers are the image's own.
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() && name != "diff" {
                open.push(entry.path());
            }
            names.push(name);
        }
    }
    names
}

/// Names that the store makes up itself: words of ours, and hexadecimal digits.
fn is_ours(name: &str) -> bool {
    let words = [
        "blobs",
        "content",
        "diff",
        "effects.json",
        "gc",
        "index",
        "index.json",
        "layers",
        "leases",
        "locks",
        "meta.json",
        "oci-layout",
        "overlay2",
        "cold",
        "vfs",
        "partial",
        "sha256",
        "stacks",
        "store.json",
        "trash",
    ];
    words.contains(&name) || (name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[test]
fn ref_3_doc_9_nothing_that_an_image_says_becomes_a_name_on_disk() {
    let world = World::new();
    let evil = "../../../../tmp/evil";
    let image = small("one")
        .label(evil, evil)
        .label("containerd.io/snapshot/overlay", "/etc/passwd")
        .env("LD_PRELOAD", evil)
        .member("author", json!(evil))
        .member("id", json!(evil))
        .member("comment", json!("\u{1b}[31m/../"));
    image.build().push(&world.registry, "some__name/with-parts", &["Tag_1.x"]);
    world.pull("some__name/with-parts:Tag_1.x").unwrap();
    let foreign: Vec<String> = stored_names(&world).into_iter().filter(|name| !is_ours(name)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn doc_5_a_platform_that_the_config_denies_is_reported() {
    let world = World::new();
    let honest = small("a").platform("linux/amd64").build();
    Index::new(vec![honest]).oci().build().push(&world.registry, "honest", &["latest"]);
    let (result, lines) = world.pull_lines("honest");
    result.unwrap();
    assert!(!lines.iter().any(|line| line.starts_with("warning:")), "{lines:?}");
    // The same manifest, announced as something else.
    let arm = small("b").platform("linux/arm64").build();
    let entry = json!({
        "mediaType": arm.root.descriptor.media_type,
        "digest": arm.digest(),
        "size": arm.root.descriptor.size,
        "platform": {"os": "linux", "architecture": "amd64"},
    });
    arm.push(&world.registry, "lying", &["arm"]);
    let index = json!({"schemaVersion": 2, "mediaType": spec::MediaType::OCI_INDEX, "manifests": [entry]});
    world.registry.put_manifest(
        "lying",
        &["latest"],
        spec::MediaType::OCI_INDEX,
        index.to_string().as_bytes(),
    );
    let (result, lines) = world.pull_lines("lying");
    result.unwrap();
    let warning = "warning: the index says linux/amd64, the image itself says linux/arm64";
    assert!(lines.iter().any(|line| line == warning), "{lines:?}");
}

#[test]
fn doc_8_what_needs_no_content_is_checked_before_any_is_asked_for() {
    let world = World::new();
    let layer = |number: u64, size: u64| {
        let digest = spec::Digest::of(&number.to_le_bytes());
        json!({"mediaType": spec::MediaType::OCI_LAYER_GZIP, "digest": digest, "size": size})
    };
    let config =
        json!({"mediaType": spec::MediaType::OCI_CONFIG, "digest": spec::Digest::of(b"c"), "size": 1});
    let refuse = |layers: Vec<serde_json::Value>, expect: &str| {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": spec::MediaType::OCI_MANIFEST,
            "config": config,
            "layers": layers,
        });
        let bytes = manifest.to_string();
        world.registry.put_manifest("evil", &["latest"], spec::MediaType::OCI_MANIFEST, bytes.as_bytes());
        let error = world.pull("evil").unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert!(world.registry.requests_to("GET", "/v2/*/blobs/*").is_empty(), "{expect}");
        assert!(world.names().is_empty());
    };
    let too_many = (0..481).map(|number| layer(number, 1)).collect();
    refuse(too_many, "LAYERS_PER_IMAGE_MAX");
    let half = u64::MAX / 2;
    refuse(vec![layer(1, half), layer(2, half), layer(3, half)], "2^64");
    refuse(vec![layer(1, 1 << 60)], "not enough space");
    let mut unknown = layer(1, 1);
    unknown["mediaType"] = json!("application/vnd.unknown.layer");
    refuse(vec![unknown], "unsupported media type");
    small("one").build().push(&world.registry, "good", &["latest"]);
    world.pull("good").unwrap();
}

#[test]
fn disk_6_a_refused_image_leaves_nothing() {
    let world = World::new();
    small("one").build().push(&world.registry, "good", &["latest"]);
    world.pull("good").unwrap();
    let before = world.blobs();
    // A layer that is not what the config says: everything but its diff ID is right.
    let honest = Image::new(vec![Layer::gzip(vec![Entry::file("a", "a")])]).build();
    honest.push(&world.registry, "evil", &["honest"]);
    let with = |bytes: &[u8], change: &dyn Fn(&mut serde_json::Value)| {
        let mut value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        change(&mut value);
        value.to_string().into_bytes()
    };
    let image = &honest.images[0];
    let config = with(&image.config.bytes, &|config| {
        config["rootfs"]["diff_ids"] = json!([spec::Digest::of(b"another")]);
    });
    let manifest = with(&image.manifest.bytes, &|manifest| {
        manifest["config"]["digest"] = json!(spec::Digest::of(&config));
        manifest["config"]["size"] = json!(config.len());
    });
    world.registry.put_blob("evil", config.as_slice());
    let media_type = image.manifest.descriptor.media_type.as_str();
    world.registry.put_manifest("evil", &["latest"], media_type, &manifest);
    let error = world.pull("evil").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("layers from manifest don't match image configuration"), "{error}");
    assert_eq!(world.blobs(), before);
    assert_eq!(world.names().len(), 2);
    let left: Vec<_> = std::fs::read_dir(world.root().join("leases")).unwrap().collect();
    assert!(left.is_empty());
    assert_eq!(std::fs::read_dir(world.root().join("partial")).unwrap().count(), 0);
}

#[test]
fn net_16_foreign_layers_are_fetched_elsewhere_only_for_a_platform_that_was_named() {
    let world = World::new();
    let layer = Layer::gzip(vec![Entry::file("Files/Windows/system.ini", "x")]);
    let host = testkit::Registry::new();
    let address = format!("{}/v2/windows/blobs/{}", host.url(), layer.digest());
    host.put_blob("windows", layer.blob().clone());
    let image = Image::new(vec![layer.foreign(&[&address])]).platform("windows/amd64").build();
    Index::new(vec![image, small("one").platform("linux/amd64").build()]).build().push(
        &world.registry,
        "powershell",
        &["latest"],
    );
    let pull = |platform: Option<&str>| {
        let platform = platform.map(|text| spec::Platform::parse(text, &world.engine.host.platform).unwrap());
        let request = engine::ops::Pull { reference: world.name("powershell"), platform, all_tags: false };
        world.engine.pull(&request, &engine::Silent)
    };
    pull(None).unwrap();
    assert!(host.requests().is_empty());
    pull(Some("windows/amd64")).unwrap();
    let asked = host.requests();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].header("authorization").is_none());
    let listed = world.engine.images(&engine::ops::ListImages::default()).unwrap();
    assert!(listed.iter().any(|image| image.platform.to_string() == "windows/amd64"));
}
