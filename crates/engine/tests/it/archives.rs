//! Images into archives and out of them.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use engine::ops::{LoadSource, Pull, Save};
use engine::{ErrorKind, Event, LayerState, Recorded, Silent};
use serde_json::{Value, json};
use spec::{Digest, Platform};
use testkit::Registry;
use testkit::image::{
    ArchiveForm, Built, Entry, Image, Index, Layer, read_tar, tar, write_docker_archive, write_layout,
};
use testkit::registry::Content;

use crate::shelf::{Shelf, drivers, image};

fn platform(text: &str) -> Platform {
    Platform::parse(text, &Platform::new("linux", "amd64", None)).unwrap()
}

/// Images for three platforms, with attestations.
fn many() -> Built {
    let of = |text: &str| image(text).platform(text).build();
    Index::new(vec![of("linux/amd64"), of("linux/arm64"), of("linux/arm/v7")]).oci().attested().build()
}

/// The files of an archive, by name.
fn file(archive: &[u8], name: &str) -> Vec<u8> {
    let files = read_tar(archive).unwrap();
    files.into_iter().find(|(other, _)| other == name).map(|(_, bytes)| bytes).unwrap_or_default()
}

fn blobs(archive: &[u8]) -> Vec<String> {
    let names = read_tar(archive).unwrap().into_iter().map(|(name, _)| name);
    names.filter_map(|name| name.strip_prefix("blobs/sha256/").map(str::to_owned)).collect()
}

/// `RepoTags` of all images of an archive.
fn tags(archive: &[u8]) -> Vec<Value> {
    let manifest: Vec<Value> = serde_json::from_slice(&file(archive, "manifest.json")).unwrap();
    manifest.into_iter().map(|image| image["RepoTags"].clone()).collect()
}

#[test]
fn what_was_pulled_comes_back_byte_for_byte() {
    let registry = Registry::new();
    let built = many();
    built.push(&registry, "many", &["1"]);
    let first = Shelf::new();
    let name = format!("{}/many:1", registry.host());
    let pull = |platform: Option<&str>| {
        let platform = platform.map(self::platform);
        let request = Pull { reference: name.clone(), platform, ..Pull::default() };
        first.engine.pull(&request, &Silent).unwrap();
    };
    pull(None);
    let one = first.save(&[&name]).unwrap();
    pull(Some("linux/arm64"));
    pull(None);
    let archive = first.save(&[&name]).unwrap();
    // Both platforms that were pulled: the index, two manifests, two configs, three layers.
    assert_eq!((blobs(&one).len(), blobs(&archive).len()), (5, 8));
    let second = Shelf::new();
    let loaded = second.load(&archive).unwrap();
    assert_eq!(loaded.images[0].image, built.for_platform("linux/amd64").unwrap().id);
    assert!(second.save(&[&name]).unwrap() == archive);
    for blob in blobs(&archive) {
        assert_eq!(Digest::of(&second.blob(&blob)).hex(), blob);
    }
}

#[test]
fn all_platforms_and_attestations_come_back_byte_for_byte_in_every_driver() {
    for driver in drivers() {
        let (first, second) = (Shelf::with(driver), Shelf::with(driver));
        let folder = first.path("layout");
        let built = many();
        write_layout(&folder, &[("docker.io/library/many:1", &built)]).unwrap();
        let loaded = first.load_path(&folder).unwrap();
        assert_eq!(loaded.images[0].image, built.for_platform("linux/amd64").unwrap().id);
        let archive = first.save(&["many:1"]).unwrap();
        let all = built.blobs().len() + built.manifests().len();
        let distinct: std::collections::HashSet<String> = blobs(&archive).into_iter().collect();
        // All of them share their lowest layer.
        assert_eq!(distinct.len(), all - 2, "{driver}");
        second.load(&archive).unwrap();
        assert!(second.save(&["many:1"]).unwrap() == archive, "{driver}");
        for layer in &built.for_platform("linux/amd64").unwrap().layers {
            let folder = second.root().join("layers").join(driver).join(layer.diff_id().digest().hex());
            assert!(folder.join("meta.json").exists(), "{driver}");
        }
        assert_eq!(second.images()[0].size, 5 + "linux/amd64".len() as u64, "{driver}");
    }
}

