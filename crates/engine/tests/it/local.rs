//! What needs no registry once images are here.

use std::os::unix::fs::MetadataExt;

use engine::ops::{ListImages, PruneImages, Removal, RemoveImages, Removed};

use crate::world::{World, small};

/// A store with two images that have their base in common: `a`, which is `small("one")`, and `b`.
fn two_pulled(driver: Option<&str>) -> World {
    let world = World::with(testkit::Registry::new(), driver);
    small("one").build().push(&world.registry, "a", &["latest"]);
    small("two").build().push(&world.registry, "b", &["latest"]);
    world.pull("a").unwrap();
    world.pull("b").unwrap();
    world
}

#[test]
fn removing_the_last_name_removes_the_image_and_its_bytes() {
    let world = two_pulled(None);
    let before = world.blobs();
    let removal = world.remove(&world.name("a"));
    let kinds: Vec<&str> = removal
        .removed
        .iter()
        .map(|removed| match removed {
            Removed::Untagged(_) => "untagged",
            Removed::Image(_) => "image",
            Removed::Layer(_) => "layer",
        })
        .collect();
    // The base layer is the other image's too.
    assert_eq!(kinds, ["untagged", "untagged", "image", "layer"]);
    assert_eq!(world.blobs().len(), before.len() - 3);
    assert_eq!(world.names().len(), 2);
    let listed = world.engine.images(&ListImages::default()).unwrap();
    assert_eq!(listed.len(), 1);
}

/// Bytes on disk below the folders that hold blobs and unpacked layers.
fn occupied(world: &World) -> u64 {
    let folders = ["content/blobs", "layers"].map(|folder| world.root().join(folder));
    let du = std::process::Command::new("du").args(["-s", "-c", "-B1"]).args(&folders).output().unwrap();
    let text = String::from_utf8(du.stdout).unwrap();
    text.lines().last().unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn what_a_dry_run_promises_comes_back_to_the_byte() {
    let check = |driver: Option<&str>, repositories: &[&str]| {
        let world = two_pulled(driver);
        let names: Vec<String> = repositories.iter().map(|repository| world.name(repository)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (promised, would_fail) = world.engine.would_remove(&names, &RemoveImages::default()).unwrap();
        let before = occupied(&world);
        let (removal, failed) = world.engine.remove_images(&names, &RemoveImages::default()).unwrap();
        assert_eq!(removal.removed, promised.removed);
        assert_eq!(before - occupied(&world), promised.freed.disk_bytes, "{driver:?}");
        let texts = |errors: Vec<engine::Error>| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(texts(failed), texts(would_fail));
    };
    for driver in [None, Some("vfs"), Some("cold")] {
        check(driver, &["a"]);
        check(driver, &["a", "nosuch", "b"]);
    }
}

#[test]
fn a_removal_of_nothing_writes_nothing() {
    let world = two_pulled(None);
    let written = || std::fs::metadata(world.root().join("content/index.json")).unwrap().ino();
    let before = written();
    let (removal, errors) =
        world.engine.remove_images(&["nosuch", "nosuch:2"], &RemoveImages::default()).unwrap();
    assert_eq!(removal, Removal::default());
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["No such image: nosuch:latest", "No such image: nosuch:2"]);
    assert_eq!(written(), before);
    world.remove(&world.name("a"));
    assert_ne!(written(), before);
}

#[test]
fn layers_that_are_not_unpacked_take_no_place() {
    let check = |driver, unpacked: bool| {
        let world = World::with(testkit::Registry::new(), Some(driver));
        small("one").build().push(&world.registry, "a", &["latest"]);
        world.pull("a").unwrap();
        let usage = world.engine.disk_usage().unwrap();
        assert_eq!(usage.unpacked_bytes > 0, unpacked, "{driver}");
        assert!(usage.layer_bytes > 0);
        let trees = world.engine.image_trees(&ListImages::default()).unwrap();
        assert_eq!(trees[0].disk_bytes() > trees[0].content_bytes(), unpacked, "{driver}");
    };
    check("vfs", true);
    check("cold", false);
}

#[test]
fn a_damaged_image_does_not_hide_the_others() {
    let world = two_pulled(None);
    let here = || {
        let trees = world.engine.image_trees(&ListImages::default()).unwrap();
        trees.iter().map(|tree| tree.platforms[0].available).filter(|here| *here).count()
    };
    assert_eq!(here(), 2);
    let config = world.root().join("content/blobs/sha256").join(small("one").build().images[0].id.0.hex());
    std::fs::remove_file(config).unwrap();
    assert_eq!(here(), 1);
    assert_eq!(world.names().len(), 4);
}

#[test]
fn a_damaged_list_says_what_helps() {
    let world = World::new();
    small("one").build().push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    let list = world.root().join("content/index.json");
    std::fs::write(&list, "{").unwrap();
    let error = world.engine.fsck().unwrap_err();
    assert!(error.to_string().ends_with("; nothing was changed"), "{error}");
    assert_eq!(
        error.hints(),
        ["move that file away and pull or load the images again: the blobs that are here are used"]
    );
    std::fs::rename(&list, world.root().join("index.json")).unwrap();
    world.registry.clear_requests();
    let (pulled, said) = world.pull_lines("a");
    pulled.unwrap();
    assert_eq!(said.iter().filter(|line| line.ends_with(": Already exists")).count(), 2, "{said:?}");
    assert!(world.registry.requests_to("GET", "*/blobs/*").is_empty());
}

#[test]
fn a_removal_that_frees_nothing_says_why() {
    let world = two_pulled(None);
    let id = small("one").build().images[0].id.0.clone();
    std::fs::remove_file(world.root().join("content/blobs/sha256").join(id.hex())).unwrap();
    let (a, b) = (world.name("a"), world.name("b"));
    let says_why = |reason: Option<String>| {
        assert!(reason.as_ref().is_some_and(|reason| reason.starts_with(id.as_str())), "{reason:?}");
    };
    let (promised, _) = world.engine.would_remove(&[&b], &RemoveImages::default()).unwrap();
    assert_eq!(promised.freed, Default::default());
    says_why(promised.held_back);
    let (both, _) = world.engine.would_remove(&[&b, &a], &RemoveImages::default()).unwrap();
    assert_eq!((both.held_back, both.freed.disk_bytes > 0), (None, true));
    let before = world.blobs();
    says_why(world.remove(&b).held_back);
    assert_eq!(world.blobs(), before);
    assert_eq!(world.remove(&a).held_back, None);
    assert!(world.blobs().is_empty());
}

#[test]
fn a_prune_clears_what_killed_operations_left() {
    let world = World::new();
    small("one").build().push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    let left = world.root().join("leases/1-0-dead");
    std::fs::create_dir_all(left.join("tmp/0")).unwrap();
    std::fs::write(left.join("lock"), "").unwrap();
    let pruned = world.engine.prune_images(&PruneImages::default()).unwrap();
    assert!(pruned.removed.is_empty());
    assert!(!left.exists());
    assert_eq!(world.names().len(), 2);
}
