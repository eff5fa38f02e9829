//! `index.json` and `manifest.json` of one archive: one image each, however many lists have it.

use serde_json::{Value, json};
use spec::Digest;

use crate::forge::{Parts, Tar, ids, names};

fn both(parts: &Parts, entries: &[Value], list: &Value) -> Tar {
    let config = crate::forge::blob(&parts.config);
    let layer = crate::forge::blob(&parts.layer);
    let text = list.to_string().replace("CONFIG", &config).replace("LAYER", &layer);
    parts.layout(entries).file("manifest.json", text)
}

fn list(names: Value) -> Value {
    json!([{"Config": "CONFIG", "RepoTags": names, "Layers": ["LAYER"]}])
}

const NAME: &str = "io.containerd.image.name";

#[test]
fn lists_are_joined_by_config() {
    let parts = Parts::new();
    let check = |entries: &[Value], docker: Value, expect: &[&str]| {
        let archive = both(&parts, entries, &list(docker)).read().unwrap();
        assert_eq!(names(&archive), [expect.to_vec()]);
        assert_eq!(archive.images()[0].target.digest, Digest::of(parts.manifest().to_string().as_bytes()));
        assert_eq!(ids(&archive), [parts.id()]);
    };
    let named = |name: &str| parts.entry(json!({ NAME: name }));
    check(&[parts.entry(json!(null))], json!(null), &[]);
    check(&[parts.entry(json!(null))], json!(["a:1"]), &["a:1"]);
    check(&[named("a:1")], json!(null), &["a:1"]);
    check(&[named("a:1")], json!(["a:1"]), &["a:1"]);
    check(
        &[named("docker.io/library/a:1"), named("b:1")],
        json!(["b:1", "a:1", "c:1"]),
        &["a:1", "b:1", "c:1"],
    );
    check(&[parts.entry(json!({"org.opencontainers.image.ref.name": "1"}))], json!(["a:1"]), &["a:1"]);
}

#[test]
fn an_image_that_only_docker_lists_gets_a_manifest() {
    let (one, two) =
        (Parts::new(), Parts { config: b"{\"rootfs\":{\"diff_ids\":[]}}".to_vec(), layer: vec![] });
    let extra = json!([{"Config": "two.json", "RepoTags": ["two:1"], "Layers": null}]);
    let tar = both(&one, &[one.entry(json!({ NAME: "one:1" }))], &extra).file("two.json", &two.config);
    let archive = tar.read().unwrap();
    assert_eq!(names(&archive), [["one:1"], ["two:1"]]);
    assert_eq!(ids(&archive), [one.id(), two.id()]);
}

#[test]
fn of_two_manifests_with_one_config_the_name_tells() {
    let parts = Parts::new();
    let mut other = parts.manifest();
    other["annotations"] = json!({"x": "y"});
    let other = other.to_string();
    let entry = |name: &str| {
        json!({
            "mediaType": spec::MediaType::OCI_MANIFEST, "digest": Digest::of(other.as_bytes()),
            "size": other.len(), "annotations": {NAME: name},
        })
    };
    let item = |names: Value| json!({"Config": "CONFIG", "RepoTags": names, "Layers": ["LAYER"]});
    let docker = json!([item(json!(["b:1"])), item(json!(["a:1"]))]);
    let tar = both(&parts, &[parts.entry(json!({ NAME: "a:1" })), entry("b:1")], &docker);
    let archive = tar.file(&crate::forge::blob(other.as_bytes()), &other).read().unwrap();
    assert_eq!(names(&archive), [["a:1"], ["b:1"]]);
}

/// Some versions of Docker list a manifest of compressed layers beside layers that are not.
#[test]
fn a_manifest_without_its_layers_is_passed_over_when_docker_has_the_image() {
    let parts = Parts::new();
    let mut broken = parts.manifest();
    broken["layers"][0]["digest"] = json!(Digest::of(b"compressed"));
    let broken = broken.to_string();
    let entry = json!({
        "mediaType": spec::MediaType::OCI_MANIFEST, "digest": Digest::of(broken.as_bytes()),
        "size": broken.len(), "annotations": {NAME: "a:1"},
    });
    let tar = |names: Value| {
        both(&parts, std::slice::from_ref(&entry), &list(names))
            .file(&crate::forge::blob(broken.as_bytes()), &broken)
    };
    let archive = tar(json!(["a:1"])).read().unwrap();
    assert_eq!((names(&archive), ids(&archive)), (vec![vec!["a:1".to_owned()]], vec![parts.id()]));
    // A name would be lost, or there is nothing to fall back on: refused.
    assert!(tar(json!(["b:1"])).refusal().ends_with("is missing"));
    assert!(tar(json!(null)).refusal().ends_with("is missing"));
    assert!(tar(json!(["a:1"])).without("manifest.json").refusal().ends_with("is missing"));
}

#[test]
fn one_name_for_two_images_is_refused() {
    let parts = Parts::new();
    let two = b"{\"rootfs\":{\"diff_ids\":[]}}";
    let extra = json!([{"Config": "two.json", "RepoTags": ["a:1"], "Layers": []}]);
    let tar = both(&parts, &[parts.entry(json!({ NAME: "a:1" }))], &extra).file("two.json", two);
    assert!(tar.refusal().starts_with("image name a:1 stands for"));
}

#[test]
fn one_digest_has_one_size_and_type() {
    let parts = Parts::new();
    let mut other = parts.entry(json!({ NAME: "b:1" }));
    other["size"] = json!(1);
    let tar = parts.layout(&[parts.entry(json!({ NAME: "a:1" })), other]);
    assert!(tar.refusal().contains("found application/vnd.oci.image.manifest.v1+json, 1 bytes"));
}
