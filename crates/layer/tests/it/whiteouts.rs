//! Whiteouts and opaque markers: TAR-10, TAR-11 (0:0).

use std::path::Path;

use layer::Whiteout;
use testkit::forge::{Archive, Block};
use testkit::store_check::{NodeKind, Tree};

use crate::scene::{Scene, privileges, scan};

fn path(path: &str) -> Whiteout {
    Whiteout::Path(path.into())
}

fn opaque(path: &str) -> Whiteout {
    Whiteout::Opaque(path.into())
}

#[track_caller]
fn check(archive: Archive, expect: &[Whiteout]) {
    assert_eq!(scan(&archive.end()).unwrap().whiteouts, expect);
}

#[test]
fn tar_10_whiteouts_act_wherever_they_stand() {
    check(Archive::new().file("d/.wh.a", ""), &[path("d/a")]);
    check(Archive::new().file(".wh.a", "").file(".wh.a", ""), &[path("a")]);
    check(Archive::new().dir(".wh.a"), &[path("a")]);
    check(Archive::new().file("d/.wh..wh..opq", "").file("d/.wh..wh..opq", ""), &[opaque("d")]);
    check(Archive::new().file(".wh..wh..opq", ""), &[opaque("")]);
    // What this layer has itself stays, before or after.
    check(Archive::new().file("a", "").file(".wh.a", ""), &[]);
    check(Archive::new().file(".wh.a", "").file("a", ""), &[]);
    check(Archive::new().dir("a").file(".wh.a", ""), &[opaque("a")]);
    check(Archive::new().file(".wh.a", "").file("a/b", ""), &[opaque("a")]);
    // Behind what hides everything nothing is left to hide.
    check(
        Archive::new().file("d/.wh..wh..opq", "").file("d/.wh.a", "").file("d/e/.wh..wh..opq", ""),
        &[opaque("d")],
    );
    // What came instead of something else of this layer hides the lower one too.
    check(Archive::new().file("a", "").dir("a"), &[opaque("a")]);
    check(Archive::new().file("d/.wh.x", "").file("d", ""), &[]);
}

#[test]
fn tar_10_whiteouts_of_no_name_are_refused() {
    let scene = Scene::new();
    for name in [".wh.", "d/.wh.", ".wh..", ".wh...", "d/.wh..", "d/.wh..."] {
        scene.pair("TAR-10", |archive| archive.file(name, ""), |archive| archive.file("d/.wh....", ""));
    }
    scene.pair(
        "TAR-10",
        |archive| archive.file(".wh.a/b", ""),
        |archive| archive.file(".wh.a", "").file("a/b", ""),
    );
    scene.pair(
        "TAR-5",
        |archive| archive.file(".wh.a/../../canary", ""),
        |archive| archive.file(".wh.a", ""),
    );
}

#[test]
fn tar_10_an_opaque_marker_acts_on_a_directory_only() {
    let scene = Scene::new();
    let canary = scene.canary().to_str().unwrap().to_owned();
    let marker = |archive: Archive| archive.file("d/.wh..wh..opq", "");
    let link = |archive: Archive| archive.pax(&[("linkpath", &canary)]).symlink("d", "");
    scene.pair("TAR-16", |archive| marker(link(archive)), |archive| marker(archive.dir("d")));
    scene.pair("TAR-16", |archive| marker(archive.file("d", "")), |archive| marker(archive.dir("d")));
    // In a lower layer the link is replaced by the directory that the marker implies.
    let lower = link(Archive::new()).end();
    let tree = scene.stacked(&[lower, marker(Archive::new()).end()]);
    assert_eq!(tree.nodes[Path::new("d")].kind, NodeKind::Dir);
}

#[test]
fn tar_10_whiteouts_do_not_follow_links() {
    let scene = Scene::new();
    let canary = scene.canary().to_str().unwrap().to_owned();
    let link = || Archive::new().pax(&[("linkpath", &canary)]).symlink("d", "").end();
    let tree = scene.stacked(&[link(), Archive::new().file("d/.wh.file", "").end()]);
    assert_eq!(tree.nodes[Path::new("d")].kind, NodeKind::Dir);
    let tree = scene.stacked(&[link(), Archive::new().file(".wh.d", "").end()]);
    assert!(!tree.nodes.contains_key(Path::new("d")));
    let tree = scene.stacked(&[link(), Archive::new().file(".wh..wh..opq", "").end()]);
    assert_eq!(tree.nodes.len(), 1);
}

