//! Docker's own engine: it loads what is saved here, and what it saves is loaded here.

use testkit::Registry;
use testkit::image::{Codec, Entry, Image, Layer};
use testkit::peers::Docker;

use crate::scratch;

#[test]
fn dockers_engine_and_this_program_load_what_the_other_saves() {
    let Some(docker) = Docker::start() else { return };
    let registry = Registry::new();
    let base = Layer::gzip(vec![
        Entry::dir("etc"),
        Entry::file("etc/gone", "gone"),
        Entry::file("etc/kept", "kept"),
    ]);
    let top = Layer::gzip(vec![Entry::whiteout("etc/gone"), Entry::symlink("etc/link", "kept")]);
    let noise = Layer::noise("noise", 4, 200_000, Codec::Gzip);
    let image = Image::new(vec![base, noise, top]).command(&["/bin/sh"]).label("stage", "prod").build();
    image.push(&registry, "library/demo", &["latest", "v1"]);

    let scratch = scratch().mirror(&registry);
    scratch.run("pull -q -a demo").expect_success();
    let ours = docker.file("ours.tar").display().to_string();
    scratch.run(&format!("save -o {ours} demo")).expect_success();
    let loaded = docker.run(&format!("load --quiet --input {ours}"));
    assert_eq!(loaded, "Loaded image: demo:latest\nLoaded image: demo:v1\n");
    assert_eq!(docker.run("images --quiet --no-trunc demo:v1").trim(), image.id().to_string());
    let layers = "{{json .RootFS.Layers}} {{json .Config.Cmd}} {{json .Config.Labels}}";
    let expect = scratch.run(&format!("inspect -f '{layers}' demo"));
    assert_eq!(docker.run(&format!("inspect --format '{layers}' demo")), expect.stdout);

    let theirs = docker.file("theirs.tar").display().to_string();
    docker.run("tag demo other:2");
    docker.run(&format!("save --output {theirs} demo:latest other:2"));
    let fresh = crate::scratch();
    let loaded = fresh.run(&format!("load -i {theirs}"));
    loaded.expect_success();
    let mut names: Vec<&str> = loaded.stdout.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["Loaded image: demo:latest", "Loaded image: other:2"], "{loaded}");
    assert_eq!(fresh.run("images -q --no-trunc other").stdout.trim(), image.id().to_string());
    assert_eq!(fresh.run(&format!("inspect -f '{layers}' other:2")).stdout, expect.stdout);
    fresh.run("fsck").expect_success();

    let host = registry.host();
    docker.run(&format!("pull --quiet {host}/library/demo:v1"));
    assert_eq!(
        docker.run(&format!("images --quiet --no-trunc {host}/library/demo")).trim(),
        image.id().to_string()
    );
}
