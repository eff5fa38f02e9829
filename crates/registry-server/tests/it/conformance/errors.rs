//! What is refused, with which status and code; and what is asked before anything was ever pushed.

use spec::{Algorithm, Digest};

use super::caller::{LOGINS, Registry};
use super::content::digest;
use crate::client::{INDEX, MANIFEST, request};

const NAME: &str = "conformance/one";

#[test]
fn a_registry_without_anything_answers() {
    for login in LOGINS {
        let registry = Registry::new(login);
        let base = registry.ask("GET", "/v2/");
        assert_eq!(
            (base.status, base.header("docker-distribution-api-version")),
            (200, Some("registry/2.0"))
        );
        registry.ask("GET", &format!("/v2/{NAME}/tags/list")).assert_refused(404, "NAME_UNKNOWN");
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let subject = digest(algorithm, b"never seen");
            let list = registry.ask("GET", &format!("/v2/{NAME}/referrers/{subject}"));
            assert_eq!((list.status, list.header("content-type")), (200, Some(INDEX)));
            assert_eq!(list.json()["manifests"], serde_json::json!([]));
        }
        assert_eq!(registry.ask("GET", "/v2/_catalog").json(), serde_json::json!({ "repositories": [] }));
    }
}

#[test]
fn refusals_have_the_status_and_code_of_the_specification() {
    let sha256 = Digest::of(b"absent").to_string();
    let sha512 = digest(Algorithm::Sha512, b"absent").to_string();
    let upload = format!("/v2/{NAME}/blobs/uploads/{}", "0".repeat(32));
    let rows = [
        ("GET", format!("/v2/{NAME}/manifests/absent"), 404, "MANIFEST_UNKNOWN"),
        ("GET", format!("/v2/{NAME}/manifests/{sha256}"), 404, "MANIFEST_UNKNOWN"),
        ("GET", format!("/v2/{NAME}/manifests/{sha512}"), 404, "MANIFEST_UNKNOWN"),
        ("DELETE", format!("/v2/{NAME}/manifests/absent"), 404, "MANIFEST_UNKNOWN"),
        ("DELETE", format!("/v2/{NAME}/manifests/{sha512}"), 404, "MANIFEST_UNKNOWN"),
        ("GET", format!("/v2/{NAME}/blobs/{sha256}"), 404, "BLOB_UNKNOWN"),
        ("GET", format!("/v2/{NAME}/blobs/{sha512}"), 404, "BLOB_UNKNOWN"),
        ("DELETE", format!("/v2/{NAME}/blobs/{sha256}"), 404, "BLOB_UNKNOWN"),
        ("GET", upload.clone(), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("PATCH", upload.clone(), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("PUT", format!("{upload}?digest={sha256}"), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("DELETE", upload.clone(), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("PUT", upload, 400, "DIGEST_INVALID"),
        ("GET", format!("/v2/{NAME}/tags/list?n=x"), 400, "PAGINATION_NUMBER_INVALID"),
        ("PUT", format!("/v2/{NAME}/manifests/.x"), 400, "TAG_INVALID"),
        ("PUT", format!("/v2/{NAME}/manifests/{sha256}?tag=.x"), 400, "TAG_INVALID"),
        ("GET", "/v2/Upper/manifests/x".to_owned(), 400, "NAME_INVALID"),
        ("PUT", "/v2/a..b/manifests/x".to_owned(), 400, "NAME_INVALID"),
        ("POST", "/v2/a--/blobs/uploads/".to_owned(), 400, "NAME_INVALID"),
        ("GET", "/v2/a_/tags/list".to_owned(), 400, "NAME_INVALID"),
        ("PATCH", format!("/v2/{NAME}/manifests/x"), 405, "UNSUPPORTED"),
        ("PUT", format!("/v2/{NAME}/blobs/{sha256}"), 405, "UNSUPPORTED"),
        ("POST", format!("/v2/{NAME}/tags/list"), 405, "UNSUPPORTED"),
        ("GET", "/v2/unknown".to_owned(), 404, "UNSUPPORTED"),
    ];
    let bad =
        ["sha256:baddigeststring", "sha256:", "sha512:00", "blake3:00", "a+b:c=_", ":", "sha256:\u{41}"];
    let bad = bad.iter().flat_map(|bad| {
        [
            ("GET", format!("/v2/{NAME}/manifests/{bad}"), 400, "DIGEST_INVALID"),
            ("PUT", format!("/v2/{NAME}/manifests/{bad}"), 400, "DIGEST_INVALID"),
            ("DELETE", format!("/v2/{NAME}/manifests/{bad}"), 400, "DIGEST_INVALID"),
            ("GET", format!("/v2/{NAME}/blobs/{bad}"), 400, "DIGEST_INVALID"),
            ("GET", format!("/v2/{NAME}/referrers/{bad}"), 400, "DIGEST_INVALID"),
            ("POST", format!("/v2/{NAME}/blobs/uploads/?digest={bad}"), 400, "DIGEST_INVALID"),
            ("POST", format!("/v2/{NAME}/blobs/uploads/?mount={bad}"), 400, "DIGEST_INVALID"),
        ]
    });
    let unknown = ["md5", "sha-256", "blake3"].map(|unknown| {
        ("POST", format!("/v2/{NAME}/blobs/uploads/?digest-algorithm={unknown}"), 400, "DIGEST_INVALID")
    });
    let rows: Vec<_> = rows.into_iter().chain(bad).chain(unknown).collect();
    for login in LOGINS {
        let registry = Registry::new(login);
        for (method, target, status, code) in &rows {
            let response = registry.ask(method, target);
            assert_eq!(response.refusal(), (*status, (*code).to_owned()), "{login:?}: {method} {target}");
            assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
            assert_eq!(response.header("allow").is_some(), *status == 405, "{method} {target}");
            if *method == "GET" {
                // The same without the words.
                let head = registry.ask("HEAD", target);
                assert_eq!((head.status, head.body.len()), (*status, 0), "HEAD {target}");
                assert_eq!(head.header("content-length"), response.header("content-length"));
            }
        }
    }
}

/// Documents that are refused leave nothing behind: neither themselves nor their tag.
#[test]
fn documents_that_do_not_fit_are_refused() {
    for login in LOGINS {
        let registry = Registry::new(login);
        let text = format!("{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[]}}");
        let digests =
            [Algorithm::Sha256, Algorithm::Sha512].map(|algorithm| digest(algorithm, text.as_bytes()));
        let layer = |digest: &str| {
            format!(
                "{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[{{\"mediaType\":\"a/b\",\"size\":1,\
                 \"digest\":\"{digest}\"}}]}}"
            )
        };
        let large = text.replace("[]", &format!("[]{}", " ".repeat(4 << 20)));
        for (reference, kind, body, status, code) in [
            (digests[0].as_str(), INDEX, format!("{text}  "), 400, "DIGEST_INVALID"),
            (digests[1].as_str(), INDEX, format!("{text}  "), 400, "DIGEST_INVALID"),
            ("tag", MANIFEST, text.clone(), 400, "MANIFEST_INVALID"),
            ("tag", INDEX, text.replace('2', "3"), 400, "MANIFEST_INVALID"),
            ("tag", INDEX, layer("sha256:short"), 400, "MANIFEST_INVALID"),
            ("tag", INDEX, layer("no digest"), 400, "MANIFEST_INVALID"),
            ("tag", INDEX, "not JSON".to_owned(), 400, "MANIFEST_INVALID"),
            ("tag", INDEX, large, 413, "MANIFEST_INVALID"),
        ] {
            let target = format!("/v2/{NAME}/manifests/{reference}");
            let put = request("PUT", &target).header("Content-Type", kind).body(body.as_bytes());
            assert_eq!(registry.send(&put).refusal(), (status, code.to_owned()), "{login:?}: {body:.200}");
            assert_eq!(registry.ask("HEAD", &target).status, 404, "{login:?}: {body:.200}");
        }
    }
}
