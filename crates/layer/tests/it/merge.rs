//! The merge rule (decision 6), carried out on one directory.

use std::path::Path;

use testkit::forge::{Archive, Block};
use testkit::store_check::{NodeKind, Tree};

use crate::scene::{Scene, scan};

fn names(tree: &Tree) -> Vec<&str> {
    tree.nodes.keys().map(|path| path.to_str().unwrap()).collect()
}

#[test]
fn a_directory_over_a_directory_merges_and_brings_its_own_metadata() {
    let scene = Scene::new();
    let dir = |mode, time| Block::new(b'5', "d").mode(mode).mtime(time);
    let lower = Archive::new()
        .pax(&[("SCHILY.xattr.user.lower", "1")])
        .header(dir(0o711, 5))
        .file("d/a", "lower")
        .file("d/b", "lower")
        .end();
    let upper = Archive::new()
        .pax(&[("SCHILY.xattr.user.upper", "1")])
        .header(dir(0o750, 6))
        .file("d/b", "upper!")
        .file("d/c", "")
        .end();
    let tree = scene.stacked(&[lower, upper]);
    assert_eq!(names(&tree), ["", "d", "d/a", "d/b", "d/c"]);
    let node = &tree.nodes[Path::new("d")];
    assert_eq!((node.mode, node.mtime.0), (0o750, 6));
    let attributes: Vec<_> = node.xattrs.keys().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(attributes, ["user.upper"]);
    assert!(matches!(tree.nodes[Path::new("d/b")].kind, NodeKind::File(6, _)));
}

#[test]
fn an_implied_directory_changes_nothing_over_a_directory_and_is_new_elsewhere() {
    let scene = Scene::new();
    let lower = Archive::new()
        .pax(&[("SCHILY.xattr.user.k", "v")])
        .header(Block::new(b'5', "d").mode(0o700).mtime(5))
        .file("d/a", "")
        .file("f", "")
        .symlink("s", "d")
        .end();
    let upper = Archive::new().file("d/x", "").file("f/x", "").file("s/x", "").file("n/x", "").end();
    let before = scene.stacked(std::slice::from_ref(&lower));
    let tree = scene.stacked(&[lower, upper.clone()]);
    assert_eq!(tree.nodes[Path::new("d")], before.nodes[Path::new("d")]);
    for name in ["f", "s", "n"] {
        let node = &tree.nodes[Path::new(name)];
        assert_eq!((&node.kind, node.mode, node.mtime), (&NodeKind::Dir, 0o755, (0, 0)), "{name}");
    }
    assert_eq!(names(&tree), ["", "d", "d/a", "d/x", "f", "f/x", "n", "n/x", "s", "s/x"]);
    assert_eq!(scan(&upper).unwrap().implied, ["", "d", "f", "s", "n"].map(|path| path.as_bytes().to_vec()));
}

#[test]
fn implied_directories_that_hide_what_is_below_are_not_to_be_settled() {
    let upper = Archive::new()
        .dir("./")
        .file(".wh.a", "")
        .file("a/b/c", "")
        .file("o/.wh..wh..opq", "")
        .file("o/p/q", "")
        .file("n/x", "")
        .dir("n")
        .end();
    assert_eq!(scan(&upper).unwrap().implied, [b"o".to_vec()]);
    let scene = Scene::new();
    let dir = |name: &str| Block::new(b'5', name).mode(0o700).mtime(5);
    let lower = ["a", "a/b", "o", "o/p", "n"]
        .iter()
        .fold(Archive::new(), |archive, name| archive.header(dir(name)).file(format!("{name}/lower"), ""))
        .end();
    let tree = scene.stacked(&[lower, upper]);
    assert_eq!(names(&tree), ["", "a", "a/b", "a/b/c", "n", "n/lower", "n/x", "o", "o/p", "o/p/q"]);
    let mode = |name: &str| (tree.nodes[Path::new(name)].mode, tree.nodes[Path::new(name)].mtime.0);
    assert_eq!((mode("a"), mode("a/b"), mode("o/p")), ((0o755, 0), (0o755, 0), (0o755, 0)));
    assert_eq!((mode("o"), mode("n")), ((0o700, 5), (0o755, 0)));
}

#[test]
fn whiteouts_remove_what_is_below_and_keep_what_is_new() {
    let scene = Scene::new();
    let lower = Archive::new()
        .file("d/a", "")
        .file("d/b/c", "")
        .file("d/b/e", "")
        .file("x", "")
        .file("y/z", "")
        .end();
    let upper = Archive::new()
        .file("d/b/new", "")
        .file("d/.wh.b", "")
        .file(".wh.x", "")
        .file(".wh.y", "")
        .file("y", "now a file")
        .file(".wh.never", "")
        .end();
    let tree = scene.stacked(&[lower.clone(), upper]);
    assert_eq!(names(&tree), ["", "d", "d/a", "d/b", "d/b/new", "y"]);
    let opaque = Archive::new().file("d/new", "").file("d/b/e", "").file("d/.wh..wh..opq", "").end();
    let tree = scene.stacked(&[lower.clone(), opaque]);
    assert_eq!(names(&tree), ["", "d", "d/b", "d/b/e", "d/new", "x", "y", "y/z"]);
    let all = scene.stacked(&[lower, Archive::new().file(".wh..wh..opq", "").dir("n").end()]);
    assert_eq!(names(&all), ["", "n"]);
}

#[test]
fn times_of_directories_survive_what_is_done_in_them() {
    let scene = Scene::new();
    let lower = Archive::new()
        .header(Block::new(b'5', "d").mode(0o755).mtime(5))
        .file("d/a", "")
        .file("d/b", "")
        .end();
    let uppers = [
        Archive::new().file("d/c", ""),
        Archive::new().file("d/.wh.a", ""),
        Archive::new().file("d/.wh..wh..opq", ""),
        Archive::new().hardlink("d/l", "d/a"),
        Archive::new().file("d/a", ""),
        Archive::new().dir("d/a"),
    ];
    for upper in uppers {
        let tree = scene.stacked(&[lower.clone(), upper.end()]);
        assert_eq!(tree.nodes[Path::new("d")].mtime, (5, 0));
    }
}

#[test]
fn anything_replaces_anything() {
    let scene = Scene::new();
    let kinds: [&dyn Fn(Archive) -> Archive; 4] = [
        &|archive| archive.file("a", "content"),
        &|archive| archive.symlink("a", "/nowhere"),
        &|archive| archive.dir("a").file("a/in", "x"),
        &|archive| archive.header(Block::new(b'6', "a")),
    ];
    for lower in kinds {
        for upper in kinds {
            let stacked = scene.stacked(&[lower(Archive::new()).end(), upper(Archive::new()).end()]);
            let alone = scene.stacked(&[upper(Archive::new()).end()]);
            assert_eq!(stacked.nodes[Path::new("a")].kind, alone.nodes[Path::new("a")].kind);
            assert_eq!(names(&stacked), names(&alone));
        }
    }
}
