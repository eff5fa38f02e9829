//! Documents of every kind: pushed, listed, looked at, pulled, found by their subject, deleted.

use serde_json::Value;
use spec::Algorithm;

use super::blobs::push_blob;
use super::caller::{LOGINS, Registry};
use super::content::{Content, Document, SETS, set};
use crate::client::{INDEX, Response, request};

const REPOSITORY: &str = "conformance/one";

#[test]
fn documents_of_every_kind_are_kept() {
    for login in LOGINS {
        let registry = Registry::new(login);
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            for (name, fill) in SETS {
                let content = set(fill, algorithm);
                let name = format!("{name}, {}, {login:?}", algorithm.as_str());
                check(&registry, &content, &name);
            }
        }
        assert_eq!(tags(&registry, ""), Vec::<String>::new());
        registry.world.collect();
        registry.world.assert_sound();
        assert_eq!(registry.world.blob_files(), Vec::<std::path::PathBuf>::new());
    }
}

fn check(registry: &Registry, content: &Content, name: &str) {
    for (n, (digest, bytes)) in content.blobs.iter().enumerate() {
        push_blob(registry, REPOSITORY, n, digest, bytes, name);
    }
    for document in &content.documents {
        push(registry, document, content.tags_by_parameter, name);
    }
    listed(registry, content, name);
    for document in &content.documents {
        for reference in references(document) {
            pulled(registry, &format!("/v2/{REPOSITORY}/manifests/{reference}"), document, name);
        }
    }
    for (digest, bytes) in &content.blobs {
        blob(registry, &format!("/v2/{REPOSITORY}/blobs/{digest}"), digest.as_str(), bytes, name);
    }
    referrers(registry, content, name);
    delete(registry, content, name);
}

fn references(document: &Document) -> impl Iterator<Item = &str> {
    document.tags.iter().map(String::as_str).chain([document.digest.as_str()])
}

fn push(registry: &Registry, document: &Document, tags_by_parameter: bool, name: &str) {
    let put = |reference: &str| {
        let target = format!("/v2/{REPOSITORY}/manifests/{reference}");
        let put = request("PUT", &target).header("Content-Type", document.kind).body(&document.bytes);
        let response = registry.send(&put);
        assert_eq!(response.status, 201, "{name}: {response:?}");
        assert_eq!(response.header("docker-content-digest"), Some(document.digest.as_str()), "{name}");
        let subject = document.about.as_ref().map(|(subject, _)| subject.as_str());
        assert_eq!(response.header("oci-subject"), subject, "{name}");
        pulled(registry, &response.location(), document, name);
        response
    };
    if tags_by_parameter && !document.tags.is_empty() {
        let response = put(&format!("{}?tag={}", document.digest, document.tags.join("&tag=")));
        assert_eq!(response.header("oci-tag"), Some(&*document.tags.join(", ")), "{name}");
    } else {
        references(document).for_each(|reference| _ = put(reference));
    }
}

/// GET and HEAD agree, and are what was pushed.
fn pulled(registry: &Registry, target: &str, document: &Document, name: &str) {
    let accept = |method: &str| {
        request(method, target).header("Accept", INDEX).header("Accept", crate::client::MANIFEST)
    };
    for method in ["GET", "HEAD"] {
        let response = registry.send(&accept(method));
        assert_eq!(response.status, 200, "{name}: {method} {target}: {response:?}");
        assert_eq!(response.header("content-type"), Some(document.kind), "{name}");
        assert_described(&response, document.digest.as_str(), document.bytes.len(), name);
        let body = if method == "GET" { &document.bytes[..] } else { b"" };
        assert!(response.body == body, "{name}: {method} {target}");
    }
}

pub(super) fn blob(registry: &Registry, target: &str, digest: &str, bytes: &[u8], name: &str) {
    for method in ["HEAD", "GET"] {
        let response = registry.ask(method, target);
        assert_eq!(response.status, 200, "{name}: {method} {target}: {response:?}");
        assert_described(&response, digest, bytes.len(), name);
        assert!(response.body == if method == "GET" { bytes } else { b"" }, "{name}: {method} {target}");
    }
}

