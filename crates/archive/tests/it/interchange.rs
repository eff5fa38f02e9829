//! What others write is read here, and the other way round.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::image::{Built, Entry, Image, Index, Layer};
use testkit::skip;

use crate::forge::{Depot, ids, image, names, open, saved};

/// Runs a program that has to succeed; what it printed.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {out}{error}");
    out.into_owned()
}

fn skopeo(from: &str, to: &str, more: &[&str]) {
    let mut arguments = vec!["--insecure-policy", "copy", "--quiet"];
    arguments.extend(more);
    arguments.extend([from, to]);
    run("skopeo", &arguments);
}

fn written(folder: &Path, images: &[(&Built, &[&str])]) -> String {
    let depot = Depot::new();
    images.iter().for_each(|(built, _)| depot.put(built));
    let list: Vec<_> = images.iter().map(|(built, names)| saved(built, names)).collect();
    let path = folder.join("ours.tar");
    std::fs::write(&path, depot.save(&list)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What a `dir:` of skopeo has as manifest.
fn manifest(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn skopeo_reads_what_save_writes_as_a_docker_archive() {
    if !skip::installed("skopeo") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (one, two) =
        (image("one"), Image::new(vec![Layer::plain(vec![Entry::file("a", "b")])]).oci().build());
    let path = written(folder.path(), &[(&one, &["one:1", "one:2"]), (&two, &["127.0.0.1:5000/two:x"])]);
    for (name, built) in [("one:1", &one), ("one:2", &one), ("127.0.0.1:5000/two:x", &two)] {
        let dir = at(&name.replace(['/', ':'], "-"));
        skopeo(&format!("docker-archive:{path}:{name}"), &format!("dir:{}", dir.display()), &[]);
        assert_eq!(manifest(&dir)["config"]["digest"], built.id().to_string());
    }
}

#[test]
fn skopeo_reads_what_save_writes_as_an_oci_archive() {
    if !skip::installed("skopeo") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("dir");
    let built = Image::new(vec![Layer::gzip(vec![Entry::file("a", "b")])]).oci().build();
    let path = written(folder.path(), &[(&built, &["one:1"])]);
    skopeo(&format!("oci-archive:{path}"), &format!("dir:{}", dir.display()), &[]);
    // Nothing was converted on the way.
    assert_eq!(std::fs::read(dir.join("manifest.json")).unwrap(), built.root.bytes);
}

#[test]
fn skopeo_reads_all_platforms_of_what_save_writes() {
    if !skip::installed("skopeo") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("dir");
    let platform =
        |name: &str| Image::new(vec![Layer::gzip(vec![Entry::file("p", name)])]).platform(name).oci().build();
    let built = Index::new(["linux/amd64", "linux/arm64"].map(platform).to_vec()).oci().build();
    let path = written(folder.path(), &[(&built, &["many:1"])]);
    skopeo(&format!("oci-archive:{path}"), &format!("dir:{}", dir.display()), &["--all"]);
    assert_eq!(std::fs::read(dir.join("manifest.json")).unwrap(), built.root.bytes);
}

#[test]
fn what_skopeo_writes_is_read() {
    if !skip::installed("skopeo") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let built = Image::new(vec![Layer::gzip(vec![Entry::file("a", "b")])]).oci().build();
    built.write_layout(Path::new(&at("layout")), "x").unwrap();
    let from = format!("oci:{}:x", at("layout"));
    let check = |to: &str, path: &str, expect: &[&str]| {
        skopeo(&from, to, &[]);
        let archive = open(Path::new(path)).unwrap();
        assert_eq!(names(&archive), [expect.to_vec()], "{to}");
        assert_eq!(ids(&archive), [built.id().0.clone()], "{to}");
    };
    check(&format!("docker-archive:{}:busybox:1", at("d.tar")), &at("d.tar"), &["busybox:1"]);
    check(&format!("docker-archive:{}", at("n.tar")), &at("n.tar"), &[]);
    check(&format!("oci-archive:{}:quay.io/a/b:c", at("o.tar")), &at("o.tar"), &["quay.io/a/b:c"]);
    check(&format!("oci-archive:{}:latest", at("p.tar")), &at("p.tar"), &[]);
    check(&format!("oci:{}:localhost/x:2", at("l")), &at("l"), &["localhost/x:2"]);
}

#[test]
fn all_platforms_that_skopeo_writes_are_read() {
    if !skip::installed("skopeo") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let platform =
        |name: &str| Image::new(vec![Layer::zstd(vec![Entry::file("p", name)])]).platform(name).oci().build();
    let built = Index::new(["linux/amd64", "linux/arm64"].map(platform).to_vec()).oci().build();
    built.write_layout(Path::new(&at("layout")), "x").unwrap();
    let to = format!("oci-archive:{}:quay.io/many:1", at("o.tar"));
    skopeo(&format!("oci:{}:x", at("layout")), &to, &["--all"]);
    let archive = open(Path::new(&at("o.tar"))).unwrap();
    assert_eq!(names(&archive), [["quay.io/many:1"]]);
    assert_eq!(archive.images()[0].target.digest, *built.digest());
    assert_eq!(ids(&archive), built.images.iter().map(|image| image.id.0.clone()).collect::<Vec<_>>());
}

/// Podman with a storage of its own.
struct Podman {
    folder: tempfile::TempDir,
}

impl Podman {
    /// Nothing where it is missing or cannot work.
    fn new() -> Option<Podman> {
        if !skip::installed("podman") || !skip::root() {
            return None;
        }
        Some(Podman { folder: tempfile::tempdir().unwrap() })
    }

    fn run(&self, arguments: &[&str]) -> String {
        let at = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (root, state) = (at("root"), at("state"));
        let mut all = vec!["--root", &root, "--runroot", &state, "--storage-driver", "vfs"];
        all.extend(arguments);
        run("podman", &all)
    }

    fn id(&self, name: &str) -> String {
        format!(
            "sha256:{}",
            self.run(&["images", "--no-trunc", "-q", name]).trim().trim_start_matches("sha256:")
        )
    }
}

/// Of several images Podman reads Docker's list, and takes its short names for local ones as it does with
/// Docker's own archives.
#[test]
fn podman_loads_several_images() {
    let Some(podman) = Podman::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (image("one"), image("two"));
    let path = written(folder.path(), &[(&one, &["one:1", "one:2"]), (&two, &["quay.io/a/two:x"])]);
    podman.run(&["load", "-i", &path]);
    for (name, built) in [("localhost/one:1", &one), ("localhost/one:2", &one), ("quay.io/a/two:x", &two)] {
        assert_eq!(podman.id(name), built.id().to_string(), "{name}");
    }
}

/// One image Podman reads as OCI's layout, with its full name.
#[test]
fn podman_loads_one_image_and_what_it_saves_is_read() {
    let Some(podman) = Podman::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let built = Image::new(vec![Layer::gzip(vec![Entry::file("a", "b")])]).oci().build();
    let path = written(folder.path(), &[(&built, &["one:1"])]);
    podman.run(&["load", "-i", &path]);
    let name = "docker.io/library/one:1";
    assert_eq!(podman.id(name), built.id().to_string());
    for format in ["docker-archive", "oci-archive", "oci-dir"] {
        let out = folder.path().join(format);
        podman.run(&["save", "--format", format, "-o", out.to_str().unwrap(), name]);
        let archive = open(&out).unwrap();
        assert_eq!(names(&archive), [["one:1"]], "{format}");
        assert_eq!(ids(&archive), [built.id().0.clone()], "{format}");
    }
    podman.run(&["tag", name, "localhost/two:2"]);
    let out = folder.path().join("multi.tar");
    podman.run(&["save", "-m", "-o", out.to_str().unwrap(), name, "localhost/two:2"]);
    assert_eq!(names(&open(&out).unwrap()), [["one:1", "localhost/two:2"]]);
}
