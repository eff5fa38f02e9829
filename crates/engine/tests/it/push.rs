//! Pushing images out of the store, and the lines that tell of it.

use engine::ops::{LoadSource, Push};
use engine::{Engine, Error, ErrorKind, Inputs, Recorded};
use testkit::image::{Built, Codec, Entry, Image, Index, Layer};
use testkit::registry::{Auth, Fault, Options, Registry};

use crate::world::{World, engine_with, lines, small};

fn push(engine: &Engine, reference: &str) -> (Result<engine::ops::PushedImages, Error>, Vec<String>) {
    push_as(engine, &Push { reference: reference.to_owned(), ..Push::default() })
}

fn push_as(engine: &Engine, request: &Push) -> (Result<engine::ops::PushedImages, Error>, Vec<String>) {
    let events = Recorded::default();
    let result = engine.push(request, &events);
    (result, lines(events.take()))
}

/// Twelve digits of the diff IDs of an image, top first.
fn ids(image: &Built) -> Vec<String> {
    let layers = image.images.iter().flat_map(|image| image.layers.iter().rev());
    layers.map(|layer| layer.diff_id().digest().short().to_owned()).collect()
}

/// A world with an image from one registry, and another registry with a name for it there.
fn retagged(image: &Built) -> (World, Registry, String) {
    let world = World::new();
    image.push(&world.registry, "library/alpine", &["latest"]);
    world.pull("library/alpine").unwrap();
    let target = Registry::new();
    let name = format!("{}/joe/app", target.host());
    world.engine.tag(&world.name("library/alpine"), &name).unwrap();
    (world, target, name)
}

#[test]
fn a_push_says_what_docker_says() {
    let image = small("one").build();
    let (world, target, name) = retagged(&image);
    let (result, said) = push(&world.engine, &name);
    let pushed = result.unwrap();
    let ids = ids(&image);
    let last = format!("latest: digest: {} size: {}", image.digest(), image.root.bytes.len());
    assert_eq!(said[0], format!("The push refers to repository [{name}]"));
    assert_eq!(said[1..3], [format!("{}: Preparing", ids[0]), format!("{}: Preparing", ids[1])]);
    let mut done = said[3..5].to_vec();
    done.sort();
    let mut expect = [format!("{}: Pushed", ids[0]), format!("{}: Pushed", ids[1])];
    expect.sort();
    assert_eq!(done, expect);
    assert_eq!(said[5..], [last.as_str()]);
    assert_eq!(pushed.name, format!("{name}:latest"));
    assert_eq!(pushed.images[0].digest, *image.digest());
    let (result, said) = push(&world.engine, &name);
    result.unwrap();
    assert_eq!(said.iter().filter(|line| line.ends_with(": Layer already exists")).count(), 2);
    assert_eq!(said.last(), Some(&last));
    assert!(target.requests_to("PATCH", "*").is_empty(), "small blobs take one request");
}

#[test]
fn doc_10_what_was_received_is_pushed_byte_for_byte() {
    let layers = vec![
        Layer::zstd(vec![Entry::file("a", "a")]),
        Layer::plain(vec![Entry::file("b", "b")]),
        Layer::noise("c", 7, 3 << 20, Codec::Gzip),
    ];
    for image in [Image::new(layers.clone()).oci().build(), small("docker").build()] {
        let (world, target, name) = retagged(&image);
        push(&world.engine, &name).0.unwrap();
        let stored = target.manifest("joe/app", "latest").unwrap();
        assert_eq!(stored.bytes, image.root.bytes);
        assert_eq!(stored.media_type, image.root.descriptor.media_type.as_str());
        for (digest, content) in image.blobs() {
            assert_eq!(target.blob("joe/app", digest), content.to_vec().ok(), "{digest}");
        }
        let digests: Vec<String> = world.names();
        let expect = format!("{}/joe/app@{}", target.host(), image.digest());
        assert!(digests.contains(&expect), "{digests:?}");
        assert!(world.engine.pull(&pull_of(&expect), &engine::Silent).is_ok());
    }
}

fn pull_of(reference: &str) -> engine::ops::Pull {
    engine::ops::Pull { reference: reference.to_owned(), ..Default::default() }
}

