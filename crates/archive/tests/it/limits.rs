//! ARC-4: every limit, at it and one beyond.

use serde_json::json;
use spec::Digest;

use crate::forge::{Parts, Tar, blob, ids, names};

#[test]
fn arc_4_entries() {
    let parts = Parts::new();
    let fill = |count: usize| {
        let mut bytes = parts.tar().bytes();
        bytes.truncate(bytes.len() - 1024);
        let one = Tar::default().file("x", "").bytes();
        for _ in 0..count {
            bytes.extend_from_slice(&one[..512]);
        }
        crate::forge::read(&bytes)
    };
    assert!(fill(100_000 - 3).is_ok());
    let refusal = fill(100_000 - 2).unwrap_err().to_string();
    assert_eq!(refusal, "the archive's entries: 100001 is over the limit ARCHIVE_ENTRIES_MAX = 100000");
}

#[test]
fn arc_4_names() {
    let parts = Parts::new();
    let long = |at: usize| format!("{at:05}{}", format!("/{}", "n".repeat(250)).repeat(16));
    let fill = |count: usize| (0..count).fold(parts.tar(), |tar, at| tar.file(&long(at), ""));
    let fits = (32 << 20) / long(0).len();
    assert!(fill(fits - 1).read().is_ok());
    assert!(fill(fits + 1).refusal().contains("ARCHIVE_NAMES_BYTES_MAX = 33554432"));
}

#[test]
fn arc_4_bytes_of_lists() {
    let parts = Parts::new();
    let padded = |bytes: usize| {
        let text = parts.list().to_string();
        let padding = " ".repeat(bytes - text.len());
        parts.tar().without("manifest.json").file("manifest.json", text + &padding)
    };
    assert_eq!(ids(&padded(8 << 20).read().unwrap()), [parts.id()]);
    let refusal = padded((8 << 20) + 1).refusal();
    assert_eq!(
        refusal,
        "invalid archive: `manifest.json`: has 8388609 bytes, more than ARCHIVE_JSON_BYTES_MAX (8388608)"
    );
    let index = |bytes: usize| {
        let text = json!({"schemaVersion": 2, "manifests": [parts.entry(json!(null))]}).to_string();
        let padding = " ".repeat(bytes - text.len());
        parts.layout(&[]).without("index.json").file("index.json", text + &padding)
    };
    assert_eq!(ids(&index(64 << 20).read().unwrap()), [parts.id()]);
    assert!(index((64 << 20) + 1).refusal().contains("LAYOUT_INDEX_BYTES_MAX (67108864)"));
}

#[test]
fn arc_4_bytes_of_one_item() {
    let parts = Parts::new();
    let list = |bytes: usize| {
        let mut item = parts.list()[0].clone();
        item["X"] = json!("");
        let rest = item.to_string().len();
        item["X"] = json!("x".repeat(bytes - rest));
        parts.tar().without("manifest.json").json("manifest.json", &json!([item]))
    };
    assert!(list(1 << 20).read().is_ok());
    let refusal = list((1 << 20) + 1).refusal();
    assert_eq!(refusal, "manifest.json[0]: 1048577 is over the limit ARCHIVE_ITEM_BYTES_MAX = 1048576");
}

#[test]
fn arc_4_items_of_an_index() {
    let parts = Parts::new();
    let tagged = |at: usize| parts.entry(json!({"io.containerd.image.name": format!("t:{at}")}));
    let fill = |count: usize| parts.layout(&(0..count).map(tagged).collect::<Vec<_>>());
    let archive = fill(32_768).read().unwrap();
    assert_eq!(archive.images().len(), 1);
    assert_eq!(names(&archive)[0].len(), 32_768);
    assert!(fill(32_769).refusal().contains("more than ARCHIVE_ITEMS_MAX (32768) items"));
}

