//! Extended attributes: TAR-13, TAR-12.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use testkit::forge::{Archive, Block};

use crate::scene::{Scene, check, entries};

const CAPABILITY: &[u8] = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn acl() -> Vec<u8> {
    let entry =
        |tag: u8, permissions: u8, id: u32| [&[tag, 0, permissions, 0][..], &id.to_le_bytes()].concat();
    let none = u32::MAX;
    let entries =
        [entry(1, 6, none), entry(2, 5, 1000), entry(4, 4, none), entry(0x10, 5, none), entry(0x20, 0, none)];
    [&[2, 0, 0, 0][..], &entries.concat()].concat()
}

fn attribute(archive: Archive, name: &str, value: &[u8]) -> Archive {
    archive.pax(&[(format!("SCHILY.xattr.{name}").as_bytes(), value)])
}

#[test]
fn tar_13_what_is_kept_and_what_vanishes() {
    let scene = Scene::new();
    let kept = [("user.a", &b"v\0w"[..]), ("user.empty", b""), ("user.overlayx", b"1")];
    let dropped = [
        "trusted.overlay.opaque",
        "trusted.overlay.redirect",
        "trusted.overlay.metacopy",
        "trusted.x",
        "user.overlay.opaque",
        "user.overlay.redirect",
        "security.selinux",
        "security.ima",
        "security.evm",
        "security.apparmor",
        "security.SMACK64",
        "system.data",
        "btrfs.compression",
        "user.",
        "nonsense",
    ];
    let mut records: Vec<(String, &[u8])> =
        kept.iter().map(|(name, value)| (format!("SCHILY.xattr.{name}"), *value)).collect();
    records.extend(dropped.map(|name| (format!("SCHILY.xattr.{name}"), &b"/etc"[..])));
    let layer = Archive::new()
        .pax(&records)
        .file("f", "x")
        .pax(&records)
        .dir("d")
        .pax(&records)
        .symlink("s", "t")
        .end();
    let tree = scene.tree(&layer);
    let expect: BTreeMap<OsString, Vec<u8>> = kept.iter().map(|(n, v)| (n.into(), v.to_vec())).collect();
    assert_eq!(tree.nodes[Path::new("f")].xattrs, expect);
    assert_eq!(tree.nodes[Path::new("d")].xattrs, expect);
    assert!(tree.nodes[Path::new("s")].xattrs.is_empty());
}

#[test]
fn tar_13_malformed_capabilities_and_access_lists_are_refused() {
    let scene = Scene::new();
    let good = acl();
    let bad_capabilities = [&b""[..], b"x", &CAPABILITY[..19], &[0xff; 20]];
    for bad in bad_capabilities {
        scene.pair(
            "TAR-13",
            |archive| attribute(archive, "security.capability", bad).file("f", "x"),
            |archive| attribute(archive, "security.capability", CAPABILITY).file("f", "x"),
        );
    }
    for name in ["system.posix_acl_access", "system.posix_acl_default"] {
        for bad in [&b""[..], b"\x02\0\0", &good[..good.len() - 1], &good[..12], b"\x03\0\0\0"] {
            scene.pair(
                "TAR-13",
                |archive| attribute(archive, name, bad).dir("d"),
                |archive| attribute(archive, name, &good).dir("d"),
            );
        }
    }
}

#[test]
fn tar_4_attributes_have_limits() {
    let scene = Scene::new();
    let name = |len: usize| format!("user.{}", "n".repeat(len - 5));
    scene.pair(
        "XATTR_NAME_BYTES_MAX",
        |archive| attribute(archive, &name(256), b"").dir("d"),
        |archive| attribute(archive, &name(255), b"").dir("d"),
    );
    // Attributes that vanish have limits too, and no file system takes a value as large as the kernel allows.
    scene.pair(
        "XATTR_VALUE_BYTES_MAX",
        |archive| attribute(archive, "trusted.x", &vec![b'v'; 65_537]).file("f", ""),
        |archive| attribute(archive, "trusted.x", &vec![b'v'; 65_536]).file("f", ""),
    );
    let many = |archive: Archive, n: usize| {
        let records: Vec<(String, &str)> =
            (0..n).map(|i| (format!("SCHILY.xattr.trusted.{i}"), "")).collect();
        archive.pax(&records).file("f", "")
    };
    scene.pair("XATTRS_PER_ENTRY_MAX", |archive| many(archive, 129), |archive| many(archive, 128));
    scene.pair(
        "TAR-2",
        |archive| archive.pax(&[("SCHILY.xattr.", "x")]).file("f", ""),
        |archive| archive.pax(&[("SCHILY.xattr.a", "x")]).file("f", ""),
    );
}

#[test]
fn tar_2_empty_values_are_values() {
    let found = entries(&attribute(Archive::new(), "user.a", b"").file("f", "").end()).unwrap();
    assert_eq!(found[0].0.xattrs.len(), 1);
    check(&attribute(Archive::new(), "user.a", b"").file("f", "1").end(), &[("f", "1")]);
}

#[test]
fn tar_12_privileges_of_files_survive() {
    if !testkit::skip::root() {
        return;
    }
    let scene = Scene::new();
    let file = |name: &str, mode| Block::new(b'0', name).mode(mode).owner(1000, 50);
    let layer = attribute(Archive::new(), "security.capability", CAPABILITY)
        .entry(file("ping", 0o755), "x".repeat(10_000))
        .entry(file("su", 0o6755), "x")
        .header(Block::new(b'5', "shared").mode(0o3775).owner(3, 8))
        .entry(file("shared/f", 0o644).owner(0, 0), "x")
        .end();
    let tree = scene.tree(&layer);
    let node = |name: &str| &tree.nodes[Path::new(name)];
    assert_eq!(node("su").mode, 0o6755);
    assert_eq!((node("su").uid, node("su").gid), (1000, 50));
    let capability = node("ping").xattrs.get(&OsString::from("security.capability"));
    assert_eq!(capability.map(|value| &value[..20]), Some(CAPABILITY));
    assert_eq!(node("shared").mode, 0o3775);
    assert_eq!(node("shared/f").gid, 0, "not the group of the directory");
}

#[test]
fn default_access_lists_do_not_rub_off() {
    let scene = Scene::new();
    let list = acl();
    let layer = attribute(Archive::new(), "system.posix_acl_default", &list)
        .dir("d")
        .file("d/f", "x")
        .dir("d/e")
        .header(Block::new(b'6', "d/p"))
        .end();
    let tree = scene.tree(&layer);
    let attributes = |name: &str| &tree.nodes[Path::new(name)].xattrs;
    if attributes("d").is_empty() {
        testkit::skip::skip("the file system has no access lists");
        return;
    }
    assert_eq!(attributes("d")[&OsString::from("system.posix_acl_default")], list);
    for name in ["d/f", "d/e", "d/p"] {
        assert!(attributes(name).is_empty(), "{name}");
    }
    let tree = scene
        .stacked(&[layer, Archive::new().file("d/g", "").dir("d/h").header(Block::new(b'6', "d/q")).end()]);
    for name in ["d/g", "d/h", "d/q"] {
        assert!(tree.nodes[Path::new(name)].xattrs.is_empty(), "{name}");
        assert_eq!(tree.nodes[Path::new(name)].mode, if name == "d/h" { 0o755 } else { 0o644 });
    }
}
