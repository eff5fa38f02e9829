//! Looking into registries without pulling: digests, tags, documents, search, what has moved.

use engine::filter::Filters;
use engine::ops::{InspectManifest, InspectRemote, ListTags, Search, TagOrder, There};
use engine::{ErrorKind, Event, Inputs, Recorded, Silent};
use spec::Document;
use testkit::image::Index;
use testkit::registry::{Fault, Options, Registry, SearchEntry};

use crate::world::{World, engine_with, small};

#[test]
fn a_digest_costs_one_head_request() {
    let world = World::new();
    let image = small("one").build();
    image.push(&world.registry, "library/alpine", &["latest"]);
    let digest = world.engine.digest(&world.name("library/alpine"), &Silent).unwrap();
    assert_eq!(digest.target.digest, *image.digest());
    assert_eq!(digest.reference.tag(), Some("latest"));
    let requests: Vec<String> = world.registry.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(requests, ["HEAD"]);
    let error = world.engine.digest(&world.name("library/alpine:nosuch"), &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!world.root().exists(), "who only asks makes no store");
}

#[test]
fn what_servers_warn_of_is_passed_on_once() {
    let world = World::new();
    small("one").build().push(&world.registry, "a", &["latest"]);
    let warning = Fault::Header("Warning".to_owned(), "299 - \"this registry moves\"".to_owned());
    world.registry.on("*", "/v2/*").then(warning);
    let told = || Event::Warning("this registry moves".to_owned());
    let events = Recorded::default();
    world.engine.digest(&world.name("a"), &events).unwrap();
    assert_eq!(events.take(), [told()]);
    let (result, lines) = world.pull_lines("a");
    result.unwrap();
    let warnings = lines.iter().filter(|line| line.starts_with("warning: ")).count();
    assert_eq!(warnings, 1, "{lines:?}");
}