#[test]
fn one_platform_can_be_chosen() {
    let shelf = Shelf::new();
    let folder = shelf.path("layout");
    write_layout(&folder, &[("docker.io/library/many:1", &many())]).unwrap();
    let load = |shelf: &Shelf, text: &str| {
        let platform = platform(text);
        shelf.engine.load(LoadSource::Path(folder.clone()), Some(&platform), &Silent).unwrap()
    };
    let arm = many().for_platform("linux/arm64").unwrap().id.clone();
    assert_eq!(load(&shelf, "linux/arm64").images[0].image, arm);
    // Docker says nothing and succeeds. What the asked for machine could run as well is not what was asked for.
    assert!(load(&shelf, "linux/s390x").images.is_empty());
    assert!(load(&shelf, "linux/arm/v5").images.is_empty());
    let save = |text: &str| {
        let mut bytes = Vec::new();
        let request = Save { images: vec!["many:1".to_owned()], platform: Some(platform(text)) };
        shelf.engine.save(&request, &mut bytes).map(|()| bytes)
    };
    let archive = save("linux/arm/v7").unwrap();
    assert_eq!(blobs(&archive).len(), 4);
    let other = Shelf::new();
    let loaded = other.load(&archive).unwrap();
    assert_eq!(loaded.images[0].image, many().for_platform("linux/arm/v7").unwrap().id);
    let error = save("linux/s390x").unwrap_err();
    assert_eq!(error.to_string(), "no suitable export target found for platform linux/s390x");
}

#[test]
fn three_generations_of_docker_archives_are_loaded() {
    let built =
        Image::new(vec![Layer::gzip(vec![Entry::file("a", "1")]), Layer::gzip(vec![Entry::file("b", "22")])]);
    let built = built.build();
    for driver in drivers() {
        for form in [ArchiveForm::Blobs, ArchiveForm::Folders] {
            let shelf = Shelf::with(driver);
            let path = shelf.path("docker.tar");
            built.write_docker_archive(&path, &["old:1", "127.0.0.1:5000/old:2"], form).unwrap();
            let loaded = shelf.load_path(&path).unwrap();
            assert_eq!(loaded.images.len(), 1, "{form:?}");
            assert_eq!(loaded.images[0].image, *built.id());
            assert_eq!(shelf.names(), ["127.0.0.1:5000/old:2", "old:1"]);
            assert_eq!(shelf.images()[0].size, 3);
        }
        let shelf = Shelf::with(driver);
        let loaded = shelf.load(&oldest().to_vec().unwrap()).unwrap();
        assert_eq!(loaded.images.len(), 1);
        assert_eq!(shelf.names(), ["ancient:1"]);
        assert_eq!(shelf.images()[0].size, 3);
    }
}

/// An archive from before `manifest.json`.
fn oldest() -> Content {
    let mut entries = Vec::new();
    for (n, content) in ["1", "22"].into_iter().enumerate() {
        let id = format!("{n:064x}");
        let mut document =
            json!({"id": id, "os": "linux", "architecture": "amd64", "config": {"Cmd": ["sh"]}});
        if n > 0 {
            document["parent"] = json!(format!("{:064x}", n - 1));
        }
        entries.push(Entry::file(&format!("{id}/json"), document.to_string()));
        entries.push(Entry::file(&format!("{id}/VERSION"), "1.0"));
        entries.push(Entry::file(&format!("{id}/layer.tar"), tar(&[Entry::file(&format!("f{n}"), content)])));
    }
    entries.push(Entry::file("repositories", json!({"ancient": {"1": format!("{:064x}", 1)}}).to_string()));
    tar(&entries)
}

