//! Hard and symbolic links: TAR-8, TAR-9.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use layer::LinkBelow;
use testkit::forge::{Archive, Block};
use testkit::store_check::NodeKind;

use crate::scene::{Scene, chain, scan};

#[test]
fn tar_8_hard_links_are_names_of_one_file() {
    let scene = Scene::new();
    let layer = Archive::new()
        .file("d/a", "content")
        .hardlink("b", "d/a")
        .hardlink("d/c", "/./b")
        .symlink("s", "../canary/file")
        .hardlink("t", "s")
        .header(Block::new(b'6', "fifo"))
        .hardlink("pipe", "fifo")
        .end();
    let (root, applied) = scene.run(&layer).unwrap();
    let inode = |name: &str| std::fs::symlink_metadata(root.join(name)).unwrap().ino();
    assert_eq!(inode("d/a"), inode("b"));
    assert_eq!(inode("d/a"), inode("d/c"));
    assert_eq!(inode("s"), inode("t"));
    assert_eq!(inode("fifo"), inode("pipe"));
    assert_eq!(applied.facts.bytes, 7, "hard links count once");
    assert!(applied.facts.links_below.is_empty());
}

#[test]
fn tar_8_a_hard_link_does_not_touch_its_target() {
    let scene = Scene::new();
    let layer = Archive::new()
        .entry(Block::new(b'0', "a").mode(0o640).mtime(5), "x")
        .header(Block::new(b'1', "b").link("a").mode(0o777).mtime(9))
        .end();
    let tree = scene.tree(&layer);
    let node = &tree.nodes[Path::new("a")];
    assert_eq!((node.mode, node.mtime.0), (0o640, 5));
}

#[test]
fn tar_8_hard_links_to_directories_or_to_themselves_are_refused() {
    let scene = Scene::new();
    let twin = |archive: Archive| archive.dir("d").file("d/f", "").hardlink("b", "d/f");
    scene.pair("TAR-8", |archive| archive.dir("d").hardlink("b", "d"), twin);
    scene.pair("TAR-8", |archive| archive.file("d/f", "").hardlink("b", "d/"), twin);
    scene.pair("TAR-8", |archive| archive.hardlink("b", "b"), twin);
    scene.pair("TAR-8", |archive| archive.file("b", "").hardlink("b", "./b"), twin);
    scene.pair("TAR-8", |archive| archive.hardlink("b", ""), twin);
    scene.pair("TAR-8", |archive| archive.hardlink("b", "/"), twin);
    scene.pair("TAR-8", |archive| archive.dir("d").file("d/f", "").hardlink("d", "d/f"), twin);
    scene.pair("TAR-5", |archive| archive.hardlink("b", "../canary/secret"), twin);
}

#[test]
fn tar_8_a_target_behind_a_link_is_never_a_host_file() {
    let scene = Scene::new();
    let canary = scene.canary().to_str().unwrap().to_owned();
    let twin = |archive: Archive| archive.dir("d").file("d/secret", "").hardlink("b", "d/secret");
    for target in [&canary[..], "../canary", "/"] {
        let link = |archive: Archive| archive.pax(&[("linkpath", target)]).symlink("d", "");
        scene.pair("TAR-8", |archive| link(archive).hardlink("b", "d/secret"), twin);
    }
    // Without the link it is one into a lower layer, and there is none.
    let name = format!("{canary}/secret");
    let layer = Archive::new().pax(&[("linkpath", &name)]).hardlink("b", "").end();
    let (root, applied) = scene.run(&layer).unwrap();
    assert!(!root.join("b").exists());
    assert_eq!(applied.facts.links_below.len(), 1);
    let error = scene.stack(&[layer]).unwrap_err();
    assert!(chain(&error).contains("which does not exist (TAR-8)") && error.is_content());
}

#[test]
fn tar_8_links_into_lower_layers_are_recorded() {
    let layer = Archive::new()
        .hardlink("a", "lower/f")
        .hardlink("d/b", "a")
        .hardlink("c", "lower/f")
        .hardlink("gone", "lower/g")
        .file("gone", "own")
        .hardlink("late", "own")
        .file("own", "")
        .hardlink("twice", "lower/h")
        .hardlink("twice", "lower/h")
        .end();
    let facts = scan(&layer).unwrap();
    let link = |path: &str, target: &str| LinkBelow { path: path.into(), target: target.into() };
    let expect = [
        link("a", "lower/f"),
        link("d/b", "lower/f"),
        link("c", "lower/f"),
        link("late", "own"),
        link("twice", "lower/h"),
    ];
    assert_eq!(facts.links_below, expect);
}

