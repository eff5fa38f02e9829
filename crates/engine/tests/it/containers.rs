//! Containers and the images that they were made from; records are laid by hand, nothing runs.

use content::Access;
use engine::ops::container::{ContainerSize, ListContainers, RemoveContainer};
use engine::ops::{ListImages, PruneImages, RemoveImages, Removed};
use engine::record::{Container, ContainerId, Containers, State, write_state};
use images::ImageStore;
use snapshot::{Key, Scratch};

use crate::world::{World, small};

const DRIVERS: [Option<&str>; 2] = [None, Some("vfs")];

fn pulled(driver: Option<&str>) -> World {
    let world = World::with(testkit::Registry::new(), driver);
    small("one").build().push(&world.registry, "a", &["latest"]);
    small("two").build().push(&world.registry, "b", &["latest"]);
    world.pull("a").unwrap();
    world.pull("b").unwrap();
    world
}

fn store(world: &World) -> ImageStore {
    let driver = world.engine.settings.storage_driver.value.clone();
    ImageStore::open(&world.root(), Access::Existing, driver.as_deref()).unwrap()
}

/// A container of an image, with a snapshot; where its files are.
fn lay(
    world: &World,
    digit: u8,
    name: &str,
    image: &str,
    state: &State,
) -> (ContainerId, std::path::PathBuf) {
    let store = store(world);
    let image = world.name(image);
    let inspected = world.engine.inspect_image(&image, None).unwrap();
    let id = ContainerId::from_bytes(&[digit; 32]);
    let container = Container {
        id: id.clone(),
        name: name.to_owned(),
        created: crate::world::NOW.parse().unwrap(),
        image: inspected.id.clone(),
        stack: inspected.config.diff_ids().to_vec(),
        driver: inspected.driver.to_owned(),
        os: "linux".to_owned(),
        architecture: "amd64".to_owned(),
        variant: None,
        argv: vec!["/bin/sh".to_owned()],
        config: engine::record::Config { image, ..Default::default() },
        host_config: Default::default(),
        networks: Default::default(),
        mounts: Vec::new(),
    };
    let lease = store.content().lease().unwrap();
    let scratch_name = lease.fresh_name();
    let scratch = Scratch { dir: lease.scratch(), name: &scratch_name };
    let key = Key::parse(id.as_str()).unwrap();
    store.driver().prepare(&key, &container.stack, &scratch).unwrap();
    let containers = Containers::open(store.content().root()).unwrap();
    let dir = containers.create(&container, |dir| write_state(dir, state)).unwrap();
    (id, dir.path().to_owned())
}

/// Of each stored layer, whether it is known to be durable.
fn synced(world: &World) -> Vec<bool> {
    let layers = store(world).driver().walk().unwrap();
    let read = |stored: &snapshot::Stored| {
        let meta = stored.folder.dir(&stored.name).unwrap().join("meta.json");
        std::fs::read_to_string(meta).unwrap().contains("\"synced\":true")
    };
    layers.iter().filter(|stored| matches!(stored.kind, snapshot::StoredKind::Layer(_))).map(read).collect()
}

fn remove(world: &World, image: &str, force: bool) -> Result<Vec<Removed>, String> {
    let request = RemoveImages { force, no_prune: false };
    let name = world.name(image);
    let promised = world.engine.would_remove(&[&name], &request).unwrap();
    let (removal, errors) = world.engine.remove_images(&[&name], &request).unwrap();
    assert_eq!(promised.0.removed, removal.removed);
    match errors.first() {
        Some(error) => Err(error.to_string()),
        None => Ok(removal.removed),
    }
}

#[test]
fn layers_of_a_container_stay_when_its_image_is_removed_by_force() {
    if !testkit::skip::root() {
        return;
    }
    for driver in DRIVERS {
        let world = pulled(driver);
        let (id, _) = lay(&world, 0xab, "one", "a", &State::default());
        let image = world.engine.inspect_image(&world.name("a"), None).unwrap().id;
        let refused = remove(&world, "a", false).unwrap_err();
        let expect = format!(
            "conflict: unable to remove repository reference {:?} (must force) - container {} is using its referenced image {}",
            world.name("a"),
            id.short(),
            image.0.short()
        );
        assert_eq!(refused, expect);
        assert!(synced(&world).iter().all(|synced| !synced), "{driver:?}");
        let removed = remove(&world, "a", true).unwrap();
        assert!(removed.contains(&Removed::Image(image.clone())), "{removed:?}");
        assert!(!removed.iter().any(|removed| matches!(removed, Removed::Layer(_))), "{removed:?}");

        // They outlive a restart of the machine, since there are no blobs to make them from again.
        assert!(synced(&world).iter().any(|synced| *synced), "{driver:?}");

        // By its ID from now on, and all of its files are there.
        let all = ListContainers { all: true, size: true, ..Default::default() };
        let listed = world.engine.list_containers(&all).unwrap().containers;
        assert_eq!(listed[0].image, image.to_string());
        assert_eq!(listed[0].size, Some(ContainerSize { written: 0, whole: 8 }));
        let held = store(&world);
        let lease = held.content().lease().unwrap();
        let name = lease.fresh_name();
        let key = Key::parse(id.as_str()).unwrap();
        held.driver().mounts(&key, &Scratch { dir: lease.scratch(), name: &name }).unwrap();
        drop(lease);

        // They go with the container.
        let layers = || held.driver().walk().unwrap().len();
        let before = layers();
        world.engine.remove_container("one", &RemoveContainer::default()).unwrap();
        assert!(layers() < before, "{driver:?}");
        assert_eq!(remove(&world, "b", false).unwrap().len(), 5);
        assert_eq!(layers(), 0, "{driver:?}");
    }
}