#[test]
fn layers_are_mounted_from_where_they_are_known_to_be() {
    let world = World::new();
    let image = small("one").build();
    image.push(&world.registry, "library/alpine", &["latest"]);
    world.pull("library/alpine").unwrap();
    world.engine.tag(&world.name("library/alpine"), &world.name("joe/app")).unwrap();
    let (result, said) = push(&world.engine, &world.name("joe/app"));
    result.unwrap();
    let mounted = said.iter().filter(|line| line.ends_with(": Mounted from library/alpine")).count();
    assert_eq!(mounted, 2, "{said:?}");
    // A repository that holds them no more is only a guess that failed.
    let other = World::new();
    image.push(&other.registry, "library/alpine", &["latest"]);
    other.pull("library/alpine").unwrap();
    other.engine.tag(&other.name("library/alpine"), &other.name("joe/app")).unwrap();
    image.images[0].layers.iter().for_each(|layer| other.registry.remove_blob(layer.digest()));
    let (result, said) = push(&other.engine, &other.name("joe/app"));
    result.unwrap();
    assert_eq!(said.iter().filter(|line| line.ends_with(": Pushed")).count(), 2, "{said:?}");
}

#[test]
fn all_tags_go_in_the_order_of_their_names() {
    let world = World::new();
    small("one").build().push(&world.registry, "demo", &["v2", "latest", "v1"]);
    for tag in ["v2", "latest", "v1"] {
        world.pull(&format!("demo:{tag}")).unwrap();
    }
    let target = Registry::new();
    let name = format!("{}/demo", target.host());
    for tag in ["v2", "latest", "v1"] {
        world.engine.tag(&world.name(&format!("demo:{tag}")), &format!("{name}:{tag}")).unwrap();
    }
    let request = Push { reference: name.clone(), all_tags: true, platform: None };
    let (result, said) = push_as(&world.engine, &request);
    let pushed = result.unwrap();
    assert_eq!(pushed.name, name);
    assert_eq!(said.iter().filter(|line| line.starts_with("The push refers to")).count(), 1);
    let tags: Vec<&str> =
        said.iter().filter_map(|line| line.split_once(": digest: ")).map(|(tag, _)| tag).collect();
    assert_eq!(tags, ["latest", "v1", "v2"]);
    assert_eq!(target.tags("demo"), ["latest", "v1", "v2"]);
}

#[test]
fn what_cannot_be_pushed_is_refused_in_docker_s_words() {
    let world = World::new();
    let image = small("one").build();
    image.push(&world.registry, "demo", &["latest"]);
    let empty = push(&world.engine, "nosuch").0.unwrap_err();
    assert_eq!(empty.to_string(), "An image does not exist locally with the tag: nosuch");
    assert!(!world.root().exists());
    world.pull("demo").unwrap();
    world.registry.clear_requests();
    let digest = world.name(&format!("demo@{}", image.digest()));
    let check = |reference: &str, all_tags, kind: ErrorKind, expect: &str| {
        let request = Push { reference: reference.to_owned(), all_tags, platform: None };
        let error = push_as(&world.engine, &request).0.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (kind, expect.to_owned()));
    };
    let (missing, unknown) = (world.name("demo:nope"), world.name("nosuch"));
    check(&missing, false, ErrorKind::NotFound, &format!("tag does not exist: {missing}"));
    let text = format!("An image does not exist locally with the tag: {unknown}");
    check(&unknown, false, ErrorKind::NotFound, &text);
    check(&unknown, true, ErrorKind::NotFound, &text);
    check(&missing, true, ErrorKind::InvalidArgument, "tag can't be used with --all-tags/-a");
    check(&digest, true, ErrorKind::InvalidArgument, "tag can't be used with --all-tags/-a");
    check(&digest, false, ErrorKind::InvalidArgument, "cannot push a digest reference");
    assert!(world.registry.requests().is_empty());
    world.registry.stop();
    let error = push(&world.engine, &world.name("demo")).0.unwrap_err();
    let expect = format!(
        "Get \"http://{}/v2/\": dial tcp {}: connect: connection refused",
        world.registry.host(),
        world.registry.host()
    );
    assert_eq!(error.to_string(), expect);
}

