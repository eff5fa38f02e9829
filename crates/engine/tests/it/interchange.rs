//! Skopeo, Podman and Buildah read what is here, and the other way round.

use std::path::Path;

use engine::Silent;
use engine::ops::{Import, ImportSource, Pull};
use serde_json::Value;
use spec::Digest;
use testkit::image::{Built, Entry, Image, Index, Layer, tar, write_layout};
use testkit::{Registry, skip};

use crate::shelf::{Shelf, image, run};

fn skopeo(from: &str, to: &str, more: &[&str]) {
    let mut arguments = vec!["--insecure-policy", "copy", "--quiet"];
    arguments.extend(more);
    arguments.extend([from, to]);
    run("skopeo", &arguments);
}

/// The manifest of a `dir:` of Skopeo.
fn manifest(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("manifest.json")).unwrap()
}

/// A store with an image from a registry and one from an import.
fn pulled(built: &Built) -> (Shelf, Registry, String) {
    let registry = Registry::new();
    built.push(&registry, "library/x", &["latest"]);
    let shelf = Shelf::new();
    let reference = format!("{}/library/x:latest", registry.host());
    shelf.engine.pull(&Pull { reference: reference.clone(), ..Pull::default() }, &Silent).unwrap();
    (shelf, registry, reference)
}

#[test]
fn skopeo_reads_the_store_itself() {
    if !skip::installed("skopeo") {
        return;
    }
    let built = image("one").build();
    let (shelf, _registry, reference) = pulled(&built);
    let content = shelf.root().join("content");
    let from = |name: &str| format!("oci:{}:{name}", content.display());
    let inspected: Value = serde_json::from_str(&run("skopeo", &["inspect", &from(&reference)])).unwrap();
    assert_eq!(inspected["Digest"], built.digest().to_string());
    let to = shelf.path("dir");
    skopeo(&from(&reference), &format!("dir:{}", to.display()), &[]);
    assert!(manifest(&to) == built.root.bytes);
    for layer in &built.images[0].layers {
        let bytes = std::fs::read(to.join(layer.digest().hex())).unwrap();
        assert_eq!(&Digest::of(&bytes), layer.digest());
    }
    // An imported image is one like any other.
    let files = tar(&[Entry::file("a", "b")]).to_vec().unwrap();
    let request = Import { reference: Some("imported".to_owned()), ..Import::default() };
    let image = shelf.engine.import(&request, ImportSource::Stream(&mut &files[..]), &Silent).unwrap();
    let to = shelf.path("imported");
    skopeo(&from("docker.io/library/imported:latest"), &format!("dir:{}", to.display()), &[]);
    let copied: Value = serde_json::from_slice(&manifest(&to)).unwrap();
    assert_eq!(copied["config"]["digest"], image.to_string());
}

#[test]
fn skopeo_reads_every_platform_of_the_store() {
    if !skip::installed("skopeo") {
        return;
    }
    let of = |text: &str| image(text).platform(text).build();
    let built = Index::new(vec![of("linux/amd64"), of("linux/arm64")]).oci().build();
    let shelf = Shelf::new();
    let folder = shelf.path("layout");
    write_layout(&folder, &[("docker.io/library/many:1", &built)]).unwrap();
    shelf.load_path(&folder).unwrap();
    let to = shelf.path("dir");
    let from = format!("oci:{}:docker.io/library/many:1", shelf.root().join("content").display());
    skopeo(&from, &format!("dir:{}", to.display()), &["--all"]);
    assert!(manifest(&to) == built.root.bytes);
}

#[test]
fn skopeo_and_the_engine_exchange_archives() {
    if !skip::installed("skopeo") {
        return;
    }
    let built = image("one").build();
    let (shelf, _registry, reference) = pulled(&built);
    let id = built.id().to_string();
    let at = |name: &str| shelf.path(name).to_str().unwrap().to_owned();
    std::fs::write(at("ours.tar"), shelf.save(&[&reference]).unwrap()).unwrap();
    let from =
        [format!("docker-archive:{}:{reference}", at("ours.tar")), format!("oci-archive:{}", at("ours.tar"))];
    for (n, from) in from.iter().enumerate() {
        let to = shelf.path(&format!("dir{n}"));
        skopeo(from, &format!("dir:{}", to.display()), &[]);
        let copied: Value = serde_json::from_slice(&manifest(&to)).unwrap();
        assert_eq!(copied["config"]["digest"], id);
    }
    let ours = format!("oci-archive:{}", at("ours.tar"));
    let check = |to: &str, path: &str, expect: &str| {
        skopeo(&ours, to, &[]);
        let other = Shelf::new();
        let loaded = other.load_path(&shelf.path(path)).unwrap();
        assert_eq!(loaded.images[0].image.to_string(), id, "{to}");
        assert_eq!(other.names(), [expect], "{to}");
    };
    check(&format!("docker-archive:{}:busybox:1", at("d.tar")), "d.tar", "busybox:1");
    check(&format!("oci-archive:{}:quay.io/a/b:c", at("o.tar")), "o.tar", "quay.io/a/b:c");
    check(&format!("oci:{}:quay.io/a/b:c", at("layout")), "layout", "quay.io/a/b:c");
}

/// Podman or Buildah with a storage of its own.
struct Storage {
    folder: tempfile::TempDir,
}