#[test]
fn tags_are_listed_over_all_pages_in_the_order_asked_for() {
    let registry = Registry::with(Options { page_size: 2, ..Options::default() });
    let world = World::with(registry, None);
    small("one").build().push(&world.registry, "a", &["1.10", "1.9", "latest", "2", "alpine"]);
    let list = |order| {
        let request = ListTags { repository: world.name("a"), order };
        world.engine.tags(&request, &Silent).unwrap().tags
    };
    assert_eq!(list(TagOrder::Version), ["1.9", "1.10", "2", "alpine", "latest"]);
    assert_eq!(list(TagOrder::Name), ["1.10", "1.9", "2", "alpine", "latest"]);
    assert_eq!(list(TagOrder::Registry), world.registry.tags("a"));
    let request = ListTags { repository: world.name("a:latest"), ..ListTags::default() };
    let error = world.engine.tags(&request, &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let request = ListTags { repository: world.name("nosuch"), ..ListTags::default() };
    let error = world.engine.tags(&request, &Silent).unwrap_err();
    let expect = format!("repository {} not found: name unknown", world.name("nosuch"));
    assert!(error.to_string().starts_with(&expect), "{error}");
}

#[test]
fn a_remote_image_is_inspected_without_its_layers() {
    let world = World::new();
    let amd = small("amd").platform("linux/amd64").build();
    let arm = small("arm").platform("linux/arm64").build();
    let index = Index::new(vec![amd.clone(), arm.clone()]).oci().attested().build();
    index.push(&world.registry, "golang", &["latest"]);
    arm.push(&world.registry, "golang", &["arm"]);
    let look = |name: &str, platform: Option<&str>| {
        let platform = platform.map(|text| spec::Platform::parse(text, &world.engine.host.platform).unwrap());
        let request = InspectRemote { reference: world.name(name), platform };
        world.engine.inspect_remote(&request, &Silent)
    };
    let found = look("golang", None).unwrap();
    assert_eq!(found.target.bytes(), index.root.bytes);
    let offered: Vec<String> =
        found.offered.iter().map(|entry| entry.platform.as_ref().unwrap().to_string()).collect();
    assert_eq!(offered, ["linux/amd64", "linux/arm64"]);
    let image = found.image.unwrap();
    assert_eq!(image.config.unwrap().bytes(), amd.images[0].config.bytes);
    assert_eq!(image.manifest.bytes(), amd.images[0].manifest.bytes);
    let image = look("golang", Some("linux/arm64")).unwrap().image.unwrap();
    assert_eq!(image.config.unwrap().id(), arm.id());
    let single = look("golang:arm", None).unwrap();
    assert!(single.offered.is_empty());
    assert_eq!(single.image.unwrap().platform.to_string(), "linux/arm64");
    let error = look("golang", Some("windows/amd64")).unwrap_err();
    assert_eq!(error.hints(), ["there is: linux/amd64, linux/arm64"]);
    let layers = amd.images[0].layers.iter().chain(&arm.images[0].layers);
    for layer in layers {
        let path = format!("/v2/golang/blobs/{}", layer.digest());
        assert!(world.registry.requests_to("*", &path).is_empty());
    }
    assert!(!world.root().exists());
}

#[test]
fn an_index_without_this_machine_is_inspected_all_the_same() {
    let world = World::new();
    let arm = small("arm").platform("linux/arm64").build();
    Index::new(vec![arm]).build().push(&world.registry, "a", &["latest"]);
    let request = InspectRemote { reference: world.name("a"), platform: None };
    let found = world.engine.inspect_remote(&request, &Silent).unwrap();
    assert!(found.image.is_none());
    assert_eq!(found.offered.len(), 1);
    // But what it lists has to be there.
    let amd = small("amd").platform("linux/amd64").build();
    let index = Index::new(vec![amd]).build();
    let media_type = index.root.descriptor.media_type.as_str();
    world.registry.put_manifest("hollow", &["latest"], media_type, &index.root.bytes);
    let request = InspectRemote { reference: world.name("hollow"), platform: None };
    assert_eq!(world.engine.inspect_remote(&request, &Silent).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn doc_4_an_index_with_too_many_entries_is_not_walked() {
    let world = World::new();
    let entry = |at: usize| {
        let digest = spec::Digest::of(at.to_string().as_bytes());
        format!(r#"{{"mediaType":"{}","digest":"{digest}","size":1}}"#, spec::MediaType::OCI_MANIFEST)
    };
    let count = spec::limits::MANIFESTS_WALKED_MAX + 1;
    let entries: Vec<String> = (0..count).map(entry).collect();
    let kind = spec::MediaType::OCI_INDEX;
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","manifests":[{}]}}"#, entries.join(","));
    world.registry.put_manifest("many", &["latest"], kind, index.as_bytes());
    let inspect = |verbose| {
        let request = InspectManifest { reference: world.name("many"), verbose, insecure: false };
        world.engine.inspect_manifest(&request, &Silent)
    };
    assert!(inspect(false).is_ok());
    let error = inspect(true).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("the index has {count} entries, more than MANIFESTS_WALKED_MAX ({})", count - 1)
    );
}

#[test]
fn manifests_are_shown_as_they_are_served() {
    let world = World::new();
    let amd = small("amd").platform("linux/amd64").build();
    let arm = small("arm").platform("linux/arm64").build();
    let index = Index::new(vec![amd.clone(), arm]).attested().build();
    index.push(&world.registry, "demo/app", &["1.0"]);
    amd.push(&world.registry, "demo/app", &["amd64"]);
    let inspect = |name: &str, verbose| {
        let request = InspectManifest { reference: world.name(name), verbose, insecure: true };
        world.engine.inspect_manifest(&request, &Silent)
    };
    let plain = inspect("demo/app:amd64", false).unwrap();
    assert_eq!(plain.document.bytes(), amd.root.bytes);
    assert!(plain.parts.is_empty());
    let single = inspect("demo/app:amd64", true).unwrap();
    assert_eq!(single.parts.len(), 1);
    let part = &single.parts[0];
    assert_eq!(part.reference.familiar(), world.name("demo/app:amd64"));
    assert_eq!(part.descriptor.platform.as_ref().unwrap().to_string(), "linux/amd64");
    let list = inspect("demo/app:1.0", true).unwrap();
    assert_eq!(list.document.bytes(), index.root.bytes);
    let Document::Index(entries) = &list.document else { panic!("an index") };
    assert_eq!(list.parts.len(), 4);
    for (part, entry) in list.parts.iter().zip(&entries.manifests) {
        assert_eq!(part.descriptor, *entry);
        assert_eq!(part.document.digest(), &entry.digest);
        assert_eq!(part.reference.digest(), Some(&entry.digest));
    }
    let error = inspect("demo/app:nosuch", false).unwrap_err();
    assert_eq!(error.to_string(), format!("no such manifest: {}", world.name("demo/app:nosuch")));
    world.registry.stop();
    let error = inspect("demo/app:1.0", false).unwrap_err();
    let expect = "failed to configure transport: error pinging v2 registry: Get \"http://127.0.0.1:";
    assert!(error.to_string().starts_with(expect), "{error}");
}

#[test]
fn a_search_is_filtered_after_its_limit() {
    let world = World::new();
    let entry = |name: &str, stars, official| SearchEntry {
        name: name.to_owned(),
        description: "about it".to_owned(),
        stars,
        official,
        automated: false,
    };
    let found = |limit, filters: &[(&str, &str)]| {
        let filters = Filters::new(filters.iter().copied());
        let request = Search { term: world.name("alpine"), limit, filters };
        let results = world.engine.search(&request, &Silent)?;
        Ok::<Vec<String>, engine::Error>(results.into_iter().map(|result| result.name).collect())
    };
    let error = found(0, &[]).unwrap_err();
    assert_eq!(error.to_string(), "Unexpected status code 404");
    world.registry.serve_search(vec![
        entry("alpine", 9962, true),
        entry("rancher/alpine-git", 1, false),
        entry("grafana/alpine", 4, false),
    ]);
    assert_eq!(found(0, &[]).unwrap(), ["alpine", "rancher/alpine-git", "grafana/alpine"]);
    assert_eq!(found(1, &[]).unwrap(), ["alpine"]);
    assert_eq!(found(0, &[("is-official", "true")]).unwrap(), ["alpine"]);
    assert_eq!(found(1, &[("is-official", "false")]).unwrap(), [""; 0]);
    assert_eq!(found(0, &[("stars", "1"), ("stars", "3")]).unwrap(), ["alpine", "grafana/alpine"]);
    assert_eq!(found(0, &[("is-automated", "true")]).unwrap(), [""; 0]);
    assert_eq!(found(0, &[("is-automated", "false")]).unwrap().len(), 3);
    let error = found(101, &[]).unwrap_err();
    assert_eq!(error.to_string(), "limit 101 is outside the range of [1, 100]");
    assert_eq!(found(100, &[]).unwrap().len(), 3);
}

#[test]
fn tags_that_moved_are_told_from_those_that_did_not() {
    let world = World::new();
    small("one").build().push(&world.registry, "a", &["latest", "1.0"]);
    let gone = small("gone").build();
    gone.push(&world.registry, "b", &["latest"]);
    for name in ["a", "a:1.0", "b"] {
        world.pull(name).unwrap();
    }
    world.engine.tag(&world.name("a"), "local:only").unwrap();
    let outdated = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        world.engine.outdated(&names, &Silent)
    };
    let all: Vec<There> = outdated(&[]).unwrap().into_iter().map(|tag| tag.there).collect();
    assert_eq!(all, [There::Current, There::Current, There::Current]);
    let newer = small("two").build();
    newer.push(&world.registry, "a", &["latest"]);
    world.registry.untag("b", "latest");
    let all = outdated(&[]).unwrap();
    let names: Vec<String> = all.iter().map(|tag| tag.reference.familiar()).collect();
    assert_eq!(names, [world.name("a:1.0"), world.name("a:latest"), world.name("b:latest")]);
    assert_eq!(all[0].there, There::Current);
    assert_eq!(all[1].there, There::Moved(newer.digest().clone()));
    let There::Unknown { kind: ErrorKind::NotFound, reason } = &all[2].there else { panic!("{all:?}") };
    assert!(reason.starts_with(&format!("manifest for {} not found", world.name("b:latest"))), "{reason}");
    assert_eq!(outdated(&[&world.name("a")]).unwrap().len(), 2);
    let only = outdated(&["local:only"]).unwrap();
    assert!(matches!(&only[0].there, There::Unknown { kind: ErrorKind::NotFound, .. }), "{only:?}");
    let error = outdated(&["nosuch"]).unwrap_err();
    assert_eq!(error.to_string(), "No such image: nosuch");
    assert!(world.registry.requests_to("GET", "/v2/*/manifests/1.0").is_empty());
}

#[test]
fn a_registry_that_has_had_enough_says_when_to_come_back() {
    let limit = testkit::registry::RateLimit { limit: 100, used: 100, window_seconds: 21_600 };
    let registry = Registry::with(Options { rate_limit: Some(limit), ..Options::default() });
    let world = World::with(registry, None);
    small("one").build().push(&world.registry, "a", &["latest"]);
    let hint = "0 of 100 pulls in 6 h are left for 127.0.0.1; the registry asks to come back in 6 h, at 2026-11-23 18:00:00 UTC";
    let error = world.pull("a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().starts_with("toomanyrequests: You have reached your"), "{error}");
    assert_eq!(error.hints(), [hint]);
    let error = world.engine.digest(&world.name("a"), &Silent).unwrap_err();
    assert_eq!(error.hints(), [hint]);
}

#[test]
fn key_1_credentials_that_others_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    small("one").build().push(&world.registry, "a", &["latest"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, r#"{"auths":{"reg.example":{"auth":"am9lOnNlY3JldA=="}}}"#).unwrap();
    let inputs = Inputs { docker_config: Some(folder.path().to_owned()), ..Inputs::default() };
    let engine = engine_with(&world.root(), inputs);
    let check = |mode: u32, expect: usize| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let events = Recorded::default();
        let request = engine::ops::Pull { reference: world.name("a"), ..Default::default() };
        engine.pull(&request, &events).unwrap();
        let warned = events.take().into_iter().filter(|event| matches!(event, Event::Warning(_))).count();
        assert_eq!(warned, expect, "{mode:o}");
    };
    check(0o600, 0);
    check(0o644, 1);
}