fn assert_described(response: &Response, digest: &str, length: usize, name: &str) {
    assert_eq!(response.header("docker-content-digest"), Some(digest), "{name}");
    assert_eq!(response.header("content-length"), Some(&*length.to_string()), "{name}");
}

fn tags(registry: &Registry, query: &str) -> Vec<String> {
    let response = registry.ask("GET", &format!("/v2/{REPOSITORY}/tags/list{query}"));
    let list = response.json();
    assert_eq!((response.status, list["name"].as_str()), (200, Some(REPOSITORY)));
    list["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect()
}

fn listed(registry: &Registry, content: &Content, name: &str) {
    let all = tags(registry, "");
    let mut expected: Vec<String> =
        content.documents.iter().flat_map(|document| document.tags.clone()).collect();
    expected.sort();
    expected.dedup();
    assert_eq!(all, expected, "{name}");
    for (at, last) in all.iter().enumerate() {
        assert_eq!(tags(registry, &format!("?last={last}")), all[at + 1..], "{name}");
    }
    assert_eq!(tags(registry, "?n=1"), all[..all.len().min(1)], "{name}");
}

fn referrers(registry: &Registry, content: &Content, name: &str) {
    for (subject, entry) in content.documents.iter().filter_map(|document| document.about.as_ref()) {
        let target = format!("/v2/{REPOSITORY}/referrers/{subject}");
        let all = list(registry, &target, name).0;
        assert!(all.contains(entry), "{name}: {entry} is not in {all:?}");
        let Some(kind) = entry["artifactType"].as_str() else { continue };
        let (some, filters) =
            list(registry, &format!("{target}?artifactType={}", kind.replace('+', "%2B")), name);
        assert_eq!(filters.as_deref(), Some("artifactType"), "{name}");
        let expected: Vec<Value> = all.into_iter().filter(|one| one["artifactType"] == kind).collect();
        assert_eq!(some, expected, "{name}");
    }
}

fn list(registry: &Registry, target: &str, name: &str) -> (Vec<Value>, Option<String>) {
    let response = registry.ask("GET", target);
    assert_eq!((response.status, response.header("content-type")), (200, Some(INDEX)), "{name}");
    let index = response.json();
    assert_eq!(
        (index["schemaVersion"].as_u64(), index["mediaType"].as_str()),
        (Some(2), Some(INDEX)),
        "{name}"
    );
    let filters = response.header("oci-filters-applied").map(str::to_owned);
    (index["manifests"].as_array().unwrap().clone(), filters)
}

/// Tags first, which leaves the documents; documents, which leaves the blobs. What is gone is gone at once.
fn delete(registry: &Registry, content: &Content, name: &str) {
    let gone = |target: &str, what: &str| {
        let response = registry.ask("DELETE", target);
        assert_eq!(response.status, 202, "{name}: {target}: {response:?}");
        assert_eq!(registry.ask("HEAD", target).status, 404, "{name}: {target}");
        registry.ask("DELETE", target).assert_refused(404, what);
    };
    for document in &content.documents {
        let digest = format!("/v2/{REPOSITORY}/manifests/{}", document.digest);
        for tag in &document.tags {
            gone(&format!("/v2/{REPOSITORY}/manifests/{tag}"), "MANIFEST_UNKNOWN");
        }
        assert_eq!(registry.ask("HEAD", &digest).status, 200, "{name}: a tag's end took its manifest");
    }
    for document in content.documents.iter().rev() {
        gone(&format!("/v2/{REPOSITORY}/manifests/{}", document.digest), "MANIFEST_UNKNOWN");
    }
    for (digest, _) in &content.blobs {
        gone(&format!("/v2/{REPOSITORY}/blobs/{digest}"), "BLOB_UNKNOWN");
    }
    for (subject, entry) in content.documents.iter().filter_map(|document| document.about.as_ref()) {
        let left = list(registry, &format!("/v2/{REPOSITORY}/referrers/{subject}"), name).0;
        assert!(!left.contains(entry), "{name}: {entry} is still listed");
    }
}