impl Storage {
    /// Nothing where the program is missing or cannot work.
    fn of(program: &str) -> Option<Storage> {
        (skip::installed(program) && skip::root()).then(|| Storage { folder: tempfile::tempdir().unwrap() })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let at = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (root, state) = (at("root"), at("state"));
        let mut all = vec!["--root", &root, "--runroot", &state, "--storage-driver", "vfs"];
        all.extend(arguments);
        run(program, &all)
    }
}

#[test]
fn podman_and_the_engine_exchange_archives() {
    let Some(storage) = Storage::of("podman") else { return };
    let built = image("one").build();
    let (shelf, _registry, reference) = pulled(&built);
    shelf.engine.tag(&reference, "quay.io/a/b:1").unwrap();
    let ours = shelf.path("ours.tar");
    std::fs::write(&ours, shelf.save(&[&reference, "quay.io/a/b"]).unwrap()).unwrap();
    storage.run("podman", &["load", "-q", "-i", ours.to_str().unwrap()]);
    let listed =
        storage.run("podman", &["images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]);
    for name in [reference.as_str(), "quay.io/a/b:1"] {
        assert!(listed.contains(&format!("{name} {}", built.id())), "{listed}");
    }
    for format in ["docker-archive", "oci-archive"] {
        let theirs = shelf.path(format);
        let path = theirs.to_str().unwrap();
        storage.run("podman", &["save", "-q", "--format", format, "-o", path, "quay.io/a/b:1"]);
        let other = Shelf::with("vfs");
        let loaded = other.load_path(&theirs).unwrap();
        let same = loaded.images[0].image == *built.id();
        // On its way from one format to the other Podman writes the config anew.
        assert!(same || format == "oci-archive", "{format}");
        let config = other.engine.inspect_image("quay.io/a/b:1", None).unwrap().config;
        let diff_ids = built.images[0].layers.iter().map(|layer| layer.diff_id().clone());
        assert_eq!(config.diff_ids(), diff_ids.collect::<Vec<_>>(), "{format}");
        assert!(other.names().contains(&"quay.io/a/b:1".to_owned()), "{format}: {:?}", other.names());
        assert_eq!(other.images()[0].size, 5 + 3, "{format}");
    }
}

#[test]
fn what_buildah_makes_is_loaded() {
    let Some(storage) = Storage::of("buildah") else { return };
    let shelf = Shelf::new();
    let file = shelf.path("file");
    std::fs::write(&file, "content\n").unwrap();
    let container = storage.run("buildah", &["from", "scratch"]);
    let container = container.trim();
    storage.run("buildah", &["copy", "-q", container, file.to_str().unwrap(), "/file"]);
    storage.run("buildah", &["config", "--cmd", "sh", container]);
    storage.run("buildah", &["commit", "-q", container, "localhost/made:1"]);
    for kind in ["docker-archive", "oci-archive", "oci"] {
        let path = shelf.path(&format!("made-{kind}"));
        let to = format!("{kind}:{}:localhost/made:1", path.display());
        storage.run("buildah", &["push", "-q", "localhost/made:1", &to]);
        let other = Shelf::new();
        let loaded = other.load_path(&path).unwrap();
        assert_eq!(loaded.images.len(), 1, "{kind}");
        assert_eq!(other.names(), ["localhost/made:1"], "{kind}");
        assert_eq!(other.images()[0].size, 8, "{kind}");
    }
}

#[test]
fn what_podman_imports_is_what_is_imported_here() {
    let Some(storage) = Storage::of("podman") else { return };
    let shelf = Shelf::new();
    let path = shelf.path("root.tar");
    std::fs::write(&path, tar(&[Entry::dir("bin"), Entry::file("bin/sh", "#!")]).to_vec().unwrap()).unwrap();
    let text = path.to_str().unwrap();
    let changes =
        ["CMD [\"sh\"]", "ENV A=b C='d e'", "WORKDIR /w", "USER u", "EXPOSE 80", "VOLUME /v", "LABEL l=m"];
    let mut arguments = vec!["import", "-q"];
    changes.iter().for_each(|change| arguments.extend(["-c", change]));
    arguments.extend([text, "localhost/x:1"]);
    storage.run("podman", &arguments);
    let theirs = storage.run("podman", &["inspect", "localhost/x:1"]);
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    let request = Import {
        reference: Some("x:1".to_owned()),
        changes: changes.map(str::to_owned).to_vec(),
        ..Import::default()
    };
    shelf.engine.import(&request, ImportSource::named(text), &Silent).unwrap();
    let ours = shelf.engine.inspect_image("x:1", None).unwrap();
    let run = ours.config.run().unwrap();
    for member in ["Cmd", "WorkingDir", "User", "ExposedPorts", "Volumes", "Labels"] {
        assert_eq!(run[member], theirs[0]["Config"][member], "{member}");
    }
    assert_eq!(theirs[0]["RootFS"]["Layers"][0], ours.config.diff_ids()[0].to_string());
}

/// Something that no other test is about: an image of one plain layer is not converted on its way.
#[test]
fn plain_layers_stay_plain() {
    if !skip::installed("skopeo") {
        return;
    }
    let built = Image::new(vec![Layer::plain(vec![Entry::file("a", "b")])]).oci().build();
    let (shelf, _registry, reference) = pulled(&built);
    let to = shelf.path("dir");
    let from = format!("oci:{}:{reference}", shelf.root().join("content").display());
    skopeo(&from, &format!("dir:{}", to.display()), &[]);
    assert!(manifest(&to) == built.root.bytes);
}
