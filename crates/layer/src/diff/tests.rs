//! Comparing trees that were laid out by hand, and applying what was found.

#![expect(clippy::disallowed_methods, reason = "tests lay out their own files")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use disk::tree::Tree;
use proptest::prelude::*;

use super::*;

fn none_of_ours(_: &[u8], _: &disk::tree::Stat) -> bool {
    false
}

fn changes(before: &Path, now: &Path) -> Vec<String> {
    let (before, now) = (Tree::open(before).unwrap(), Tree::open(now).unwrap());
    let trees = Trees { before: &before, now: &now, touched: None };
    let line = |change: &Change| {
        let letter = match change.kind {
            ChangeKind::Added => 'A',
            ChangeKind::Modified => 'C',
            ChangeKind::Deleted => 'D',
        };
        format!("{letter} /{}", String::from_utf8_lossy(&change.path))
    };
    compare(trees, &none_of_ours).unwrap().iter().map(line).collect()
}

/// Two copies of one tree, with the same times.
fn twins() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let (before, now) = (temporary.path().join("before"), temporary.path().join("now"));
    for root in [&before, &now] {
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::create_dir_all(root.join("etc/deep")).unwrap();
        fs::write(root.join("bin/tool"), "tool").unwrap();
        fs::write(root.join("etc/conf"), "conf").unwrap();
        fs::write(root.join("etc/deep/file"), "file").unwrap();
        symlink("conf", root.join("etc/link")).unwrap();
        settle(root);
    }
    (temporary, before, now)
}

/// Gives everything the same old time.
fn settle(root: &Path) {
    let status = std::process::Command::new("find")
        .arg(root)
        .args(["-exec", "touch", "-h", "-d", "@1000", "{}", "+"])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn nothing_was_changed_in_a_copy() {
    let (_temporary, before, now) = twins();
    assert_eq!(changes(&before, &now), [""; 0]);
}

#[test]
fn changes_are_listed_with_the_directories_they_are_in() {
    let (_temporary, before, now) = twins();
    fs::write(now.join("hi"), "hi").unwrap();
    fs::remove_file(now.join("bin/tool")).unwrap();
    fs::write(now.join("etc/deep/file"), "other").unwrap();
    fs::create_dir(now.join("new")).unwrap();
    fs::write(now.join("new/one"), "1").unwrap();
    let expect = [
        "C /bin",
        "D /bin/tool",
        "C /etc",
        "C /etc/deep",
        "C /etc/deep/file",
        "A /hi",
        "A /new",
        "A /new/one",
    ];
    assert_eq!(changes(&before, &now), expect);
}

#[test]
fn modes_links_and_kinds_count() {
    let (_temporary, before, now) = twins();
    fs::set_permissions(now.join("bin/tool"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(now.join("etc/link")).unwrap();
    symlink("deep", now.join("etc/link")).unwrap();
    fs::remove_dir_all(now.join("etc/deep")).unwrap();
    fs::write(now.join("etc/deep"), "a file now").unwrap();
    assert_eq!(changes(&before, &now), ["C /bin", "C /bin/tool", "C /etc", "C /etc/deep", "C /etc/link"]);
}

#[test]
fn bytes_decide_where_all_else_is_the_same() {
    let (_temporary, before, now) = twins();
    fs::write(now.join("etc/conf"), "CONF").unwrap();
    settle(&now);
    assert_eq!(changes(&before, &now), ["C /etc", "C /etc/conf"]);
}

/// The archive of what was changed, applied to a copy of what was before, makes what is now.
fn round_trip(before: &Path, now: &Path) -> Vec<String> {
    let archive = {
        let (before, now) = (Tree::open(before).unwrap(), Tree::open(now).unwrap());
        let trees = Trees { before: &before, now: &now, touched: None };
        let changes = compare(trees, &none_of_ours).unwrap();
        let twice = [write(&now, &changes, Vec::new()).unwrap(), write(&now, &changes, Vec::new()).unwrap()];
        assert_eq!(twice[0], twice[1]);
        let [archive, _] = twice;
        archive
    };
    let mut reader = crate::tar::Reader::new(&archive[..]);
    while let Some(member) = reader.next_entry().unwrap() {
        let entry = member.entry().clone();
        let path = before.join(std::str::from_utf8(&entry.name).unwrap());
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if let Some(gone) = name.strip_prefix(".wh.") {
            let gone = path.with_file_name(gone);
            if gone.is_dir() {
                fs::remove_dir_all(gone).unwrap()
            } else {
                fs::remove_file(gone).unwrap()
            }
            continue;
        }
        if entry.kind != crate::tar::Kind::Directory && path.symlink_metadata().is_ok() {
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(&path).unwrap()
            } else {
                fs::remove_file(&path).unwrap()
            }
        }
        match entry.kind {
            crate::tar::Kind::Directory => {
                if path.symlink_metadata().is_ok_and(|m| !m.is_dir()) {
                    fs::remove_file(&path).unwrap();
                }
                fs::create_dir_all(&path).unwrap();
            }
            crate::tar::Kind::File => {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut { member }, &mut bytes).unwrap();
                fs::write(&path, bytes).unwrap();
            }
            crate::tar::Kind::Symlink => symlink(std::str::from_utf8(&entry.link).unwrap(), &path).unwrap(),
            kind => panic!("{kind:?}"),
        }
    }
    settle(before);
    settle(now);
    changes(before, now)
}

/// Lays out a tree: which of a few paths there are, and what is in them.
fn lay_out(root: &Path, files: &[(u8, u8)]) {
    fs::create_dir_all(root).unwrap();
    for &(place, what) in files {
        let path = match place % 6 {
            0 => root.join("a"),
            1 => root.join("d/b"),
            2 => root.join("d/e/c"),
            3 => root.join("d/e/f"),
            4 => root.join("g/h"),
            _ => root.join("d"),
        };
        let parent = path.parent().unwrap();
        if path.exists() || path.is_symlink() || fs::create_dir_all(parent).is_err() {
            continue;
        }
        match what % 3 {
            0 => symlink("nowhere", &path).unwrap(),
            1 => fs::create_dir(&path).unwrap(),
            _ => fs::write(&path, [what]).unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_layer_of_the_changes_makes_the_one_of_the_other(
        before in prop::collection::vec(any::<(u8, u8)>(), 0..8),
        now in prop::collection::vec(any::<(u8, u8)>(), 0..8),
    ) {
        let temporary = tempfile::tempdir().unwrap();
        let (a, b) = (temporary.path().join("a"), temporary.path().join("b"));
        lay_out(&a, &before);
        lay_out(&b, &now);
        settle(&a);
        prop_assert_eq!(round_trip(&a, &b), Vec::<String>::new());
    }
}
