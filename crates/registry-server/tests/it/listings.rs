//! Lists: tags, repositories, referrers, search.

use registry_server::operate::{Facts, describe};
use serde_json::{Value, json};
use spec::Digest;

use crate::client::{INDEX, MANIFEST, World, descriptor};

/// Follows the links from a first page. Returns each page's items.
fn pages(world: &World, first: &str, items: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(target) = next {
        let response = world.get(&target);
        assert_eq!(response.status, 200, "{target} {response:?}");
        pages.push(response.json()[items].clone());
        next = response.header("link").map(|link| {
            let (target, relation) = link.trim_start_matches('<').split_once('>').unwrap();
            assert_eq!(relation, "; rel=\"next\"");
            target.to_owned()
        });
        assert!(pages.len() < 100);
    }
    pages
}

#[test]
fn tags_are_sorted_by_their_bytes_and_paged() {
    let world = World::new();
    let manifest = world.image("a/b", b"x").to_string();
    let digest = Digest::of(manifest.as_bytes());
    let tags = ["b", "B", "a.1", "a-1", "a", "10", "9", "_x"];
    let target = format!("/v2/a/b/manifests/{digest}?tag={}", tags.join("&tag="));
    let put = crate::client::request("PUT", &target).header("Content-Type", MANIFEST);
    assert_eq!(world.send(&put.body(manifest.as_bytes())).status, 201);
    let all = world.get("/v2/a/b/tags/list");
    assert_eq!(all.json(), json!({ "name": "a/b", "tags": ["10", "9", "B", "_x", "a", "a-1", "a.1", "b"] }));
    assert!(all.header("link").is_none());
    let expect = [json!(["10", "9", "B"]), json!(["_x", "a", "a-1"]), json!(["a.1", "b"])];
    assert_eq!(pages(&world, "/v2/a/b/tags/list?n=3", "tags"), expect);
    assert_eq!(pages(&world, "/v2/a/b/tags/list?n=4", "tags").len(), 2);
    let tags = |query: &str| world.get(&format!("/v2/a/b/tags/list?{query}")).json()["tags"].clone();
    assert_eq!(tags("last=a"), json!(["a-1", "a.1", "b"]));
    assert_eq!(tags("n=1&last=Zz"), json!(["_x"]));
    assert_eq!(tags("last=zzz"), json!([]));
    let none = world.get("/v2/a/b/tags/list?n=0");
    assert_eq!((none.json()["tags"].clone(), none.header("link")), (json!([]), None));
    world.get("/v2/none/tags/list").assert_refused(404, "NAME_UNKNOWN");
    world.get("/v2/a/b/tags/list?n=-1").assert_refused(400, "PAGINATION_NUMBER_INVALID");
}

#[test]
fn repositories_are_listed_in_pages() {
    let world = World::new();
    for name in ["c", "a/b", "a", "b-x"] {
        world.push_image(name, "t", b"x");
    }
    world.push_blob("not/yet", b"x");
    let expect = [json!(["a", "a/b"]), json!(["b-x", "c"])];
    assert_eq!(pages(&world, "/v2/_catalog?n=2", "repositories")[..2], expect);
    assert_eq!(pages(&world, "/v2/_catalog", "repositories"), [json!(["a", "a/b", "b-x", "c"])]);
    assert_eq!(world.get("/v2/_catalog?last=a/b").json()["repositories"], json!(["b-x", "c"]));
    assert_eq!(world.get("/v2/_catalog?n=0").json()["repositories"], json!([]));
    let extensions = world.get("/v2/_oci/ext/discover").json();
    assert_eq!(extensions["extensions"][0]["name"], "_catalog");
}

