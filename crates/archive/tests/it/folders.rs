//! ARC-7: layout folders, read from their descriptors.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::json;
use spec::Digest;
use tempfile::TempDir;

use crate::forge::{Parts, blob, ids, open, text};

/// A layout folder, and the path of its layer.
fn layout(parts: &Parts) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("blobs/sha256")).unwrap();
    fs::write(at("oci-layout"), json!({"imageLayoutVersion": "1.0.0"}).to_string()).unwrap();
    let index = json!({"schemaVersion": 2, "manifests": [parts.entry(json!(null))]});
    fs::write(at("index.json"), index.to_string()).unwrap();
    let manifest = parts.manifest().to_string();
    for bytes in [manifest.as_bytes(), &parts.config, &parts.layer] {
        fs::write(at(&blob(bytes)), bytes).unwrap();
    }
    let layer = at(&blob(&parts.layer));
    (folder, layer)
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

#[test]
fn arc_7_a_blob_is_a_regular_file_of_the_right_size() {
    let parts = Parts::new();
    let (folder, _) = layout(&parts);
    assert_eq!(ids(&open(folder.path()).unwrap()), [parts.id()]);
    let check = |spoil: &dyn Fn(&Path), expect: &str| {
        for name in [blob(&parts.layer), blob(&parts.config), blob(parts.manifest().to_string().as_bytes())] {
            let (folder, _) = layout(&parts);
            let path = folder.path().join(name);
            let kept = folder.path().join("kept");
            fs::rename(&path, &kept).unwrap();
            spoil(&path);
            let refusal = text(&open(folder.path()).unwrap_err());
            assert!(refusal.contains(expect), "{refusal}");
        }
    };
    check(&|path| symlink("../../kept", path).unwrap(), "symbolic link");
    check(&|path| symlink("/etc/passwd", path).unwrap(), "symbolic link");
    check(&|path| fifo(path), "not a regular file");
    check(&|path| fs::create_dir(path).unwrap(), "not a regular file");
    check(&|path| fs::write(path, "short").unwrap(), "found 5 bytes");
    check(&|_| (), "is missing");
}

#[test]
fn arc_7_lists_and_folders_are_no_links() {
    let parts = Parts::new();
    for name in ["index.json", "oci-layout", "blobs", "blobs/sha256"] {
        let (folder, _) = layout(&parts);
        let path = folder.path().join(name);
        let kept = folder.path().join("kept");
        fs::rename(&path, &kept).unwrap();
        symlink(&kept, &path).unwrap();
        let refusal = text(&open(folder.path()).unwrap_err());
        assert!(
            refusal.contains("symbolic link") || refusal.contains("not a directory"),
            "{name}: {refusal}"
        );
        fs::remove_file(&path).unwrap();
        fifo(&path);
        assert!(open(folder.path()).is_err(), "{name}");
    }
}

#[test]
fn arc_7_wrong_bytes_of_the_right_size_are_found() {
    let parts = Parts::new();
    let (folder, _) = layout(&parts);
    let config = String::from_utf8(parts.config.clone()).unwrap().replace("amd64", "arm64");
    fs::write(folder.path().join(blob(&parts.config)), config).unwrap();
    assert!(text(&open(folder.path()).unwrap_err()).contains("expected sha256:"));
}

#[test]
fn arc_7_what_is_swapped_later_is_not_followed() {
    let parts = Parts::new();
    let (folder, layer) = layout(&parts);
    let archive = open(folder.path()).unwrap();
    fs::remove_file(&layer).unwrap();
    symlink("/etc/passwd", &layer).unwrap();
    assert!(archive.blob(&Digest::of(&parts.layer)).is_err());
    fs::remove_file(&layer).unwrap();
    assert!(archive.blob(&Digest::of(&parts.layer)).unwrap().is_none());
}

/// A folder that the user names through a link is the folder that the link leads to.
#[test]
fn arc_7_the_folder_itself_may_be_named_by_a_link() {
    let parts = Parts::new();
    let (folder, _) = layout(&parts);
    let link = tempfile::tempdir().unwrap();
    symlink(folder.path(), link.path().join("l")).unwrap();
    assert_eq!(ids(&open(&link.path().join("l")).unwrap()), [parts.id()]);
}

/// A docker archive that somebody unpacked.
#[test]
fn an_unpacked_docker_archive_is_read_too() {
    let parts = Parts::new();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("l")).unwrap();
    fs::write(folder.path().join("c.json"), &parts.config).unwrap();
    fs::write(folder.path().join("l/layer.tar"), &parts.layer).unwrap();
    fs::write(folder.path().join("manifest.json"), parts.list().to_string()).unwrap();
    assert_eq!(ids(&open(folder.path()).unwrap()), [parts.id()]);
}
