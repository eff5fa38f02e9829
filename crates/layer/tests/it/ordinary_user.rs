//! Without privileges (decision 18): TAR-11, TAR-17.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use layer::{Privileges, Whiteouts};
use testkit::forge::{Archive, Block};

use crate::scene::apply_as;

/// Nobody, on all systems in question.
const NOBODY: u32 = 65534;
const MARK: &str = "LAYER_TEST_AS_NOBODY";

/// Runs the rest of a test as somebody who is not root; says whether this is that process.
fn is_ordinary(test: &str) -> bool {
    if !rustix::process::geteuid().is_root() {
        return true;
    }
    assert!(std::env::var_os(MARK).is_none(), "still root");
    let program = std::env::current_exe().unwrap();
    // Where the test program lies may be closed to others.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join("it");
    std::fs::copy(program, &copy).unwrap();
    let scratch = folder.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    std::os::unix::fs::chown(&scratch, Some(NOBODY), Some(NOBODY)).unwrap();
    let status = Command::new(copy)
        .args([test, "--exact", "--nocapture"])
        .env(MARK, "1")
        .env("TMPDIR", scratch)
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .status()
        .unwrap();
    assert!(status.success());
    false
}

#[test]
fn tar_17_closed_directories_are_filled_and_closed_without_root() {
    if !is_ordinary("ordinary_user::tar_17_closed_directories_are_filled_and_closed_without_root") {
        return;
    }
    let dir = |name: &str, mode, time| Block::new(b'5', name).mode(mode).mtime(time);
    let layer = Archive::new()
        .header(dir("a", 0o555, 11))
        .header(dir("a/b", 0o000, 12))
        .file("a/b/f", "x")
        .file("a/g", "y")
        .header(dir("a/b/c", 0o500, 13))
        .file("a/b/c/h", "z")
        .entry(Block::new(b'0', "closed").mode(0).mtime(3), "content")
        .end();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    apply_as(&layer, &root, Whiteouts::Overlay, Privileges::None).unwrap();
    let metadata = |name: &str| std::fs::symlink_metadata(root.join(name)).unwrap();
    let check = |name: &str, mode, time| {
        assert_eq!((metadata(name).mode() & 0o7777, metadata(name).mtime()), (mode, time), "{name}");
    };
    check("a", 0o555, 11);
    check("a/b", 0o000, 12);
    check("closed", 0, 3);
    std::fs::set_permissions(root.join("a/b"), std::fs::Permissions::from_mode(0o700)).unwrap();
    check("a/b/c", 0o500, 13);
    assert_eq!(std::fs::read(root.join("a/b/c/h")).unwrap(), b"z");
    std::fs::set_permissions(root.join("a/b"), std::fs::Permissions::from_mode(0o000)).unwrap();
    // And what is closed can be removed again.
    let tree = disk::tree::Tree::open(folder.path()).unwrap();
    tree.folder(b"", disk::tree::Follow::Never).unwrap().remove(b"root").unwrap();
    assert!(!root.exists());
}

#[test]
fn tar_11_what_needs_privileges_is_recorded() {
    if !is_ordinary("ordinary_user::tar_11_what_needs_privileges_is_recorded") {
        return;
    }
    let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let layer = Archive::new()
        .header(Block::new(b'3', "null").device(1, 3).mode(0o666))
        .entry(Block::new(b'0', "mail").owner(8, 12).mode(0o2755), "x")
        .pax(&[("SCHILY.xattr.security.capability", &capability[..])])
        .file("ping", "x")
        .file("roots", "x")
        .file("d/.wh.gone", "")
        .end();
    let root = tempfile::tempdir().unwrap();
    let applied = apply_as(&layer, root.path(), Whiteouts::Leave, Privileges::None).unwrap();
    let recorded: Vec<_> = applied
        .recorded
        .iter()
        .map(|r| (String::from_utf8_lossy(&r.path).into_owned(), r.uid, r.gid, r.mode, r.xattrs.len()))
        .collect();
    let expect = [
        ("null".to_owned(), 0, 0, 0o666, 0),
        ("mail".to_owned(), 8, 12, 0o2755, 0),
        ("ping".to_owned(), 0, 0, 0o644, 1),
    ];
    assert_eq!(recorded, expect);
    assert!(!Path::exists(&root.path().join("null")));
    assert_eq!(std::fs::metadata(root.path().join("mail")).unwrap().mode() & 0o7777, 0o2755);
    assert_eq!(applied.facts.whiteouts.len(), 1);
}
