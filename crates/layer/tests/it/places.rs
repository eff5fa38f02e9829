//! Where entries land and what they get: TAR-6, TAR-7, TAR-11, TAR-17, TAR-21.

use std::path::Path;

use testkit::forge::{Archive, Block};
use testkit::store_check::{Node, NodeKind};

use crate::scene::{Scene, apply_as, chain};

fn link(archive: Archive, name: &str, target: &str) -> Archive {
    archive.pax(&[("linkpath", target)]).symlink(name, "")
}

/// Lower layers whose links point at the canary in one way or another.
fn traps(scene: &Scene) -> Vec<Vec<u8>> {
    let canary = scene.canary().to_str().unwrap().to_owned();
    let base = Archive::new().dir("real");
    vec![
        link(base.clone(), "d", &canary).end(),
        link(base.clone(), "d", "../canary").end(),
        link(link(base.clone(), "x", ".."), "d", "x/canary").end(),
        link(link(base.clone(), "real/up", "../.."), "d", "real/up/canary").end(),
        link(base.clone(), "d", "/proc/self/cwd").end(),
        link(base.clone(), "d", &format!("{canary}/dirlink")).end(),
        link(base, "d", "d").end(),
    ]
}

#[test]
fn tar_6_links_of_lower_layers_are_never_walked_through() {
    let scene = Scene::new();
    let uppers: [&dyn Fn(Archive) -> Archive; 6] = [
        &|archive| archive.file("d/file", "evil"),
        &|archive| archive.file("d/dir/below/new", "evil"),
        &|archive| archive.symlink("d/file", "evil"),
        &|archive| archive.file("own", "").hardlink("d/hardlink", "own"),
        &|archive| archive.header(Block::new(b'5', "d/dir").mode(0o777).mtime(3)),
        &|archive| archive.file("d/.wh.file", "").file("d/.wh..wh..opq", ""),
    ];
    for trap in traps(&scene) {
        for upper in uppers {
            // The directory that the path implies stands in the link's place (decision 6).
            let tree = scene.stacked(&[trap.clone(), upper(Archive::new()).end()]);
            assert_eq!(tree.nodes[Path::new("d")].kind, NodeKind::Dir);
        }
    }
}

#[test]
fn tar_7_an_entry_replaces_a_link_and_never_opens_it() {
    let scene = Scene::new();
    let uppers: [(&dyn Fn(Archive) -> Archive, bool); 5] = [
        (&|archive| archive.entry(Block::new(b'0', "d").mode(0o777).owner(5, 5).mtime(1), "evil"), false),
        (&|archive| archive.header(Block::new(b'5', "d").mode(0o777).owner(5, 5).mtime(1)), true),
        (&|archive| archive.symlink("d", "elsewhere"), false),
        (&|archive| archive.header(Block::new(b'6', "d").mode(0o777)), false),
        (&|archive| archive.file("own", "x").hardlink("d", "own"), false),
    ];
    for trap in traps(&scene) {
        for (upper, is_dir) in uppers {
            let tree = scene.stacked(&[trap.clone(), upper(Archive::new()).end()]);
            assert_eq!(tree.nodes[Path::new("d")].kind == NodeKind::Dir, is_dir);
        }
    }
}

#[test]
fn tar_7_links_within_one_layer_are_replaced_too() {
    let scene = Scene::new();
    let canary = scene.canary().join("file");
    let layer = link(Archive::new(), "f", canary.to_str().unwrap())
        .entry(Block::new(b'0', "f").mode(0o777).mtime(1), "own")
        .end();
    let tree = scene.tree(&layer);
    assert!(matches!(tree.nodes[Path::new("f")].kind, NodeKind::File(3, _)));
}

#[test]
fn tar_7_metadata_of_links_are_their_own() {
    let scene = Scene::new();
    let canary = scene.canary().join("file");
    let target = canary.to_str().unwrap();
    let block = Block::new(b'2', "l").mode(0o777).owner(1000, 1001).mtime(77);
    let tree = scene.tree(&Archive::new().pax(&[("linkpath", target)]).header(block).end());
    let node = &tree.nodes[Path::new("l")];
    assert_eq!(node.mtime.0, 77);
    if rustix::process::geteuid().is_root() {
        assert_eq!((node.uid, node.gid), (1000, 1001));
    }
}

