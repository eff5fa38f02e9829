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