#[test]
fn who_may_not_push_is_told_how_to_log_in() {
    let image = small("one").build();
    let world = World::new();
    image.push(&world.registry, "a", &["latest"]);
    world.pull("a").unwrap();
    let target = Registry::with(Options { auth: Auth::Bearer, ..Options::default() });
    let name = format!("{}/a", target.host());
    world.engine.tag(&world.name("a"), &name).unwrap();
    let error = push(&world.engine, &name).0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(error.to_string(), "denied: requested access to the resource is denied");
    assert_eq!(error.hints(), [format!("log in with `strata login {}`", target.host())]);
}

/// An index of two platforms with attestations, in a layout.
fn two_platforms() -> Built {
    let amd = small("amd").platform("linux/amd64").build();
    let arm = small("arm").platform("linux/arm64").build();
    Index::new(vec![amd, arm]).oci().attested().build()
}

#[test]
fn an_index_is_pushed_with_everything_that_is_here() {
    let index = two_platforms();
    let world = World::new();
    let target = Registry::new();
    let name = format!("{}/joe/app", target.host());
    let layout = tempfile::tempdir().unwrap();
    index.write_layout(layout.path(), &format!("{name}:latest")).unwrap();
    let source = LoadSource::Path(layout.path().to_owned());
    world.engine.load(source, None, &engine::Silent).unwrap();
    let (result, said) = push(&world.engine, &name);
    let pushed = result.unwrap();
    assert_eq!(pushed.images[0].digest, *index.digest());
    assert_eq!(target.manifest("joe/app", "latest").unwrap().bytes, index.root.bytes);
    for part in index.manifests() {
        let stored = target.manifest("joe/app", part.digest().as_str()).unwrap();
        assert_eq!(stored.bytes, part.bytes);
    }
    for id in ids(&index) {
        assert!(said.contains(&format!("{id}: Preparing")), "{said:?}");
    }
    // The tag comes last.
    let puts: Vec<String> = target
        .requests_to("PUT", "/v2/joe/app/manifests/*")
        .iter()
        .map(|put| put.path().to_owned())
        .collect();
    assert_eq!(puts.last().unwrap(), "/v2/joe/app/manifests/latest");
    assert_eq!(puts.len(), 5);
}

#[test]
fn an_index_of_which_some_is_nowhere_gives_way_to_the_image_that_is_here() {
    let index = two_platforms();
    let amd = index.for_platform("linux/amd64").unwrap();
    let (world, target, name) = retagged(&index);
    let (result, _) = push(&world.engine, &name);
    let pushed = result.unwrap();
    assert_eq!(pushed.images[0].digest, *amd.manifest.digest());
    assert_eq!(pushed.images[0].out_of.as_ref(), Some(index.digest()));
    assert_eq!(target.manifest("joe/app", "latest").unwrap().bytes, amd.manifest.bytes);
    // Where everything is there already, nothing is missing.
    index.push(&target, "joe/app", &[]);
    let (result, _) = push(&world.engine, &name);
    assert_eq!(result.unwrap().images[0].digest, *index.digest());
}

#[test]
fn one_platform_of_an_index_is_an_image_of_its_own() {
    let index = two_platforms();
    let amd = index.for_platform("linux/amd64").unwrap();
    let (world, target, name) = retagged(&index);
    let platform = |text: &str| Some(spec::Platform::parse(text, &world.engine.host.platform).unwrap());
    let request = Push { reference: name.clone(), platform: platform("linux/amd64"), all_tags: false };
    let (result, _) = push_as(&world.engine, &request);
    let pushed = result.unwrap();
    assert_eq!(pushed.images[0].digest, *amd.manifest.digest());
    assert_eq!(pushed.images[0].out_of.as_ref(), Some(index.digest()));
    assert_eq!(target.manifest("joe/app", "latest").unwrap().bytes, amd.manifest.bytes);
    let expect = format!("{}/joe/app@{}", target.host(), amd.manifest.digest());
    assert!(world.names().contains(&expect), "{:?}", world.names());
    let listed = world.engine.images(&engine::ops::ListImages::default()).unwrap();
    assert_eq!(listed.len(), 1);
    let request = Push { reference: name.clone(), platform: platform("linux/arm64"), all_tags: false };
    let error = push_as(&world.engine, &request).0.unwrap_err();
    let expect = format!(
        "image with reference {name}:latest was found but does not provide the specified platform (linux/arm64)"
    );
    assert_eq!(error.to_string(), expect);
}