#[test]
fn tar_11_special_files_are_made_or_recorded_and_unknown_ones_skipped() {
    let scene = Scene::new();
    let layer = Archive::new()
        .header(Block::new(b'3', "dev/null").device(1, 3).mode(0o666))
        .header(Block::new(b'4', "dev/loop").device(7, 1).mode(0o660).owner(0, 6))
        .header(Block::new(b'6', "pipe").mode(0o620))
        .entry(Block::new(b'V', "volume"), "label data that is skipped")
        .entry(Block::new(b'Z', "../unknown"), vec![b'z'; 5000])
        .file("after", "x")
        .end();
    let (root, applied) = scene.run(&layer).unwrap();
    assert_eq!(applied.facts.entries, 6);
    let tree = testkit::store_check::Tree::read(&root).unwrap();
    let names: Vec<&str> = tree.nodes.keys().map(|path| path.to_str().unwrap()).collect();
    if rustix::process::geteuid().is_root() {
        assert_eq!(names, ["", "after", "dev", "dev/loop", "dev/null", "pipe"]);
        let node = |name: &str| -> &Node { &tree.nodes[Path::new(name)] };
        assert_eq!((&node("dev/null").kind, node("dev/null").mode), (&NodeKind::CharDevice(0x103), 0o666));
        assert_eq!((&node("dev/loop").kind, node("dev/loop").gid), (&NodeKind::BlockDevice(0x701), 6));
        assert_eq!((&node("pipe").kind, node("pipe").mode), (&NodeKind::Fifo, 0o620));
    } else {
        assert_eq!(names, ["", "after", "dev", "pipe"]);
    }
    let root = scene.root();
    let applied = apply_as(&layer, &root, layer::Whiteouts::Overlay, layer::Privileges::NoDevices).unwrap();
    assert!(!root.join("dev/null").exists());
    let recorded: Vec<_> = applied.recorded.iter().map(|r| (&r.path[..], r.device.minor, r.mode)).collect();
    assert_eq!(recorded, [(&b"dev/null"[..], 3, 0o666), (b"dev/loop", 1, 0o660)]);
}

#[test]
fn tar_17_directories_get_their_times_and_modes_at_the_end() {
    let scene = Scene::new();
    let dir = |name: &str, mode, time| Block::new(b'5', name).mode(mode).mtime(time);
    let layer = Archive::new()
        .header(dir("./", 0o711, 10))
        .header(dir("a", 0o555, 11))
        .header(dir("a/b", 0o500, 12))
        .file("a/b/f", "x")
        .file("other", "y")
        .file("a/g", "z")
        .header(dir("a/b/c", 0o755, 13))
        .file("implied/deep/f", "x")
        .hardlink("a/b/h", "other")
        .symlink("a/b/s", "t")
        .header(dir("implied", 0o700, 14))
        .file("implied/late", "x")
        .end();
    let tree = scene.tree(&layer);
    let check = |name: &str, mode, time| {
        let node = &tree.nodes[Path::new(name)];
        assert_eq!((node.mode, node.mtime), (mode, (time, 0)), "{name}");
    };
    check("", 0o711, 10);
    check("a", 0o555, 11);
    check("a/b", 0o500, 12);
    check("a/b/c", 0o755, 13);
    check("implied", 0o700, 14);
    check("implied/deep", 0o755, 0);
}

#[test]
fn tar_17_times_are_right_whatever_the_order() {
    let scene = Scene::new();
    // More directories than are held open, filled in turn.
    let dirs: Vec<String> = (0..60).map(|i| format!("{}d{i}", "p/".repeat(i % 30))).collect();
    let mut archive = Archive::new();
    for (i, dir) in dirs.iter().enumerate() {
        archive = archive.header(Block::new(b'5', dir).mode(0o755).mtime(1000 + i as u64));
    }
    for round in 0..3 {
        for dir in &dirs {
            archive = archive.file(format!("{dir}/f{round}"), "x");
        }
    }
    let tree = scene.tree(&archive.end());
    for (i, dir) in dirs.iter().enumerate() {
        assert_eq!(tree.nodes[Path::new(dir)].mtime, (1000 + i as i64, 0), "{dir}");
    }
}

#[test]
fn tar_21_depth_costs_no_stack() {
    let scene = Scene::new();
    let deep = |i: usize| format!("{}f{i}", "d/".repeat(1023));
    let layer = (0..40).fold(Archive::new(), |archive, i| archive.long_name(deep(i)).file("x", "1")).end();
    // A small stack shows recursion early.
    std::thread::scope(|scope| {
        let outcome = std::thread::Builder::new()
            .stack_size(128 << 10)
            .spawn_scoped(scope, || {
                let root = scene_root(&layer);
                let parent = disk::tree::Tree::open(root.path()).unwrap();
                parent.folder(b"", disk::tree::Follow::Never).unwrap().remove(b"root").unwrap();
                assert!(!root.path().join("root").exists());
            })
            .unwrap()
            .join();
        assert!(outcome.is_ok());
    });
    scene.run(&layer).map(drop).unwrap_or_else(|error| panic!("{}", chain(&error)));
}

fn scene_root(layer: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    apply_as(layer, &root, layer::Whiteouts::Overlay, crate::scene::privileges()).unwrap();
    folder
}

#[test]
fn directories_that_are_replaced_are_not_settled_at_the_end() {
    let scene = Scene::new();
    let list =
        b"\x02\0\0\0\x01\0\x07\0\xff\xff\xff\xff\x04\0\x05\0\xff\xff\xff\xff\x20\0\x05\0\xff\xff\xff\xff";
    let dir = |archive: Archive, name: &str| {
        archive.pax(&[("SCHILY.xattr.system.posix_acl_default", &list[..])]).dir(name)
    };
    let archive = ["a", "a/b", "a/b/c", "a!", "a0"].into_iter().fold(Archive::new(), dir);
    let tree = scene.tree(&archive.file("a", "now a file").end());
    let names: Vec<&str> = tree.nodes.keys().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(names, ["", "a", "a!", "a0"]);
    let has_list = |name: &str| !tree.nodes[Path::new(name)].xattrs.is_empty();
    assert!(!has_list("a") && has_list("a!") == has_list("a0"));
}