#[test]
fn prune_passes_over_images_of_containers_until_these_are_gone() {
    let world = pulled(Some("vfs"));
    lay(&world, 0xab, "one", "a", &State::default());
    let prune = || world.engine.prune_images(&PruneImages { all: true, ..Default::default() }).unwrap();
    let names = || world.names().into_iter().filter(|name| name.contains(":latest")).collect::<Vec<_>>();
    prune();
    assert_eq!(names(), ["a:latest"]);
    let used: Vec<usize> =
        world.engine.images(&ListImages::default()).unwrap().iter().map(|image| image.used_by).collect();
    assert_eq!(used, [1]);
    world.engine.remove_container("one", &RemoveContainer::default()).unwrap();
    prune();
    assert_eq!(names(), [""; 0]);
}

#[test]
fn what_a_container_wrote_is_measured() {
    if !testkit::skip::root() {
        return;
    }
    for driver in DRIVERS {
        let world = pulled(driver);
        let (id, _) = lay(&world, 0xab, "one", "a", &State::default());
        let key = Key::parse(id.as_str()).unwrap();
        let files = match store(&world).driver().changes(&key) {
            Ok(snapshot::Changes::Upper(dir) | snapshot::Changes::Compare { now: dir, .. }) => dir,
            Err(error) => panic!("{error}"),
        };
        std::fs::create_dir(files.join("folder")).unwrap();
        std::fs::write(files.join("folder/ten"), "0123456789").unwrap();
        std::fs::hard_link(files.join("folder/ten"), files.join("again")).unwrap();
        // One of the image's own, as long as before.
        std::fs::write(files.join("word"), "two").unwrap();
        // Every container has this: it is nothing that was written.
        std::os::unix::fs::symlink("/proc/mounts", files.join("etc/mtab")).unwrap_or_else(|_| {
            std::fs::create_dir(files.join("etc")).unwrap();
            std::os::unix::fs::symlink("/proc/mounts", files.join("etc/mtab")).unwrap();
        });
        let all = ListContainers { all: true, size: true, ..Default::default() };
        let size = world.engine.list_containers(&all).unwrap().containers[0].size;
        assert_eq!(size, Some(ContainerSize { written: 13, whole: 21 }), "{driver:?}");
    }
}

#[test]
fn a_damaged_record_hides_neither_containers_nor_images() {
    let world = pulled(Some("vfs"));
    lay(&world, 0xab, "one", "a", &State::default());
    let (_, folder) = lay(&world, 0xcd, "two", "b", &State::default());
    let record = folder.join("container.json");
    let whole = std::fs::read(&record).unwrap();
    std::fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    let all = ListContainers { all: true, ..Default::default() };
    let listed = world.engine.list_containers(&all).unwrap();
    assert_eq!(listed.containers.iter().map(|container| &*container.name).collect::<Vec<_>>(), ["one"]);
    assert!(listed.damaged[0].starts_with(&format!("read {}: ", record.display())), "{:?}", listed.damaged);
    assert_eq!(world.engine.images(&ListImages::default()).unwrap().len(), 2);
    assert_eq!(world.engine.container("one").unwrap().container.name, "one");
    assert_eq!(world.engine.info().unwrap().containers.stopped, 1);
    assert_eq!(world.engine.disk_usage().unwrap().containers.len(), 1);
    // What it uses is not known: nothing is removed.
    let failed = world.engine.remove_images(&[&world.name("b")], &RemoveImages::default());
    assert_eq!(failed.unwrap_err().kind(), engine::ErrorKind::Corrupt);
    assert_eq!(world.names().iter().filter(|name| name.contains(":latest")).count(), 2);
    std::fs::write(&record, whole).unwrap();
    assert_eq!(world.engine.list_containers(&all).unwrap().containers.len(), 2);
}