/// A store with `app:1`, `app:2` (one image), `app:3` and `other:1`.
fn filled() -> Shelf {
    let shelf = Shelf::new();
    let path = shelf.path("filled.tar");
    let (one, three, other) = (image("one").build(), image("three").build(), image("other").build());
    let images: [(&[&str], _); 3] = [
        (&["app:1", "app:2"], &one.images[0]),
        (&["app:3"], &three.images[0]),
        (&["other:1"], &other.images[0]),
    ];
    write_docker_archive(&path, &images, ArchiveForm::Blobs).unwrap();
    shelf.load_path(&path).unwrap();
    shelf
}

#[test]
fn a_bare_name_saves_every_tag_and_an_id_none() {
    let shelf = filled();
    let check = |images: &[&str], expect: &[Value]| {
        assert_eq!(tags(&shelf.save(images).unwrap()), expect, "{images:?}");
    };
    check(&["app"], &[json!(["app:1", "app:2"]), json!(["app:3"])]);
    check(&["docker.io/library/app"], &[json!(["app:1", "app:2"]), json!(["app:3"])]);
    check(&["app:2"], &[json!(["app:2"])]);
    check(&["app:2", "app:1", "other:1"], &[json!(["app:2", "app:1"]), json!(["other:1"])]);
    let id = image("one").build().id().clone();
    check(&[id.0.as_str()], &[Value::Null]);
    check(&[id.0.short()], &[Value::Null]);
    check(&[id.0.short(), "app:1"], &[json!(["app:1"])]);
    let archive = shelf.save(&[id.0.short()]).unwrap();
    let loaded = Shelf::new().load(&archive).unwrap();
    assert_eq!((&loaded.images[0].image, loaded.images[0].names.len()), (&id, 0));
}

