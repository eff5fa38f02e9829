//! What `save` writes.

use archive::Error;
use serde_json::Value;
use spec::{Digest, MediaType};
use testkit::image::{Built, Entry, Image, Index, Layer};

use crate::forge::{Depot, entries, ids, image, names, read, saved};

fn many() -> Built {
    let platform =
        |name: &str| Image::new(vec![Layer::gzip(vec![Entry::file("p", name)])]).platform(name).oci().build();
    Index::new(["linux/arm64", "linux/amd64"].map(platform).to_vec()).oci().attested().build()
}

fn find<'a>(entries: &'a [(String, u32, Vec<u8>)], name: &str) -> &'a (String, u32, Vec<u8>) {
    entries.iter().find(|entry| entry.0 == name).unwrap()
}

#[test]
fn the_archive_has_dockers_form() {
    let depot = Depot::new();
    let built = image("one");
    depot.put(&built);
    let tar = depot.save(&[saved(&built, &["alpine:latest", "quay.io/a/b:v1"])]);
    let entries = entries(&tar);
    let names: Vec<&str> = entries.iter().map(|entry| entry.0.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
    assert_eq!(names[..2], ["blobs", "blobs/sha256"]);
    assert_eq!(names[names.len() - 4..], ["index.json", "manifest.json", "oci-layout", "repositories"]);
    assert_eq!(names.len(), 2 + 4 + 4);
    for (name, mode, bytes) in &entries[2..names.len() - 4] {
        assert_eq!((*mode, format!("blobs/sha256/{}", Digest::of(bytes).hex())), (0o444, name.clone()));
    }
    let inner = &built.images[0];
    let (config, layers) =
        (inner.id.0.hex(), [inner.layers[0].digest().hex(), inner.layers[1].digest().hex()]);
    let check = |name: &str, expect: String| {
        let found = find(&entries, name);
        assert_eq!(String::from_utf8(found.2.clone()).unwrap(), expect);
        assert_eq!(found.1, 0o644);
    };
    check("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".to_owned());
    check(
        "manifest.json",
        format!(
            "[{{\"Config\":\"blobs/sha256/{config}\",\"RepoTags\":[\"alpine:latest\",\"quay.io/a/b:v1\"],\
             \"Layers\":[\"blobs/sha256/{}\",\"blobs/sha256/{}\"]}}]",
            layers[0], layers[1]
        ),
    );
    let target = |name: &str, tag: &str| {
        format!(
            "{{\"mediaType\":\"{}\",\"digest\":\"{}\",\"size\":{},\"annotations\":{{\
             \"io.containerd.image.name\":\"{name}\",\"org.opencontainers.image.ref.name\":\"{tag}\"}}}}",
            MediaType::DOCKER_MANIFEST,
            built.digest(),
            built.root.bytes.len(),
        )
    };
    check(
        "index.json",
        format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"manifests\":[{},{}]}}",
            MediaType::OCI_INDEX,
            target("docker.io/library/alpine:latest", "latest"),
            target("quay.io/a/b:v1", "v1"),
        ),
    );
    let top = inner.layers[1].diff_id().0.hex();
    check(
        "repositories",
        format!("{{\"alpine\":{{\"latest\":\"{top}\"}},\"quay.io/a/b\":{{\"v1\":\"{top}\"}}}}"),
    );
}

#[test]
fn an_image_without_names_has_none_in_any_list() {
    let depot = Depot::new();
    let built = image("one");
    depot.put(&built);
    let tar = depot.save(&[saved(&built, &[])]);
    let entries = entries(&tar);
    assert!(entries.iter().all(|entry| entry.0 != "repositories"));
    let json = |name: &str| serde_json::from_slice::<Value>(&find(&entries, name).2).unwrap();
    assert!(json("manifest.json")[0]["RepoTags"].is_null());
    assert!(json("index.json")["manifests"][0].get("annotations").is_none());
    let archive = read(&tar).unwrap();
    assert_eq!(ids(&archive), [built.id().0.clone()]);
    assert!(archive.images()[0].names.is_empty());
}

#[test]
fn save_load_save_is_the_same_bytes() {
    let (one, two, many) = (image("one"), image("two"), many());
    let plain = Image::new(vec![Layer::plain(vec![Entry::file("a", "b")])]).oci().build();
    let from_scratch = Image::new(vec![]).build();
    let first = Depot::new();
    for built in [&one, &two, &many, &plain, &from_scratch] {
        first.put(built);
    }
    let tar = first.save(&[
        saved(&many, &["many:1", "many:latest"]),
        saved(&one, &["b:1"]),
        saved(&two, &[]),
        saved(&plain, &["a:1", "b:2"]),
        saved(&from_scratch, &["empty:1"]),
    ]);
    let second = Depot::new();
    let images = second.load(&read(&tar).unwrap());
    assert_eq!(images.len(), 5);
    let again = second.save(&images);
    assert_eq!(entries(&again), entries(&tar));
    assert_eq!(again, tar);
}

