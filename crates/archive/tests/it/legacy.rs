//! Archives without `manifest.json`, as Docker wrote them until 1.9.

use serde_json::{Value, json};
use spec::Digest;

use crate::forge::{Tar, ids, names};

fn id(n: u8) -> String {
    format!("{n:064x}")
}

fn layer(tar: Tar, n: u8, parent: Option<u8>, bytes: &[u8]) -> Tar {
    let mut document = json!({
        "id": id(n), "created": "2015-06-01T10:00:00Z", "Size": 5,
        "container_config": {"Cmd": ["/bin/sh", "-c", format!("#(nop) ADD {n} & <x>")]},
        "config": {"Cmd": ["sh"], "Env": null}, "os": "linux", "architecture": "amd64", "docker_version": "1.9.0",
    });
    if let Some(parent) = parent {
        document["parent"] = json!(id(parent));
        document["author"] = json!("me");
    }
    let tar = tar.json(&format!("{}/json", id(n)), &document).file(&format!("{}/VERSION", id(n)), "1.0");
    tar.file(&format!("{}/layer.tar", id(n)), bytes)
}

fn layers() -> Vec<Vec<u8>> {
    (0..3).map(|n| Tar::default().file(&format!("file{n}"), "x").bytes()).collect()
}

fn archive(repositories: &Value) -> Tar {
    let bytes = layers();
    let tar = layer(Tar::default(), 0, None, &bytes[0]);
    let tar = layer(layer(tar, 1, Some(0), &bytes[1]), 2, Some(1), &bytes[2]);
    tar.json("repositories", repositories)
}

#[test]
fn configs_are_made_as_docker_makes_them() {
    let tar = archive(&json!({"old": {"1": id(2), "latest": id(2)}, "127.0.0.1:5000/base": {"x": id(0)}}));
    let archive = tar.read().unwrap();
    assert_eq!(names(&archive), [vec!["old:1", "old:latest"], vec!["127.0.0.1:5000/base:x"]]);
    let history = |n: u8, author: &str| {
        format!(
            "{{\"created\":\"2015-06-01T10:00:00Z\",{author}\"created_by\":\"/bin/sh -c #(nop) ADD {n} \\u0026 \\u003cx\\u003e\"}}"
        )
    };
    let bytes = layers();
    let expect = format!(
        "{{\"architecture\":\"amd64\",\"author\":\"me\",\"config\":{{\"Cmd\":[\"sh\"],\"Env\":null}},\
         \"container_config\":{{\"Cmd\":[\"/bin/sh\",\"-c\",\"#(nop) ADD 2 \\u0026 \\u003cx\\u003e\"]}},\
         \"created\":\"2015-06-01T10:00:00Z\",\"docker_version\":\"1.9.0\",\"history\":[{},{},{}],\"os\":\"linux\",\
         \"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"{}\",\"{}\",\"{}\"]}}}}",
        history(0, ""),
        history(1, "\"author\":\"me\","),
        history(2, "\"author\":\"me\","),
        Digest::of(&bytes[0]),
        Digest::of(&bytes[1]),
        Digest::of(&bytes[2]),
    );
    assert_eq!(ids(&archive)[0], Digest::of(expect.as_bytes()), "{expect}");
}

#[test]
fn arc_4_parents_come_to_an_end() {
    let bytes = layers();
    let tar = layer(layer(Tar::default(), 0, Some(1), &bytes[0]), 1, Some(0), &bytes[1]);
    let refusal = tar.json("repositories", &json!({"x": {"1": id(0)}})).refusal();
    assert_eq!(refusal, format!("invalid archive: `{}/json`: is its own ancestor", id(0)));
    let long = (0..=480u32).fold(Tar::default(), |tar, n| {
        let id = |n: u32| format!("{n:064x}");
        let mut document = json!({"id": id(n)});
        if n > 0 {
            document["parent"] = json!(id(n - 1));
        }
        tar.json(&format!("{}/json", id(n)), &document).file(&format!("{}/layer.tar", id(n)), &bytes[0])
    });
    let top = |n: u32| long.clone().json("repositories", &json!({"x": {"1": format!("{n:064x}")}}));
    assert_eq!(ids(&top(479).read().unwrap()).len(), 1);
    assert!(top(480).refusal().contains("LAYERS_PER_IMAGE_MAX = 480"));
}

#[test]
fn arc_1_ids_are_ids() {
    let parent = |parent: &str| {
        let document = json!({"id": id(0), "parent": parent});
        let tar = Tar::default().json(&format!("{}/json", id(0)), &document);
        let tar = tar.file(&format!("{}/layer.tar", id(0)), layers()[0].as_slice());
        tar.json("repositories", &json!({"x": {"1": id(0)}}))
    };
    assert!(parent("").read().is_ok());
    for bad in ["../../etc", "x", &"g".repeat(64), &"A".repeat(64)] {
        assert!(parent(bad).refusal().contains("is no id"));
        assert!(archive(&json!({"x": {"1": bad}})).refusal().contains("is no id"));
    }
    assert!(archive(&json!({"Bad": {"1": id(0)}})).refusal().contains("must be lowercase"));
    assert!(archive(&json!({"x": {"-": id(0)}})).refusal().contains("invalid reference format"));
    assert!(archive(&json!({"x": {"1": id(7)}})).refusal().contains("is not in the archive"));
    assert!(archive(&json!({"x": "y"})).refusal().contains("repositories.`x` is a string"));
    let escaped = archive(&json!({"x\u{1b}": {"\u{1b}": 1}})).refusal();
    assert_eq!(escaped, "invalid archive: repositories.`x\\u{1b}`: the id of `\\u{1b}` is no id");
    assert!(archive(&json!([])).refusal().contains("expected an object"));
}

#[test]
fn compressed_layers_are_unpacked_for_their_diff_ids() {
    let plain = layers().remove(0);
    let mut gzip = Vec::new();
    let mut encoder = layer::codec::encoder(layer::codec::Codec::Gzip, 1, &mut gzip).unwrap();
    std::io::Write::write_all(&mut encoder, &plain).unwrap();
    encoder.finish().unwrap();
    let tar = layer(Tar::default(), 0, None, &gzip).json("repositories", &json!({"x": {"1": id(0)}}));
    let archive = tar.read().unwrap();
    let contents = archive.contents(&archive.images()[0]).unwrap();
    assert_eq!(contents.blobs[1].digest, Digest::of(&gzip));
    let config = archive.config(&contents.blobs[0]).unwrap();
    assert_eq!(config.diff_ids()[0].0, Digest::of(&plain));
}