#[test]
fn what_cannot_be_saved_is_said_in_docker_s_words() {
    let check = |shelf: &Shelf, image: &str, expect: &str| {
        let error = shelf.save(&["app:1", image]).or_else(|_| shelf.save(&[image])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{image}");
        assert_eq!(error.to_string(), expect, "{image}");
    };
    let shelf = filled();
    check(&shelf, "nosuch", "No such image: nosuch");
    check(&shelf, "nosuch:1", "No such image: nosuch:1");
    check(&shelf, "app:nope", "reference does not exist");
    check(&shelf, "abcdef012345", "No such image: abcdef012345");
    let id = format!("sha256:{}", "0".repeat(64));
    check(&shelf, &id, &format!("No such image: {id}"));
    check(&Shelf::new(), "nosuch", "No such image: nosuch");
}

#[test]
fn arc_8_a_file_is_there_when_it_is_complete() {
    let shelf = filled();
    let save = |image: &str, name: &str| {
        let request = Save { images: vec![image.to_owned()], platform: None };
        shelf.engine.save_to(&request, &shelf.path(name))
    };
    save("app", "app.tar").unwrap();
    let path = shelf.path("app.tar");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read(&path).unwrap() == shelf.save(&["app"]).unwrap());
    let before: Vec<PathBuf> =
        std::fs::read_dir(shelf.path("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    save("nosuch", "none.tar").unwrap_err();
    let error = save("app", "none/app.tar").unwrap_err();
    let expect = format!(
        "failed to save image: invalid output path: stat {}: no such file or directory",
        shelf.path("none").display()
    );
    assert_eq!(error.to_string(), expect);
    let after: Vec<PathBuf> =
        std::fs::read_dir(shelf.path("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(after.len(), before.len());
}

#[test]
fn what_cannot_be_loaded_is_said_in_docker_s_words() {
    let shelf = Shelf::new();
    let none = shelf.path("nofile.tar");
    let error = shelf.load_path(&none).unwrap_err();
    assert_eq!(error.to_string(), format!("open {}: no such file or directory", none.display()));
    let check = |bytes: &[u8], expect: &str| {
        let error = shelf.load(bytes).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Corrupt, expect));
    };
    check(b"junk\n", "unexpected EOF");
    check(b"", "invalid archive: does not contain a manifest.json or index.json");
    check(
        &tar(&[Entry::file("x", "y")]).to_vec().unwrap(),
        "invalid archive: does not contain a manifest.json or index.json",
    );
    let archive = filled().save(&["app"]).unwrap();
    check(&archive[..archive.len() / 2], "unexpected EOF");
}

#[test]
fn a_name_of_another_image_is_taken_and_told() {
    let shelf = filled();
    let archive = shelf.save(&["app:3"]).unwrap();
    shelf.engine.tag("other:1", "app:3").unwrap();
    let loaded = shelf.load(&archive).unwrap();
    let (three, other) = (image("three").build().id().clone(), image("other").build().id().clone());
    assert_eq!(loaded.images[0].image, three);
    let taken: Vec<(String, _)> =
        loaded.images[0].taken.iter().map(|(name, image)| (name.familiar(), image.clone())).collect();
    assert_eq!(taken, [("app:3".to_owned(), other.clone())]);
    assert_eq!(shelf.names(), ["app:1", "app:2", "app:3", "other:1"]);
    // Without another name the image stays as a dangling one.
    shelf.engine.tag("app:1", "other:1").unwrap();
    let loaded = shelf.load(&filled().save(&["other:1"]).unwrap()).unwrap();
    assert_eq!(loaded.images[0].taken.len(), 1);
    let archive = filled().save(&["app:1"]).unwrap();
    shelf.engine.tag("other:1", "app:1").unwrap();
    shelf.engine.tag("other:1", "app:2").unwrap();
    assert_eq!(shelf.names(), ["<none>", "app:1", "app:2", "app:3", "other:1"]);
    assert!(shelf.load(&archive).unwrap().images[0].taken.iter().all(|(_, image)| *image == other));
}

#[test]
fn loading_twice_changes_nothing() {
    for driver in drivers() {
        let archive = filled().save(&["app", "other"]).unwrap();
        let shelf = Shelf::with(driver);
        let first = shelf.load(&archive).unwrap();
        let before = shelf.state();
        let events = Recorded::default();
        let second = shelf.engine.load(LoadSource::Stream(&mut &archive[..]), None, &events).unwrap();
        assert_eq!(first, second);
        assert_eq!(shelf.changes(&before), Vec::<PathBuf>::new(), "{driver}");
        // Nothing is said of layers that are there already.
        assert_eq!(events.take(), [], "{driver}");
    }
}

#[test]
fn new_layers_are_told_of() {
    let archive = filled().save(&["app:1"]).unwrap();
    let events = Recorded::default();
    Shelf::new().engine.load(LoadSource::Stream(&mut &archive[..]), None, &events).unwrap();
    let mut told: Vec<String> = Vec::new();
    for event in events.take() {
        match event {
            Event::Layer { id, state: LayerState::Loading(bytes) } if bytes.current == bytes.total => {
                told.push(id)
            }
            Event::Layer { state: LayerState::Loading(_), .. } => {}
            other => panic!("{other:?}"),
        }
    }
    told.dedup();
    let built = image("one").build();
    let ids: Vec<&str> =
        built.images[0].layers.iter().map(|layer| layer.diff_id().digest().short()).collect();
    assert_eq!(told, ids);
}

/// A docker archive of two images, the second one's top layer being something else than it should.
fn half_broken(layer: &[u8]) -> Vec<u8> {
    let good = filled().save(&["app:1"]).unwrap();
    let config = |bytes: &[u8]| {
        let diff_id = Digest::of(bytes).to_string();
        json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}})
            .to_string()
    };
    let config = config(layer);
    let mut manifest: Vec<Value> = serde_json::from_slice(&file(&good, "manifest.json")).unwrap();
    manifest.push(json!({"Config": "bad.json", "RepoTags": ["bad:1"], "Layers": ["bad.tar"]}));
    let mut entries = vec![
        Entry::file("manifest.json", json!(manifest).to_string()),
        Entry::file("bad.json", config),
        Entry::file("bad.tar", layer.to_vec()),
    ];
    for name in blobs(&good) {
        let name = format!("blobs/sha256/{name}");
        entries.push(Entry::file(&name, file(&good, &name)));
    }
    tar(&entries).to_vec().unwrap()
}