#[test]
fn tar_10_reserved_names_vanish_and_links_to_them_resolve() {
    let scene = Scene::new();
    let layer = Archive::new()
        .dir(".wh..wh.plnk")
        .file(".wh..wh.plnk/12.34", "linked")
        .file(".wh..wh.aufs", "")
        .dir("d/.wh..wh.orph")
        .hardlink("d/a", ".wh..wh.plnk/12.34")
        .hardlink("b", ".wh..wh.plnk/12.34")
        .end();
    let tree = scene.tree(&layer);
    let names: Vec<&str> = tree.nodes.keys().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(names, ["", "b", "d", "d/a"]);
    assert_eq!(tree.nodes[Path::new("d/a")].link_to.as_deref(), Some(Path::new("b")));
    let facts = scan(&layer).unwrap();
    assert_eq!(facts.implied, [b"".to_vec(), b"d".to_vec()]);
    assert!(facts.whiteouts.is_empty());
}

#[test]
fn tar_10_cost_is_linear() {
    let many = |n: usize| {
        let files = (0..n).fold(Archive::new().dir("d"), |archive, i| archive.file(format!("d/f{i}"), ""));
        let markers = (0..n).fold(files, |archive, i| {
            archive.file("d/.wh..wh..opq", "").file(format!("d/.wh.g{}", i % 7), "")
        });
        markers.file(".wh.d", "").end()
    };
    let scene = Scene::new();
    let cost = |n: usize| {
        let layers = [many(n), many(n)];
        let start = std::time::Instant::now();
        scene.stack(&layers).unwrap();
        start.elapsed()
    };
    let _warm = cost(500);
    let (small, large) = (cost(1_000), cost(8_000));
    assert!(large < small * 8 * 4 + std::time::Duration::from_millis(500), "{small:?} became {large:?}");
}

#[test]
fn whiteouts_are_stored_as_overlayfs_reads_them() {
    if !testkit::skip::root() {
        return;
    }
    let scene = Scene::new();
    let layer = Archive::new()
        .entry(Block::new(b'5', "d").mode(0o700).mtime(77), "")
        .file("d/.wh.a", "")
        .dir("o")
        .file("o/.wh..wh..opq", "")
        .end();
    let tree = scene.tree(&layer);
    let node = &tree.nodes[Path::new("d/a")];
    assert_eq!(node.kind, NodeKind::CharDevice(0));
    assert_eq!(xattr(&tree, "o", "trusted.overlay.opaque").as_deref(), Some(&b"y"[..]));
    assert_eq!(xattr(&tree, "d", "trusted.overlay.origin").as_deref(), Some(&b""[..]));
    let dir = &tree.nodes[Path::new("d")];
    assert_eq!((dir.mode, dir.mtime.0), (0o700, 77), "whiteouts leave no trace on their directory");
}

fn xattr(tree: &Tree, path: &str, name: &str) -> Option<Vec<u8>> {
    tree.nodes[Path::new(path)].xattrs.get(std::ffi::OsStr::new(name)).cloned()
}

#[test]
fn tar_11_a_device_0_0_is_a_whiteout_everywhere() {
    let device = |name: &str| Archive::new().header(Block::new(b'3', name).device(0, 0));
    check(device("d/a"), &[path("d/a")]);
    let scene = Scene::new();
    let lower = Archive::new().file("d/a", "x").file("d/b", "y").end();
    let tree = scene.stacked(&[lower, device("d/a").end()]);
    assert!(!tree.nodes.contains_key(Path::new("d/a")) && tree.nodes.contains_key(Path::new("d/b")));
    if privileges() == layer::Privileges::All {
        let tree = scene.tree(&device("d/a").end());
        assert_eq!(tree.nodes[Path::new("d/a")].kind, NodeKind::CharDevice(0));
    }
}
