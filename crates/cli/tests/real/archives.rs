//! Archives and layouts, to and from Skopeo and Podman.

use std::fs;
use std::path::Path;

use testkit::image::{Codec, Entry, Format, Image, Index, Layer};
use testkit::peers::{Storage, installed, run};
use testkit::{Registry, Scratch, skip};

use crate::scratch;

/// An image of two platforms, three layers each, in a registry.
fn registry(format: Format) -> Registry {
    let images = ["linux/amd64", "linux/arm64"].map(|platform| {
        let base = Layer::gzip(vec![Entry::dir("etc"), Entry::file("etc/platform", platform.to_owned())]);
        let top = Layer::gzip(vec![Entry::whiteout("etc/platform"), Entry::symlink("etc/link", "platform")]);
        let noise = Layer::noise("noise", 9, 300_000, Codec::Gzip);
        let image = Image::new(vec![base, noise, top]).platform(platform).command(&["/bin/sh"]);
        Image { format, ..image }.build()
    });
    let registry = Registry::new();
    let index = Index { format, ..Index::new(images.into()) };
    index.build().push(&registry, "library/demo", &["latest"]);
    registry
}

/// The program with the image of one platform in its store.
fn pulled(registry: &Registry) -> Scratch {
    let scratch = scratch().mirror(registry);
    scratch.run("pull -q --platform linux/amd64 demo").expect_success();
    scratch
}

fn image_id(scratch: &Scratch, name: &str) -> String {
    let shown = scratch.run(&format!("inspect -f '{{{{.Id}}}}' {name}"));
    shown.expect_success();
    shown.stdout.trim().to_owned()
}

/// The ID that an image has by its manifest: the digest of its config.
fn config_of(manifest: &str) -> String {
    let text = manifest.split("\"config\"").nth(1).unwrap();
    let digest = text.split("\"digest\"").nth(1).unwrap();
    digest.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn skopeo_reads_the_store_as_it_is() {
    if !installed(&["skopeo"]) {
        return;
    }
    // By their names Skopeo finds images of OCI's types in a layout; of Docker's only in its later versions.
    let registry = registry(Format::Oci);
    let scratch = pulled(&registry);
    let name = format!("oci:{}:docker.io/library/demo:latest", scratch.root().join("content").display());
    let raw = run(&format!("skopeo inspect --raw {name}"));
    assert_eq!(spec::Digest::of(raw.as_bytes()), registry.resolve("library/demo", "latest").unwrap());
    let copy = scratch.work().join("copy");
    run(&format!("skopeo copy --quiet --override-arch amd64 {name} dir:{}", copy.display()));
    let manifest = fs::read_to_string(copy.join("manifest.json")).unwrap();
    assert_eq!(config_of(&manifest), image_id(&scratch, "demo"));
    scratch.run("fsck").expect_success();
}

#[test]
fn skopeo_and_podman_load_what_is_saved() {
    if !installed(&["skopeo"]) {
        return;
    }
    let scratch = pulled(&registry(Format::Docker));
    let id = image_id(&scratch, "demo");
    scratch.run("save -o demo.tar demo").expect_success();
    let tar = scratch.work().join("demo.tar").display().to_string();
    for source in
        [format!("docker-archive:{tar}:docker.io/library/demo:latest"), format!("oci-archive:{tar}")]
    {
        let copy = scratch.work().join("copy");
        run(&format!("skopeo copy --quiet --override-arch amd64 {source} dir:{}", copy.display()));
        let manifest = fs::read_to_string(copy.join("manifest.json")).unwrap();
        assert_eq!(config_of(&manifest), id, "{source}");
        fs::remove_dir_all(copy).unwrap();
    }
    if !skip::root() || !installed(&["podman"]) {
        return;
    }
    let podman = Storage::new();
    assert!(podman.run(&format!("podman load --quiet -i {tar}")).contains("docker.io/library/demo:latest"));
    assert_eq!(podman.run("podman images --quiet --no-trunc docker.io/library/demo").trim(), id);
}

#[test]
fn what_skopeo_and_podman_save_is_loaded() {
    if !installed(&["skopeo"]) {
        return;
    }
    let registry = registry(Format::Docker);
    let expect = image_id(&pulled(&registry), "demo");
    let work = tempfile::tempdir().unwrap();
    let tar = |name: &str| work.path().join(name).display().to_string();
    let from = format!("docker://{}/library/demo:latest", registry.host());
    let skopeo = "skopeo copy --quiet --override-arch amd64 --src-tls-verify=false";
    run(&format!("{skopeo} {from} docker-archive:{}:example.com/demo:1", tar("docker.tar")));
    run(&format!("{skopeo} {from} oci-archive:{}:example.com/demo:1", tar("oci.tar")));
    expect_loaded(&tar("docker.tar"), "example.com/demo:1", &expect);
    expect_loaded(&tar("oci.tar"), "example.com/demo:1", &converted(&tar("oci.tar")));
    if !skip::root() || !installed(&["podman"]) {
        return;
    }
    let podman = Storage::new();
    podman.run(&format!("podman load --quiet -i {}", tar("docker.tar")));
    for format in ["docker-archive", "oci-archive"] {
        let file = tar(&format!("podman-{format}.tar"));
        podman.run(&format!("podman save --quiet --format {format} -o {file} example.com/demo:1"));
        let expect = if format == "oci-archive" { converted(&file) } else { expect.clone() };
        expect_loaded(&file, "example.com/demo:1", &expect);
    }
}

/// The ID of an image that was converted to OCI on its way into an archive, which changes its config.
fn converted(file: &str) -> String {
    config_of(&run(&format!("skopeo inspect --raw oci-archive:{file}")))
}

fn expect_loaded(file: &str, name: &str, id: &str) {
    let scratch = scratch();
    let loaded = scratch.run(&format!("load -i {file}"));
    loaded.expect_success().expect_stdout(&format!("Loaded image: {name}\n"));
    assert_eq!(image_id(&scratch, name), id, "{file}");
    scratch.run("fsck").expect_success();
}

#[test]
fn a_multi_platform_image_saved_loaded_and_saved_is_the_same_archive() {
    let registry = registry(Format::Docker);
    let first = scratch().mirror(&registry);
    for platform in ["linux/amd64", "linux/arm64"] {
        first.run(&format!("pull -q --platform {platform} demo")).expect_success();
    }
    first.run("save -o demo.tar demo").expect_success();
    let archive = first.work().join("demo.tar");
    let second = scratch();
    second.run(&format!("load -i {}", archive.display())).expect_success();
    second.run("save -o demo.tar demo").expect_success();
    assert!(fs::read(&archive).unwrap() == fs::read(second.work().join("demo.tar")).unwrap());
    let names = run(&format!("tar --list --file {}", archive.display()));
    let expect = registry.resolve("library/demo", "latest").unwrap();
    assert!(names.lines().any(|name| Path::new(name).ends_with(expect.hex())), "no index in {names}");
}
