use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::skip::root;

/// Makes two equal folders, changes the second, and gives the difference.
fn difference(aspects: &Aspects, change: impl Fn(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.join("dir")).unwrap();
        fs::write(path.join("dir/file"), "content").unwrap();
        fs::write(path.join("plain"), "content").unwrap();
        fs::hard_link(path.join("plain"), path.join("second")).unwrap();
        symlink("plain", path.join("link")).unwrap();
        if name == "b" {
            change(&path);
        }
        for name in ["dir/file", "plain", "dir", ""] {
            set_mtime(&path.join(name), 1_000_000_000, 5);
        }
    }
    let tree = |name: &str| Tree::read(&folder.path().join(name)).unwrap();
    compare(&without_link_times(tree("a")), &without_link_times(tree("b")), aspects)
}

/// Links cannot be given a time by the standard library; theirs are levelled.
fn without_link_times(mut tree: Tree) -> Tree {
    tree.nodes.values_mut().filter(|n| matches!(n.kind, NodeKind::Symlink(_))).for_each(|n| n.mtime = (0, 0));
    tree
}

fn set_mtime(path: &Path, seconds: u64, nanos: u32) {
    let Ok(file) = File::open(path) else { return };
    let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[test]
fn finds_every_kind_of_difference() {
    let check = |change: &dyn Fn(&Path), expect: &str| {
        let found = difference(&Aspects::all(), change);
        let lines: Vec<&str> = found.lines().collect();
        assert!(lines.iter().any(|line| line.starts_with(expect)), "{expect:?} in:\n{found}");
    };
    assert_eq!(difference(&Aspects::all(), |_| {}), "");
    check(&|b| fs::write(b.join("dir/file"), "CONTENT").unwrap(), "~ dir/file: is file of 7 bytes ");
    check(&|b| fs::remove_file(b.join("dir/file")).unwrap(), "- dir/file (file of 7 bytes ed7002b439e9)");
    check(&|b| fs::write(b.join("new"), "").unwrap(), "+ new (file of 0 bytes ");
    check(&|b| fs::create_dir(b.join("new")).unwrap(), "+ new (directory)");
    let mode = |b: &Path| fs::set_permissions(b.join("dir"), Permissions::from_mode(0o2711)).unwrap();
    check(&mode, "~ dir: mode 0755 → 2711");
    let unlink = |b: &Path| {
        fs::remove_file(b.join("second")).unwrap();
        fs::write(b.join("second"), "content").unwrap();
        set_mtime(&b.join("second"), 1_000_000_000, 5);
    };
    check(&unlink, "~ second: the same as plain → itself");
    let relink = |b: &Path| {
        fs::remove_file(b.join("link")).unwrap();
        symlink("dir", b.join("link")).unwrap();
    };
    check(&relink, "~ link: is link to plain → link to dir");
}

#[test]
fn looks_only_at_what_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f");
    fs::write(&file, "").unwrap();
    set_mtime(&file, 5, 100);
    let before = Tree::read(folder.path()).unwrap();
    set_mtime(&file, 5, 200);
    let after = Tree::read(folder.path()).unwrap();
    assert_eq!(compare(&before, &after, &Aspects::all()), "~ f: mtime 5.000000100 → 5.000000200\n");
    assert_eq!(compare(&before, &after, &Aspects::of_image()), "");
    set_mtime(&file, 6, 200);
    let after = Tree::read(folder.path()).unwrap();
    assert_eq!(compare(&before, &after, &Aspects::of_image()), "~ f: mtime 5 → 6\n");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let none = Aspects { modes: false, times: false, ..Aspects::of_image() };
    assert_eq!(compare(&before, &Tree::read(folder.path()).unwrap(), &none), "");
}

#[test]
fn sees_owners_and_attributes() {
    if !root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f");
    fs::write(&file, "").unwrap();
    let before = Tree::read(folder.path()).unwrap();
    std::os::unix::fs::chown(&file, Some(7), Some(8)).unwrap();
    let flags = rustix::fs::XattrFlags::empty();
    let supported = rustix::fs::setxattr(&file, "trusted.overlay.x", b"\x01", flags).is_ok();
    let after = Tree::read(folder.path()).unwrap();
    let found = compare(&before, &after, &Aspects::all());
    assert!(found.contains("owner 0:0 → 7:8"), "{found}");
    assert_eq!(found.contains(r"attributes [] → [trusted.overlay.x=\x01]"), supported, "{found}");
    let found = compare(&before, &after, &Aspects::of_image());
    assert!(!found.contains("attributes"), "{found}");
    assert_eq!(compare(&before, &after, &Aspects::of_ordinary_user()), "");
}

#[test]
fn the_canary_notices() {
    let folder = tempfile::tempdir().unwrap();
    let touched = |name: &str, touch: &dyn Fn(&Path)| {
        let canary = Canary::plant(&folder.path().join(name));
        assert_eq!(canary.changes().unwrap(), "");
        touch(canary.path());
        assert_ne!(canary.changes().unwrap(), "", "{name}");
    };
    touched("written", &|path| fs::write(path.join("file"), "touched!!\n").unwrap());
    touched("appended", &|path| drop(fs::write(path.join("dir/below/file"), "deep\n"))); // same bytes, new time
    touched("removed", &|path| fs::remove_file(path.join("pipe")).unwrap());
    touched("added", &|path| fs::write(path.join("dir/new"), "").unwrap());
    touched("mode", &|path| fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap());
    touched("relinked", &|path| {
        fs::remove_file(path.join("dirlink")).unwrap();
        fs::create_dir(path.join("dirlink")).unwrap();
    });
    let canary = Canary::plant(&folder.path().join("secrets"));
    assert_ne!(canary.secret(), Canary::plant(&folder.path().join("others")).secret());
    let found = files_with(folder.path(), canary.secret().as_bytes()).unwrap();
    assert_eq!(found, [canary.path().join("secret")]);
    let socket = &canary.before().nodes[Path::new("socket")];
    assert_eq!(socket.kind, NodeKind::Socket);
}

#[test]
#[should_panic(expected = "the canary was touched")]
fn the_canary_panics() {
    let folder = tempfile::tempdir().unwrap();
    let canary = Canary::plant(folder.path());
    fs::remove_file(folder.path().join("dangling")).unwrap();
    canary.check();
}