#[test]
fn of_a_multi_platform_image_all_that_is_here_goes_in() {
    let built = many();
    let depot = Depot::new();
    depot.put(&built);
    let tar = depot.save(&[saved(&built, &["many:1"])]);
    let archive = read(&tar).unwrap();
    assert_eq!(archive.images()[0].target.digest, *built.digest());
    let contents = archive.contents(&archive.images()[0]).unwrap();
    assert_eq!((contents.indexes.len(), contents.manifests.len()), (1, 4));
    // Those who know one platform only get the host's.
    let docker = serde_json::from_slice::<Value>(&find(&entries(&tar), "manifest.json").2).unwrap();
    let amd64 = &built.for_platform("linux/amd64").unwrap().id.0;
    assert_eq!(docker[0]["Config"], format!("blobs/sha256/{}", amd64.hex()));
    assert_eq!(names(&archive), [["many:1"]]);
}

#[test]
fn a_platform_that_was_not_pulled_is_left_out() {
    let built = many();
    let depot = Depot::new();
    let arm64 = built.for_platform("linux/arm64").unwrap().clone();
    let only = Built { images: vec![arm64.clone()], others: vec![], ..built.clone() };
    depot.put(&only);
    let tar = depot.save(&[saved(&built, &["many:1"])]);
    let archive = read(&tar).unwrap();
    assert_eq!(ids(&archive), std::slice::from_ref(&arm64.id.0));
    let second = Depot::new();
    let images = second.load(&archive);
    assert_eq!(second.save(&images), tar);
}

#[test]
fn layer_sources_say_only_what_docker_may_repeat() {
    let plain = Layer::plain(vec![Entry::file("a", "b")]);
    let foreign = Layer::gzip(vec![Entry::file("c", "d")]).foreign(&["https://example.com/l"]);
    let built = Image::new(vec![plain.clone(), foreign.clone(), Layer::gzip(vec![])]).build();
    let depot = Depot::new();
    depot.put(&built);
    let tar = depot.save(&[saved(&built, &["x:1"])]);
    let docker = serde_json::from_slice::<Value>(&find(&entries(&tar), "manifest.json").2).unwrap();
    let sources = docker[0]["LayerSources"].as_object().unwrap();
    let mut keys: Vec<_> = [&plain, &foreign].map(|layer| layer.diff_id().to_string()).to_vec();
    keys.sort();
    assert_eq!(sources.keys().cloned().collect::<Vec<_>>(), keys);
    assert_eq!(sources[&foreign.diff_id().to_string()]["urls"][0], "https://example.com/l");
}

#[test]
fn one_image_twice_is_one() {
    let built = image("one");
    let depot = Depot::new();
    depot.put(&built);
    let twice = depot.save(&[saved(&built, &["a:1"]), saved(&built, &["b:1", "a:1"])]);
    assert_eq!(twice, depot.save(&[saved(&built, &["a:1", "b:1"])]));
    assert_eq!(depot.writer(&[saved(&built, &["a:1"])]).unwrap().digests().count(), 4);
}

#[test]
fn arc_8_a_damaged_or_missing_blob_ends_the_save_and_leaves_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let built = image("one");
    let depot = Depot::new();
    depot.put(&built);
    let images = [saved(&built, &["a:1"])];
    let layer = depot.store.blobs().path(built.images[0].layers[0].digest());
    let writer = depot.writer(&images).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.tar");
    let save = || {
        let mut output = disk::Output::create(&path).unwrap();
        writer.write(&mut output)?;
        output.commit().unwrap();
        Ok::<(), Error>(())
    };
    save().unwrap();
    std::fs::remove_file(&path).unwrap();

    let mut bytes = std::fs::read(&layer).unwrap();
    bytes[20] ^= 1;
    std::fs::set_permissions(&layer, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&layer, &bytes).unwrap();
    assert!(matches!(save(), Err(Error::Store(content::Error::Corrupt { .. }))));
    for longer in [&bytes[..bytes.len() - 1], &[&bytes[..], b"x"].concat()] {
        std::fs::write(&layer, longer).unwrap();
        assert!(save().is_err());
    }
    std::fs::remove_file(&layer).unwrap();
    assert!(matches!(save(), Err(Error::Store(content::Error::Missing(_)))));
    assert!(matches!(depot.writer(&images), Err(Error::Missing { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_reader_that_goes_away_is_told_from_a_damaged_store() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let built = image("one");
    let depot = Depot::new();
    depot.put(&built);
    let error = depot.writer(&[saved(&built, &[])]).unwrap().write(Full).unwrap_err();
    assert!(matches!(&error, Error::Write(source) if source.kind() == std::io::ErrorKind::BrokenPipe));
}
