//! Pulling images into the store, and the lines that tell of it.

use engine::ErrorKind;
use testkit::image::Index;
use testkit::registry::Fault;

use crate::world::{World, small};

#[test]
fn a_pull_says_what_docker_says() {
    let world = World::new();
    let image = small("one").build();
    image.push(&world.registry, "library/alpine", &["latest"]);
    let (result, lines) = world.pull_lines("library/alpine");
    let pulled = result.unwrap();
    let layers: Vec<String> =
        image.images[0].layers.iter().map(|layer| layer.digest().short().to_owned()).collect();
    assert_eq!(lines[0], "latest: Pulling from library/alpine");
    assert_eq!(lines[1], format!("{}: Pulling fs layer", layers[0]));
    assert_eq!(lines[2], format!("{}: Pulling fs layer", layers[1]));
    let complete: Vec<&String> = lines.iter().filter(|line| line.ends_with("Pull complete")).collect();
    assert_eq!(
        complete,
        [&format!("{}: Pull complete", layers[0]), &format!("{}: Pull complete", layers[1])]
    );
    let name = world.name("library/alpine");
    assert_eq!(
        lines[lines.len() - 2..],
        [format!("Digest: {}", image.digest()), format!("Status: Downloaded newer image for {name}:latest")]
    );
    assert_eq!(pulled.name, format!("{name}:latest"));
    assert_eq!(pulled.images[0].image, *image.id());
    let (_, again) = world.pull_lines("library/alpine");
    assert_eq!(
        again,
        [
            "latest: Pulling from library/alpine".to_owned(),
            format!("Digest: {}", image.digest()),
            format!("Status: Image is up to date for {name}:latest")
        ]
    );
}

#[test]
fn a_platform_is_chosen_and_another_moves_the_tag() {
    let world = World::new();
    let amd = small("amd").platform("linux/amd64").build();
    let arm = small("arm").platform("linux/arm64").build();
    let index = Index::new(vec![amd, arm]).oci().attested().build();
    index.push(&world.registry, "golang", &["latest"]);
    let pulled = world.pull("golang").unwrap();
    assert_eq!(pulled.images[0].image, index.for_platform("linux/amd64").unwrap().id);
    assert_eq!(world.names(), ["golang:latest".to_owned(), format!("golang@{}", index.digest())]);
}

#[test]
fn what_is_missing_is_said_in_docker_s_words() {
    let world = World::new();
    small("one").build().push(&world.registry, "library/alpine", &["latest"]);
    let name = world.name("library/alpine");
    let error = world.pull("library/alpine:nosuch").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error.to_string().starts_with(&format!("manifest for {name}:nosuch not found: manifest unknown")),
        "{error}"
    );
    assert!(world.names().is_empty());
}

#[test]
fn net_13_a_registry_that_wants_a_day_of_waiting_is_not_waited_for() {
    let world = World::new();
    let image = small("one").build();
    image.push(&world.registry, "a", &["latest"]);
    let layer = format!("*/blobs/{}", image.images[0].layers[0].digest());
    world.registry.on("GET", &layer).then(Fault::too_many_requests("86400"));
    let begun = std::time::Instant::now();
    let error = world.pull("a").unwrap_err();
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
    assert!(error.hints().iter().any(|hint| hint.contains("24 h")), "{error} {:?}", error.hints());
    world.registry.behave();
    world.pull("a").unwrap();
}