/// An index blob, and its descriptor.
fn index_of(entries: &[serde_json::Value]) -> (String, serde_json::Value) {
    let text = json!({
        "schemaVersion": 2, "mediaType": spec::MediaType::OCI_INDEX, "manifests": entries,
    })
    .to_string();
    let entry = json!({
        "mediaType": spec::MediaType::OCI_INDEX, "digest": Digest::of(text.as_bytes()), "size": text.len(),
    });
    (text, entry)
}

#[test]
fn arc_4_depth_of_indexes() {
    let parts = Parts::new();
    let nest = |depth: usize| {
        let mut entry = parts.entry(json!(null));
        let mut tar = Tar::default();
        for _ in 0..depth {
            let (text, outer) = index_of(&[entry]);
            tar = tar.file(&blob(text.as_bytes()), &text);
            entry = outer;
        }
        let layout = parts.layout(&[entry]);
        crate::forge::read(&[&tar.bytes()[..tar.bytes().len() - 1024], &layout.bytes()].concat())
    };
    assert_eq!(ids(&nest(8).unwrap()), [parts.id()]);
    assert!(nest(9).unwrap_err().to_string().ends_with("9 is over the limit INDEX_DEPTH_MAX = 8"));
}

#[test]
fn arc_4_manifests_of_one_image() {
    let parts = Parts::new();
    let read = |count: usize| {
        let mut tar = Tar::default();
        let mut entries = Vec::new();
        for at in 0..count {
            let mut manifest = parts.manifest();
            manifest["annotations"] = json!({"n": at.to_string()});
            let text = manifest.to_string();
            let digest = Digest::of(text.as_bytes());
            let media_type = spec::MediaType::OCI_MANIFEST;
            entries.push(json!({"mediaType": media_type, "digest": digest, "size": text.len()}));
            tar = tar.file(&blob(text.as_bytes()), &text);
        }
        let (text, root) = index_of(&entries);
        let tar = tar.file(&blob(text.as_bytes()), &text).bytes();
        crate::forge::read(&[&tar[..tar.len() - 1024], &parts.layout(&[root]).bytes()].concat())
    };
    assert_eq!(ids(&read(1_023).unwrap()), [parts.id()]);
    assert!(
        read(1_024).unwrap_err().to_string().ends_with("1025 is over the limit MANIFESTS_WALKED_MAX = 1024")
    );
}

#[test]
fn arc_4_graphs_end_soon() {
    let parts = Parts::new();
    let start = std::time::Instant::now();
    // Each root walks the same long index.
    let (big, big_entry) = index_of(&vec![parts.entry(json!(null)); 1_000]);
    let mut tar = Tar::default().file(&blob(big.as_bytes()), &big);
    let mut roots = Vec::new();
    for at in 0..200 {
        let mut inner = big_entry.clone();
        inner["annotations"] = json!({"n": at.to_string()});
        let (text, entry) = index_of(&[inner]);
        tar = tar.file(&blob(text.as_bytes()), &text);
        roots.push(entry);
    }
    let layout = parts.layout(&roots);
    let bytes = [&tar.bytes()[..tar.bytes().len() - 1024], &layout.bytes()].concat();
    let refusal = crate::forge::read(&bytes).unwrap_err().to_string();
    assert!(refusal.contains("WALKED_ENTRIES_MAX"), "{refusal}");
    // One second, and patience for builds that are not optimised on machines that are busy.
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn arc_4_configs_named_again_and_again() {
    let parts = Parts::new();
    let mut config: serde_json::Value = serde_json::from_slice(&parts.config).unwrap();
    config["x"] = json!("x".repeat(4 << 20));
    let item = json!({"Config": "c.json", "RepoTags": null, "Layers": ["l/layer.tar"]});
    let read = |count: usize| {
        let list = json!(vec![item.clone(); count]);
        let files = Tar::default().json("c.json", &config).file("l/layer.tar", &parts.layer);
        files.json("manifest.json", &list).read()
    };
    assert_eq!(read(10).unwrap().images().len(), 1);
    assert!(read(40).unwrap_err().to_string().contains("WALKED_BYTES_MAX"));
}
