//! Looking at the files of an image, and where the views are.

use std::path::PathBuf;

use crate::world::{World, small};

fn pulled(driver: Option<&str>) -> World {
    let world = World::with(testkit::Registry::new(), driver);
    small("one").build().push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    world
}

#[test]
fn a_view_is_given_once_and_taken_back() {
    let world = pulled(Some("vfs"));
    let name = world.name("a");
    let at = world.engine.mount_image(&name, None).unwrap();
    assert_eq!(std::fs::read_to_string(at.join("word")).unwrap(), "one");
    assert_eq!(world.engine.mount_image(&name, None).unwrap(), at);
    assert_eq!(world.engine.umount(name.as_ref()).unwrap(), [&*at]);
    let error = world.engine.umount(name.as_ref()).unwrap_err();
    assert_eq!(error.to_string(), format!("image {name} is not mounted"));
    world.engine.mount_image(&name, None).unwrap();
    assert_eq!(world.engine.umount(at.as_os_str()).unwrap(), [at]);
}

#[test]
fn a_bare_word_may_be_an_image_or_a_folder() {
    let check = |world: &World, what: &str, expect: &str| {
        let there = std::path::absolute(what).unwrap();
        let error = world.engine.umount(what.as_ref()).unwrap_err();
        assert_eq!(error.kind(), engine::ErrorKind::NotFound, "{what}");
        assert_eq!(error.to_string(), format!("{expect}no image is mounted at {}", there.display()));
    };
    for world in [World::new(), pulled(Some("vfs"))] {
        check(&world, "mp", "No such image: mp:latest, and ");
        check(&world, "/mp", "");
        check(&world, "../mp", "");
    }
}

/// A folder below the working directory, by its path from there and in full.
fn beside(name: &str) -> (PathBuf, PathBuf) {
    let relative = PathBuf::from(format!("../{name}"));
    let full = std::path::absolute(&relative).unwrap();
    (relative, full)
}

#[test]
fn a_folder_is_the_same_by_whatever_name() {
    let (relative, full) = beside("no-such-folder");
    let world = pulled(Some("vfs"));
    let refused =
        |target: &PathBuf| world.engine.mount_image(&world.name("a"), Some(target)).unwrap_err().to_string();
    assert_eq!(refused(&relative), refused(&full));
    assert!(refused(&relative).contains(&full.display().to_string()), "{}", refused(&relative));
}

#[test]
fn a_view_that_somebody_unmounted_is_made_again() {
    if !testkit::skip::root() {
        return;
    }
    for driver in [None, Some("vfs")] {
        let world = pulled(driver);
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("here");
        std::fs::create_dir(&target).unwrap();
        let mount = || world.engine.mount_image(&world.name("a"), Some(&target)).unwrap();
        let word = || std::fs::read_to_string(target.join("word")).ok();
        mount();
        assert_eq!(word().as_deref(), Some("one"));
        let undone = std::process::Command::new("umount").arg(&target).status().unwrap();
        assert!(undone.success());
        assert_eq!(word(), None);
        assert_eq!(mount(), target);
        assert_eq!(word().as_deref(), Some("one"), "{driver:?}");
        assert_eq!(world.engine.umount(target.as_os_str()).unwrap(), [&*target]);
        assert_eq!(word(), None);
    }
}