#[test]
fn referrers_are_listed_with_what_they_say() {
    let world = World::new();
    let subject = Digest::of(b"subject");
    let empty = world.get(&format!("/v2/a/referrers/{subject}"));
    assert_eq!((empty.status, empty.header("content-type")), (200, Some(INDEX)));
    assert_eq!(empty.json(), json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }));
    let config = world.push_blob("a", b"{}");
    let about = |artifact_type: Option<&str>, config_type: &str| {
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(config_type, &config, 2),
            "layers": [], "subject": descriptor(MANIFEST, &subject, 7), "annotations": { "k": config_type },
        });
        if let Some(artifact_type) = artifact_type {
            manifest["artifactType"] = json!(artifact_type);
        }
        let digest = Digest::of(manifest.to_string().as_bytes());
        let response = world.push("a", digest.as_str(), &manifest);
        assert_eq!((response.status, response.header("oci-subject")), (201, Some(subject.as_str())));
        (digest, manifest.to_string().len())
    };
    let own = about(Some("application/vnd.x+json"), "application/vnd.oci.empty.v1+json");
    let from_config = about(None, "application/vnd.y");
    let index = json!({
        "schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": descriptor(MANIFEST, &subject, 7),
    });
    assert_eq!(world.push("a", "index", &index).status, 201);
    let all = world.get(&format!("/v2/a/referrers/{subject}")).json()["manifests"].clone();
    assert_eq!(
        all[0],
        json!({
            "mediaType": MANIFEST, "digest": own.0.as_str(), "size": own.1,
            "artifactType": "application/vnd.x+json",
            "annotations": { "k": "application/vnd.oci.empty.v1+json" },
        })
    );
    assert_eq!(
        (all[1]["digest"].clone(), all[1]["artifactType"].clone()),
        (json!(from_config.0.as_str()), json!("application/vnd.y"))
    );
    assert_eq!((all[2]["artifactType"].clone(), all[2]["annotations"].clone()), (Value::Null, Value::Null));
    for filter in ["application/vnd.x%2Bjson", "application/vnd.x+json"] {
        let response = world.get(&format!("/v2/a/referrers/{subject}?artifactType={filter}"));
        assert_eq!(response.header("oci-filters-applied"), Some("artifactType"));
        assert_eq!(response.json()["manifests"], json!([all[0]]));
    }
    world.get("/v2/a/referrers/sha256:bad").assert_refused(400, "DIGEST_INVALID");
    let target = format!("/v2/a/manifests/{}", own.0);
    assert_eq!(world.send(&crate::client::request("DELETE", &target)).status, 202);
    assert_eq!(
        world.get(&format!("/v2/a/referrers/{subject}")).json()["manifests"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn srv_17_referrers_are_paged_within_the_limit() {
    let world = World::new();
    let subject = Digest::of(b"subject");
    let config = world.push_blob("a", b"{}");
    for n in 0..7 {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor("a/b", &config, 2), "layers": [],
            "subject": descriptor(MANIFEST, &subject, 7), "annotations": { "n": n.to_string(), "x": "x".repeat(1 << 20) },
        });
        assert_eq!(world.push("a", &format!("t{n}"), &manifest).status, 201);
    }
    let pages = pages(&world, &format!("/v2/a/referrers/{subject}?artifactType=a/b"), "manifests");
    let sizes: Vec<usize> = pages.iter().map(|page| page.as_array().unwrap().len()).collect();
    assert_eq!(sizes, [3, 3, 1]);
    assert!(pages.iter().all(|page| page.to_string().len() < 4 << 20));
}

#[test]
fn search_answers_as_docker_asks() {
    let world = World::new();
    for name in ["library/alpine", "rancher/alpine-git", "x/tool"] {
        world.push_image(name, "latest", b"x");
    }
    let ping = world.get("/v1/_ping");
    assert_eq!((ping.status, ping.header("x-docker-registry-standalone")), (200, Some("true")));
    let name = registry_server::RepositoryName::parse("library/alpine").unwrap();
    let facts =
        Facts { description: "A minimal image".to_owned(), stars: 9_962, official: true, automated: false };
    describe(&world.config.root, &name, facts).unwrap();
    let found = world.get("/v1/search?q=alpine&n=25").json();
    assert_eq!(
        found,
        json!({
            "query": "alpine", "num_results": 2, "num_pages": 1, "page": 1, "page_size": 25,
            "results": [
                { "name": "alpine", "description": "A minimal image", "star_count": 9962, "is_official": true, "is_automated": false },
                { "name": "rancher/alpine-git", "description": "", "star_count": 0, "is_official": false, "is_automated": false },
            ],
        })
    );
    let names = |query: &str| {
        let results = world.get(&format!("/v1/search?{query}")).json()["results"].clone();
        results.as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("q=library%2Falpine&n=1"), ["alpine"]);
    assert_eq!(names("q=alpine&n=1&page=2"), ["rancher/alpine-git"]);
    assert_eq!(names("q=minimal"), ["alpine"]);
    assert_eq!(names("q=%25"), Vec::<String>::new());
    assert_eq!(names("q=").len(), 3);
}