#[test]
fn arc_6_all_images_of_an_archive_or_none() {
    let harmless = tar(&[Entry::file("x", "y")]).to_vec().unwrap();
    let outside = tar(&[Entry::file("../x", "y")]).to_vec().unwrap();
    for driver in drivers() {
        let shelf = Shelf::with(driver);
        shelf.load(&filled().save(&["other:1"]).unwrap()).unwrap();
        let before = shelf.state();
        for bad in [&outside[..], &harmless[..512], b"no archive"] {
            let error = shelf.load(&half_broken(bad)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{driver}: {error}");
            assert_eq!(shelf.changes(&before), Vec::<PathBuf>::new(), "{driver}: {error}");
        }
        assert_eq!(shelf.load(&half_broken(&harmless)).unwrap().images.len(), 2, "{driver}");
        assert_eq!(shelf.names(), ["app:1", "bad:1", "other:1"]);
    }
}

#[test]
fn ref_5_damage_is_found_and_nothing_is_kept() {
    for driver in drivers() {
        let shelf = Shelf::with(driver);
        shelf.load(&filled().save(&["other:1"]).unwrap()).unwrap();
        let before = shelf.state();
        let archive = filled().save(&["app:3"]).unwrap();
        // One bit in every blob in turn, but for the layer that is here already, and good.
        let here = blobs(&filled().save(&["other:1"]).unwrap());
        let new = blobs(&archive).into_iter().filter(|name| !here.contains(name));
        let mut places = 0;
        for name in new {
            let bytes = file(&archive, &format!("blobs/sha256/{name}"));
            let at = archive.windows(bytes.len()).position(|part| part == bytes).unwrap();
            let mut damaged = archive.clone();
            damaged[at + bytes.len() / 2] ^= 1;
            let error = shelf.load(&damaged).unwrap_err();
            places += 1;
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{driver}: {error}");
            assert_eq!(shelf.changes(&before), Vec::<PathBuf>::new(), "{driver}: {error}");
        }
        assert_eq!(places, blobs(&archive).len() - 1, "{driver}");
        shelf.load(&archive).unwrap();
    }
}

#[test]
fn ref_8_every_platform_s_layers_are_what_their_configs_say() {
    let amd = image("amd").build();
    let mut lying = image("arm").platform("linux/arm64");
    let diff_ids = [Digest::of(b"x").to_string(), Digest::of(b"y").to_string()];
    lying.config.insert("rootfs".to_owned(), json!({"type": "layers", "diff_ids": diff_ids}));
    let index = Index::new(vec![amd, lying.build()]).oci().build();
    let shelf = Shelf::new();
    let folder = shelf.path("layout");
    write_layout(&folder, &[("docker.io/library/x:1", &index)]).unwrap();
    let error = shelf.load_path(&folder).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().starts_with("layers from manifest don't match image configuration"), "{error}");
    assert!(shelf.names().is_empty());
    assert_eq!(std::fs::read_dir(shelf.root().join("content/blobs/sha256")).unwrap().count(), 0);
}

#[test]
fn a_blob_that_is_gone_or_damaged_is_named_when_it_is_saved() {
    let shelf = filled();
    let built = image("one").build();
    let top = &built.images[0].layers[1];
    let path = shelf.root().join("content/blobs/sha256").join(top.digest().hex());
    let good = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = shelf.save(&["app:1"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains(top.digest().hex()), "{error}");
    std::fs::write(&path, vec![b'x'; good.len()]).unwrap();
    let error = shelf.save(&["app:1"]).unwrap_err();
    assert!(error.to_string().contains(top.digest().hex()), "{error}");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    shelf.save(&["app:3"]).unwrap();
}
