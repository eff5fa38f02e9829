use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn scratch() -> (tempfile::TempDir, Dir) {
    let temporary = tempfile::tempdir().unwrap();
    let dir = Dir::open(temporary.path()).unwrap();
    (temporary, dir)
}

#[test]
fn disk_2_links_and_strange_names_are_not_followed() {
    let (temporary, dir) = scratch();
    std::fs::write(temporary.path().join("secret"), "x").unwrap();
    symlink("secret", temporary.path().join("link")).unwrap();
    symlink("/", temporary.path().join("root")).unwrap();
    assert!(dir.file("link").is_err());
    assert!(dir.dir("root").is_err());
    assert!(dir.file("secret").is_ok());
    for name in ["", ".", "..", "a/b", "/etc", "a\0b"] {
        assert!(dir.file(name).is_err(), "{name:?}");
        assert!(dir.create(name, 0o600).is_err(), "{name:?}");
        assert!(dir.make_dir(name).is_err(), "{name:?}");
    }
}

#[test]
fn disk_2_a_fifo_neither_blocks_nor_passes_for_a_file() {
    let (temporary, dir) = scratch();
    rustix::fs::mknodat(&dir.fd, "pipe", FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    assert!(dir.file("pipe").is_err());
    assert!(dir.read("pipe", 10).is_err());
    drop(temporary);
}

#[test]
fn replace_is_all_or_nothing_and_has_the_mode() {
    let (temporary, dir) = scratch();
    dir.replace("x", b"one", 0o600).unwrap();
    dir.replace("x", b"two", 0o644).unwrap();
    assert_eq!(dir.read("x", 10).unwrap().unwrap(), b"two");
    let mode = std::fs::metadata(temporary.path().join("x")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(dir.entries().unwrap().len(), 1);
    assert!(dir.read("x", 2).is_err());
    assert_eq!(dir.read("y", 2).unwrap(), None);
}

#[test]
fn what_is_written_over_stays_as_long_as_it_was() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = Dir::open(temporary.path()).unwrap();
    assert!(dir.overwrite("x", b"12", b' ').unwrap_err().is_not_found());
    dir.replace("x", b"12345", 0o600).unwrap();
    for (bytes, expect) in [(&b"abc"[..], &b"abc  "[..]), (b"1234567", b"1234567")] {
        dir.overwrite("x", bytes, b' ').unwrap();
        assert_eq!(dir.read("x", 10).unwrap().unwrap(), expect);
    }
}

#[test]
fn disk_3_what_a_dead_process_left_is_written_over() {
    let (temporary, dir) = scratch();
    std::fs::write(temporary.path().join(".x.new"), "half").unwrap();
    dir.replace_alone("x", b"whole", 0o600).unwrap();
    assert_eq!(dir.read("x", 10).unwrap().unwrap(), b"whole");
    std::fs::write(temporary.path().join(".x.new"), "half").unwrap();
    dir.replace_for_now("x", b"new", 0o600).unwrap();
    assert_eq!(dir.read("x", 10).unwrap().unwrap(), b"new");
    assert_eq!(dir.entries().unwrap().len(), 1);
}

#[test]
fn rename_new_does_not_replace() {
    let (_temporary, dir) = scratch();
    dir.replace("a", b"a", 0o600).unwrap();
    dir.replace("b", b"b", 0o600).unwrap();
    assert!(!dir.rename_new("a", &dir, "b").unwrap());
    assert!(dir.rename_new("a", &dir, "c").unwrap());
    assert_eq!(dir.read("b", 10).unwrap().unwrap(), b"b");
}

#[test]
fn disk_4_locks_exclude_and_name_the_holder() {
    let (_temporary, dir) = scratch();
    let held = dir.lock("gc", LockMode::Exclusive, Duration::ZERO).unwrap();
    held.sign().unwrap();
    assert!(dir.try_lock("gc", LockMode::Shared).unwrap().is_none());
    let error = dir.lock("gc", LockMode::Shared, Duration::ZERO).unwrap_err().to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(held);
    let first = dir.try_lock("gc", LockMode::Shared).unwrap();
    let second = dir.try_lock("gc", LockMode::Shared).unwrap();
    assert!(first.is_some() && second.is_some());
    assert!(dir.try_lock("gc", LockMode::Exclusive).unwrap().is_none());
}

#[test]
fn disk_1_a_root_open_to_others_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("root");
    crate::create_private(&root).unwrap().replace("x", b"", 0o600).unwrap();
    assert_eq!(std::fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o770)).unwrap();
    let error = crate::open_private(&root).unwrap_err().to_string();
    assert!(error.contains("can be written by others (mode 0770)"), "{error}");
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(crate::open_private(&root).is_ok());
}