#[test]
fn both_platforms_of_an_index_make_it_whole() {
    let index = two_platforms();
    let index = Index::new(index.images.iter().map(single).collect()).build();
    let world = World::new();
    index.push(&world.registry, "a", &["latest"]);
    for platform in ["linux/arm64", "linux/amd64"] {
        let platform = spec::Platform::parse(platform, &world.engine.host.platform).ok();
        let request = engine::ops::Pull { platform, ..pull_of(&world.name("a")) };
        world.engine.pull(&request, &engine::Silent).unwrap();
    }
    let target = Registry::new();
    let name = format!("{}/a", target.host());
    world.engine.tag(&world.name("a"), &name).unwrap();
    push(&world.engine, &name).0.unwrap();
    assert_eq!(target.manifest("a", "latest").unwrap().bytes, index.root.bytes);
    // The digest in the first repository goes on standing for the image that had it first.
    push(&world.engine, &world.name("a")).0.unwrap();
    let list = engine::ops::ListImages { all: true, ..Default::default() };
    let listed = world.engine.images(&list).unwrap();
    let first = spec::Reference::parse(&world.name(&format!("a@{}", index.digest()))).unwrap();
    let owner = listed.iter().find(|image| image.digests.contains(&first)).unwrap();
    assert_eq!(owner.id, index.for_platform("linux/arm64").unwrap().id);
}

fn single(image: &testkit::image::BuiltImage) -> Built {
    Built { root: image.manifest.clone(), images: vec![image.clone()], others: Vec::new() }
}

#[test]
fn foreign_layers_are_skipped() {
    let foreign = Layer::gzip(vec![Entry::file("Files/base", "base")]).foreign(&["http://127.0.0.1:9/base"]);
    let own = Layer::gzip(vec![Entry::file("Files/own", "own")]);
    let image = Image::new(vec![foreign.clone(), own]).platform("windows/amd64").build();
    let world = World::new();
    image.push(&world.registry, "win", &["latest"]);
    world.registry.put_blob_under("win", foreign.digest().as_str(), foreign.blob().clone());
    let platform = spec::Platform::parse("windows/amd64", &world.engine.host.platform).ok();
    let request = engine::ops::Pull { platform, ..pull_of(&world.name("win")) };
    world.engine.pull(&request, &engine::Silent).unwrap();
    let target = Registry::new();
    let name = format!("{}/win", target.host());
    world.engine.tag(&world.name("win"), &name).unwrap();
    let (result, said) = push(&world.engine, &name);
    result.unwrap();
    let skipped = format!("{}: Skipped foreign layer", foreign.diff_id().digest().short());
    assert!(said.contains(&skipped), "{said:?}");
    assert_eq!(target.blob("win", foreign.digest()), None);
}

#[test]
fn what_is_damaged_or_missing_here_is_not_blamed_on_the_registry() {
    use std::os::unix::fs::PermissionsExt;
    let image = small("one").build();
    let top = image.images[0].layers[1].digest().clone();
    let (world, target, name) = retagged(&image);
    let blob = world.root().join("content/blobs/sha256").join(top.hex());
    let bytes = std::fs::read(&blob).unwrap();
    std::fs::set_permissions(&blob, std::fs::Permissions::from_mode(0o600)).unwrap();
    let hint = "`strata fsck --repair` fetches damaged and missing blobs again from where they came";
    let check = |expect: &str| {
        let error = push(&world.engine, &name).0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains(expect), "{error}");
        assert_eq!(error.hints(), [hint]);
        assert_eq!(target.resolve("joe/app", "latest"), None);
    };
    let mut damaged = bytes.clone();
    damaged[20] ^= 1;
    std::fs::write(&blob, &damaged).unwrap();
    check(&format!("is damaged: expected {top}"));
    std::fs::write(&blob, &bytes[1..]).unwrap();
    check("is damaged: expected");
    std::fs::remove_file(&blob).unwrap();
    check(&format!("blob {top} is not in the store"));
    std::fs::write(&blob, &bytes).unwrap();
    push(&world.engine, &name).0.unwrap();
}