#[test]
fn tar_8_links_into_lower_layers_become_copies() {
    let scene = Scene::new();
    let lower = Archive::new()
        .pax(&[("SCHILY.xattr.user.k", "v")])
        .entry(Block::new(b'0', "d/f").mode(0o640).mtime(5), "content")
        .symlink("s", "d/f")
        .end();
    let upper = Archive::new()
        .hardlink("a", "d/f")
        .hardlink("b", "a")
        .hardlink("c", "d/f")
        .hardlink("t", "s")
        .file(".wh.s", "")
        .file("d/.wh.f", "")
        .end();
    let tree = scene.stacked(&[lower.clone(), upper]);
    let before = scene.stacked(std::slice::from_ref(&lower));
    let node = |name: &str| &tree.nodes[Path::new(name)];
    assert_eq!(*node("a"), before.nodes[Path::new("d/f")]);
    assert_eq!(node("b").link_to.as_deref(), Some(Path::new("a")));
    assert_eq!(node("c").link_to.as_deref(), Some(Path::new("a")));
    assert_eq!(node("t").kind, NodeKind::Symlink("d/f".into()));
    assert!(!tree.nodes.contains_key(Path::new("d/f")) && !tree.nodes.contains_key(Path::new("s")));
    // Where the lower file stays, it is another file.
    let root = scene.stack(&[lower, Archive::new().hardlink("a", "d/f").end()]).unwrap();
    assert_eq!(std::fs::metadata(root.join("d/f")).unwrap().nlink(), 1);
}

#[test]
fn tar_8_lower_targets_that_are_no_files_are_refused() {
    let scene = Scene::new();
    let canary = scene.canary().to_str().unwrap().to_owned();
    let lower = Archive::new().dir("d").pax(&[("linkpath", &canary)]).symlink("out", "").file("f", "").end();
    for target in ["d", "out/secret", "nothing", "f/x"] {
        let upper = Archive::new().hardlink("a", target).end();
        assert_eq!(scan(&upper).unwrap().links_below.len(), 1);
        let error = scene.stack(&[lower.clone(), upper]).unwrap_err();
        assert!(error.is_content() && chain(&error).contains("TAR-8"), "{target}: {}", chain(&error));
    }
}

#[test]
fn tar_8_what_a_layer_has_replaced_is_no_target_any_more() {
    let scene = Scene::new();
    let link = |archive: Archive| archive.hardlink("b", "a/c/x");
    scene.pair("TAR-8", |archive| link(archive.file("a", "")), |archive| link(archive.dir("a")));
    scene.pair(
        "TAR-8",
        |archive| link(archive.file("a", "").dir("a")),
        |archive| link(archive.dir("a").dir("a")),
    );
    scene.pair(
        "TAR-8",
        |archive| link(archive.file("a", "").dir("a/").dir("a/c")),
        |archive| link(archive.dir("a/c")),
    );
}

#[test]
fn tar_4_names_of_one_file_are_counted() {
    let links = |count: usize| {
        (0..count)
            .fold(Archive::new().file("f", ""), |archive, i| archive.hardlink(format!("l{i}"), "f"))
            .end()
    };
    assert!(scan(&links(64_999)).is_ok());
    assert!(chain(&scan(&links(65_000)).unwrap_err()).contains("LINKS_PER_INODE_MAX"));
    // A name that is replaced does not count.
    let same = (0..65_001).fold(Archive::new().file("f", ""), |archive, _| archive.hardlink("l", "f")).end();
    assert!(scan(&same).is_ok());
}

#[test]
fn tar_9_symbolic_links_are_stored_as_given() {
    let scene = Scene::new();
    let canary = scene.canary().join("file");
    let long = "x/".repeat(2000);
    let targets =
        ["/", "..", "../../..", "a//b/./c/", canary.to_str().unwrap(), "/proc/self/root", "no\nwhere", &long];
    let layer = targets
        .iter()
        .enumerate()
        .fold(Archive::new(), |archive, (i, target)| archive.long_link(target).symlink(format!("l{i}"), ""))
        .end();
    let (root, _) = scene.run(&layer).unwrap();
    for (i, target) in targets.iter().enumerate() {
        assert_eq!(std::fs::read_link(root.join(format!("l{i}"))).unwrap().as_os_str(), *target);
    }
    scene.pair("TAR-2", |archive| archive.symlink("l", ""), |archive| archive.symlink("l", "t"));
}
