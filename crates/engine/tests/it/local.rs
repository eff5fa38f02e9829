//! What needs no registry once images are here.

use engine::ops::{ListImages, RemoveImages, Removed};

use crate::world::{World, small};

#[test]
fn removing_the_last_name_removes_the_image_and_its_bytes() {
    let world = World::new();
    let image = small("one").build();
    image.push(&world.registry, "a", &["latest"]);
    small("two").build().push(&world.registry, "b", &["latest"]);
    world.pull("a").unwrap();
    world.pull("b").unwrap();
    let before = world.blobs();
    let removal = world.engine.remove_image(&world.name("a"), &RemoveImages::default()).unwrap();
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
    for driver in [None, Some("vfs"), Some("cold")] {
        let world = World::with(testkit::Registry::new(), driver);
        small("one").build().push(&world.registry, "a", &["latest"]);
        small("two").build().push(&world.registry, "b", &["latest"]);
        world.pull("a").unwrap();
        world.pull("b").unwrap();
        let name = world.name("a");
        let (promised, errors) = world.engine.would_remove(&[&name], &RemoveImages::default()).unwrap();
        assert!(errors.is_empty());
        let before = occupied(&world);
        let removal = world.engine.remove_image(&name, &RemoveImages::default()).unwrap();
        assert_eq!(removal.removed, promised.removed);
        assert_eq!(before - occupied(&world), promised.freed.disk_bytes, "{driver:?}");
    }
}
