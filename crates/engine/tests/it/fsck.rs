//! Repairing the store: what is damaged or missing comes again from where it came.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use engine::ops::{Finding, Outcome};
use engine::{ErrorKind, Silent};
use spec::Digest;
use testkit::image::{Built, Codec, Image, Index, Layer};
use testkit::registry::Fault;

use crate::world::{World, small};

fn blob(world: &World, digest: &Digest) -> PathBuf {
    world.root().join("content/blobs/sha256").join(digest.hex())
}

fn overwrite(world: &World, digest: &Digest, bytes: &[u8]) {
    let path = blob(world, digest);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, bytes).unwrap();
}

fn damage(world: &World, digest: &Digest) {
    let mut bytes = std::fs::read(blob(world, digest)).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    overwrite(world, digest, &bytes);
}

/// Every file of the store's content with its bytes.
fn content(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = world
        .blobs()
        .into_iter()
        .map(|name| {
            let bytes = std::fs::read(world.root().join("content/blobs/sha256").join(&name)).unwrap();
            (name, bytes)
        })
        .collect();
    files.push(("index".to_owned(), std::fs::read(world.root().join("content/index.json")).unwrap()));
    files
}

fn documents(image: &Built) -> Vec<Digest> {
    let one = &image.images[0];
    let mut all = vec![image.digest().clone(), one.manifest.digest().clone(), one.config.digest().clone()];
    all.extend(one.layers.iter().map(|layer| layer.digest().clone()));
    all.dedup();
    all
}

#[test]
fn damaged_and_missing_blobs_are_fetched_again() {
    let amd = small("amd").platform("linux/amd64").build();
    let arm = small("arm").platform("linux/arm64").build();
    let index = Index::new(vec![amd, arm]).build();
    let world = World::new();
    index.push(&world.registry, "library/app", &["latest"]);
    world.pull("library/app").unwrap();
    let before = content(&world);
    let all = documents(&index);
    assert_eq!(all.len(), 5);
    let check = |spoil: &dyn Fn(&Digest), spoilt: &[Digest]| {
        spoilt.iter().for_each(spoil);
        assert!(!world.engine.fsck().unwrap().findings.is_empty());
        let repaired = world.engine.fsck_repair(&Silent).unwrap();
        assert_eq!(repaired.outcomes.len(), spoilt.len(), "{:?}", repaired.outcomes);
        for (finding, outcome) in &repaired.outcomes {
            let Outcome::Mended { from } = outcome else { panic!("{finding}: {outcome:?}") };
            assert_eq!(from.familiar(), world.name("library/app"));
        }
        assert!(world.engine.fsck().unwrap().findings.is_empty());
        assert_eq!(content(&world), before);
    };
    let missing = |digest: &Digest| std::fs::remove_file(blob(&world, digest)).unwrap();
    for digest in &all {
        check(&|digest| damage(&world, digest), std::slice::from_ref(digest));
        check(&missing, std::slice::from_ref(digest));
        check(&|digest| overwrite(&world, digest, b""), std::slice::from_ref(digest));
    }
    // All at once: what lies behind a damaged document shows when that is mended.
    check(&|digest| damage(&world, digest), &all);
    check(&missing, &all);
    let mode = std::fs::metadata(blob(&world, &all[0])).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400);
}

#[test]
fn a_pull_over_damaged_documents_brings_the_right_ones() {
    let image = small("one").build();
    let world = World::new();
    image.push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    let before = content(&world);
    documents(&image).iter().take(2).for_each(|document| damage(&world, document));
    world.pull("a").unwrap();
    assert_eq!(content(&world), before);
}

#[test]
fn damage_that_shows_when_a_layer_is_unpacked_is_called_by_its_name() {
    let image = small("one").build();
    let world = World::with(testkit::Registry::new(), Some("vfs"));
    image.push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    std::fs::remove_dir_all(world.root().join("layers")).unwrap();
    let layer = image.images[0].layers[0].digest();
    damage(&world, layer);
    let used = world.engine.disk_usage().unwrap();
    assert_eq!((used.images.len(), used.layer_bytes), (1, 0));
    for error in [world.engine.mount_image(&world.name("a"), None).unwrap_err(), world.pull("a").unwrap_err()]
    {
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(
            error.to_string().contains(&format!("{} is damaged", blob(&world, layer).display())),
            "{error}"
        );
        assert!(error.hints()[0].contains("fsck --repair"));
    }
    assert!(blob(&world, layer).exists());
}

