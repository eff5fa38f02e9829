//! The same layers unpacked by umoci, compared path by path.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use spec::Digest;

use crate::conformance::bench::{Bench, tar};
use crate::conformance::items::{device, dir, fifo, file, gone, link, opaque, symlink};
use crate::conformance::model::Item;
use crate::conformance::scan::{difference, scan};

/// Layers as builders make them: every parent is named. (Where they are not, umoci makes them up anew with the
/// time of unpacking; and it follows links on the way, which the merge rule does not.)
fn layers() -> Vec<Vec<Item>> {
    let mut base = vec![
        dir("").mode(0o755).time(1, 0),
        dir("etc").mode(0o755).time(10, 0),
        file("etc/passwd", "root:x:0:0").mode(0o644).time(11, 0),
        file("etc/shadow", "root:*").mode(0o640).owner(0, 42).time(12, 0),
        dir("usr").time(13, 0),
        dir("usr/bin").time(14, 0),
        file("usr/bin/sudo", "elf").mode(0o4755).time(15, 0),
        link("usr/bin/sudoedit", "usr/bin/sudo"),
        symlink("bin", "usr/bin").time(16, 0),
        dir("tmp").mode(0o1777).time(17, 0),
        dir("var").time(18, 0),
        dir("var/cache").mode(0o2775).owner(6, 12).time(19, 0),
        fifo("var/pipe").mode(0o600).time(20, 0),
        device("var/null", 1, 3).mode(0o666).time(21, 0),
        file("var/noted", "x").xattr("user.note", b"\0value").time(22, 0),
    ];
    base.extend((0..200).map(|n| file(&format!("var/cache/{n}"), &"y".repeat(n * 7)).time(100, 0)));
    vec![
        base,
        vec![
            dir("").mode(0o755).time(2, 0),
            dir("etc").mode(0o755).time(30, 0),
            gone("etc/shadow"),
            file("etc/group", "root:x:0:").time(31, 0),
            dir("var").time(32, 0),
            dir("var/cache").mode(0o755).time(33, 0),
            opaque("var/cache"),
            file("var/cache/kept", "").time(34, 0),
            gone("tmp"),
        ],
        vec![
            dir("").mode(0o750).time(3, 0),
            dir("usr").mode(0o711).owner(1, 1).time(40, 0),
            dir("usr/bin").time(41, 0),
            file("usr/bin/sudo", "new").mode(0o755).time(42, 0),
            dir("var").time(43, 0),
            dir("var/null").time(44, 0),
            file("var/noted", "no attributes").time(45, 0),
            dir("tmp").mode(0o1777).time(46, 0),
        ],
    ]
}

fn write_blob(layout: &Path, bytes: &[u8]) -> Digest {
    let digest = Digest::of(bytes);
    std::fs::write(layout.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
    digest
}

/// Writes an OCI layout with one image, `latest`.
fn write_layout(layout: &Path, layers: &[Vec<Item>]) {
    std::fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
    let descriptor = |media_type: &str, bytes: &[u8]| {
        let digest = write_blob(layout, bytes);
        json!({"mediaType": media_type, "digest": digest.as_str(), "size": bytes.len()})
    };
    let tars: Vec<Vec<u8>> = layers.iter().map(|layer| tar(layer)).collect();
    let diff_ids: Vec<String> = tars.iter().map(|tar| Digest::of(tar).to_string()).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let descriptors: Vec<_> =
        tars.iter().map(|tar| descriptor("application/vnd.oci.image.layer.v1.tar", tar)).collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes()),
        "layers": descriptors,
    });
    let mut root = descriptor("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes());
    root["annotations"] = json!({"org.opencontainers.image.ref.name": "latest"});
    let index = json!({"schemaVersion": 2, "manifests": [root]});
    std::fs::write(layout.join("index.json"), index.to_string()).unwrap();
    std::fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

pub(crate) fn umoci_makes_the_same_tree(driver: &str) {
    if !rustix::process::geteuid().is_root() || Command::new("umoci").arg("--version").output().is_err() {
        eprintln!("skipped: this needs umoci, and root");
        return;
    }
    let Some(bench) = Bench::with_trees(driver) else { return };
    let (layout, bundle) = (bench.root.join("layout"), bench.root.join("bundle"));
    write_layout(&layout, &layers());
    let image = format!("{}:latest", layout.display());
    let output = Command::new("umoci").args(["unpack", "--image", &image]).arg(&bundle).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let stack = bench.store_all(&layers()).unwrap();
    let expected = scan(&bundle.join("rootfs"));
    assert!(expected.len() > 15, "umoci made nothing of it");
    assert_eq!(difference(&expected, &bench.tree(&stack).unwrap()), None);
}