#[test]
fn net_17_nothing_is_said_before_the_manifest_is_accepted_under_our_digest() {
    let image = small("one").build();
    let digest = format!("sha256:{}", "0".repeat(64));
    let check = |fault: Fault, expect: &str| {
        let (world, target, name) = retagged(&image);
        target.on("PUT", "/v2/*/manifests/latest").then(fault);
        let (result, said) = push(&world.engine, &name);
        let error = result.unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert!(!said.iter().any(|line| line.contains("digest: ")), "{said:?}");
        assert!(!world.names().iter().any(|known| known.contains("joe/app@")));
    };
    let other = Fault::answer(201, &[("Docker-Content-Digest", &digest)], "");
    check(other, &format!("the registry says the digest is {digest}, but it is {}", image.digest()));
    let body = format!(
        r#"{{"errors":[{{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown","detail":{{"digest":"{digest}"}}}}]}}"#
    );
    let missing = Fault::answer(400, &[("Content-Type", "application/json")], &body);
    check(missing, &digest);
}

#[test]
fn no_more_layers_are_under_way_than_were_allowed() {
    let layers: Vec<Layer> =
        (0..4).map(|at| Layer::gzip(vec![Entry::file(&format!("file{at}"), "x")])).collect();
    let image = Image::new(layers).build();
    let (world, target, name) = retagged(&image);
    let config = world.root().with_file_name("daemon.json");
    std::fs::write(&config, r#"{"max-concurrent-uploads": 1}"#).unwrap();
    let engine = engine_with(&world.root(), Inputs { daemon_config: Some(config), ..Inputs::default() });
    let (result, said) = push(&engine, &name);
    result.unwrap();
    let ids = ids(&image);
    let expect: Vec<String> = ids
        .iter()
        .map(|id| format!("{id}: Preparing"))
        .chain(ids[1..].iter().map(|id| format!("{id}: Waiting")))
        .chain(ids.iter().map(|id| format!("{id}: Pushed")))
        .collect();
    assert_eq!(said[1..said.len() - 1], expect);
    assert_eq!(target.tags("joe/app"), ["latest"]);
}

#[test]
fn a_push_that_is_cancelled_sets_no_tag() {
    let image = Image::new(vec![Layer::noise("big", 3, 4 << 20, Codec::None)]).build();
    let (world, target, name) = retagged(&image);
    target.on("PATCH", "*").then(Fault::StopReadingAfter(1 << 20));
    std::thread::scope(|scope| {
        let pushing = scope.spawn(|| push(&world.engine, &name).0);
        assert!(target.wait(std::time::Duration::from_secs(20), |log| {
            log.iter().any(|request| request.method == "PATCH" && request.bytes_received > 0)
        }));
        let begun = std::time::Instant::now();
        world.engine.cancel.cancel();
        let error = pushing.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    });
    assert_eq!(target.resolve("joe/app", "latest"), None);
}

#[test]
fn an_image_that_is_removed_while_it_is_pushed_is_pushed_whole_and_stays_removed() {
    let image = small("one").build();
    let (world, target, name) = retagged(&image);
    target
        .on("HEAD", "/v2/joe/app/blobs/*")
        .times(1)
        .then(Fault::Delay(std::time::Duration::from_millis(300)));
    std::thread::scope(|scope| {
        let pushing = scope.spawn(|| push(&world.engine, &name).0);
        assert!(target.wait(std::time::Duration::from_secs(20), |log| !log.is_empty()));
        for name in [&name, &world.name("library/alpine")] {
            world.remove(name);
        }
        assert!(world.names().is_empty());
        pushing.join().unwrap().unwrap();
    });
    assert_eq!(target.resolve("joe/app", "latest").as_ref(), Some(image.digest()));
    for (digest, content) in image.blobs() {
        assert_eq!(target.blob("joe/app", digest), content.to_vec().ok(), "{digest}");
    }
    assert!(world.names().is_empty());
}