#[test]
fn nothing_is_asked_of_anybody_when_nothing_is_wrong() {
    let world = World::new();
    let none = world.engine.fsck_repair(&Silent).unwrap();
    assert!(none.outcomes.is_empty() && !world.root().exists());
    small("one").build().push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    world.registry.clear_requests();
    assert!(world.engine.fsck_repair(&Silent).unwrap().outcomes.is_empty());
    assert!(world.registry.requests().is_empty());
}

#[test]
fn what_cannot_be_mended_stays_as_it_is_and_says_why() {
    let image = small("one").build();
    let top = image.images[0].layers[1].digest().clone();
    let world = World::new();
    image.push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    damage(&world, &top);
    let damaged = content(&world);
    let check = |expect: &str| {
        let repaired = world.engine.fsck_repair(&Silent).unwrap();
        let [(Finding::Damaged { digest, .. }, Outcome::Failed { reason, .. })] = &repaired.outcomes[..]
        else {
            panic!("{:?}", repaired.outcomes)
        };
        assert_eq!(*digest, top);
        assert!(reason.contains(expect), "{reason}");
        assert_eq!(content(&world), damaged);
    };
    // The registry's own copy is bad too.
    world.registry.on("GET", "/v2/a/blobs/*").then(Fault::CorruptAt(3));
    check(top.as_str());
    world.registry.behave();
    // Once wrong is not wrong for ever.
    world.registry.on("GET", "/v2/a/blobs/*").times(1).then(Fault::CorruptAt(3));
    let repaired = world.engine.fsck_repair(&Silent).unwrap();
    assert!(matches!(repaired.outcomes[..], [(_, Outcome::Mended { .. })]), "{:?}", repaired.outcomes);
    damage(&world, &top);
    world.registry.remove_blob(&top);
    check("blob unknown");
    world.registry.stop();
    check("connection refused");
}

#[test]
fn blobs_that_no_image_needs_are_left_to_the_next_removal() {
    let world = World::new();
    small("one").build().push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    let stray = Digest::of(b"stray");
    std::fs::write(blob(&world, &stray), b"other bytes").unwrap();
    let repaired = world.engine.fsck_repair(&Silent).unwrap();
    let outcomes: Vec<&Outcome> = repaired.outcomes.iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [&Outcome::Unneeded]);
}

#[test]
fn an_image_from_nowhere_cannot_be_fetched() {
    let world = World::new();
    let layout = tempfile::tempdir().unwrap();
    let image = Image::new(vec![Layer::noise("x", 1, 100, Codec::Gzip)]).build();
    image.write_layout(layout.path(), "local:latest").unwrap();
    let source = engine::ops::LoadSource::Path(layout.path().to_owned());
    world.engine.load(source, None, &Silent).unwrap();
    world.engine.tag("local", &world.name("never/pushed")).unwrap();
    world.remove("local");
    damage(&world, image.images[0].layers[0].digest());
    let repaired = world.engine.fsck_repair(&Silent).unwrap();
    let [(_, Outcome::Failed { kind, reason })] = &repaired.outcomes[..] else {
        panic!("{:?}", repaired.outcomes)
    };
    assert_eq!(*kind, ErrorKind::NotFound);
    assert!(reason.starts_with(&format!("{}: ", world.name("never/pushed"))), "{reason}");
}

#[test]
fn a_repair_goes_to_the_next_repository_that_may_have_it() {
    let image = small("one").build();
    let (world, other) = (World::new(), testkit::Registry::new());
    image.push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    image.push(&other, "b", &["latest"]);
    let request = engine::ops::Pull { reference: format!("{}/b", other.host()), ..Default::default() };
    world.engine.pull(&request, &Silent).unwrap();
    let top = image.images[0].layers[1].digest();
    for gone in [&world.registry, &other] {
        damage(&world, top);
        gone.on("GET", "*/blobs/*").then(Fault::error(404, "BLOB_UNKNOWN", "blob unknown to registry"));
        let repaired = world.engine.fsck_repair(&Silent).unwrap();
        let [(_, Outcome::Mended { from })] = &repaired.outcomes[..] else { panic!("{repaired:?}") };
        assert!(!from.familiar().starts_with(gone.host()), "{from}");
        gone.behave();
    }
}
