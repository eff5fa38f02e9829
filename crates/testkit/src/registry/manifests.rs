//! Manifests: GET, HEAD, PUT and DELETE by tag and by digest.

use serde_json::Value;
use spec::Digest;

use super::http::{Response, header};
use super::routes::{Call, unsupported};
use super::state::{State, StoredManifest};

/// Bytes of a manifest that are accepted (distribution specification: at least 4 MiB).
const MANIFEST_BYTES_MAX: usize = 4 << 20;

/// Answers for one manifest.
pub(crate) fn answer(state: &mut State, call: &Call<'_>, name: &str, reference: &str) -> Response {
    match call.method {
        "GET" => get(state, call, name, reference),
        "PUT" => put(state, call, name, reference),
        "DELETE" => delete(state, name, reference),
        _ => unsupported(),
    }
}

fn unknown() -> Response {
    Response::error(404, "MANIFEST_UNKNOWN", "manifest unknown")
}

fn get(state: &State, call: &Call<'_>, name: &str, reference: &str) -> Response {
    if let Err(refusal) = call.shared.count_pull(call.head.method == "HEAD") {
        return refusal;
    }
    let found = state.repositories.get(name).and_then(|repository| repository.manifest(reference));
    let response = match found {
        None => unknown(),
        Some((digest, manifest)) => Response::new(200)
            .bytes(&manifest.media_type, manifest.bytes.clone())
            .header("Docker-Content-Digest", digest)
            .header("ETag", format!("\"{digest}\"")),
    };
    call.shared.add_rate_limit(response)
}

fn put(state: &mut State, call: &Call<'_>, name: &str, reference: &str) -> Response {
    let invalid = |message: &str| Response::error(400, "MANIFEST_INVALID", message);
    if call.body.len() > MANIFEST_BYTES_MAX {
        return Response::error(413, "MANIFEST_INVALID", "manifest too large");
    }
    let Some(media_type) = header(&call.head.headers, "content-type") else {
        return invalid("no Content-Type");
    };
    let Ok(document) = serde_json::from_slice::<Value>(&call.body) else {
        return invalid("manifest is not JSON");
    };
    let inner = document.get("mediaType").and_then(Value::as_str);
    if inner.is_some_and(|inner| inner != media_type) {
        return invalid("mediaType in manifest does not match Content-Type");
    }
    let digest = Digest::of(&call.body).to_string();
    if reference.contains(':') && reference != digest {
        return Response::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    if let Some(missing) = missing_child(state, name, &document) {
        let message = format!("blob unknown to registry: {missing}");
        return Response::error(400, "MANIFEST_BLOB_UNKNOWN", &message);
    }
    let manifest = StoredManifest { media_type: media_type.to_owned(), bytes: call.body.clone() };
    let repository = state.repository_mut(name);
    repository.manifests.insert(digest.clone(), manifest);
    if reference != digest {
        repository.tags.insert(reference.to_owned(), digest.clone());
    }
    let response = Response::new(201)
        .header("Location", format!("/v2/{name}/manifests/{digest}"))
        .header("Docker-Content-Digest", &digest);
    match document.pointer("/subject/digest").and_then(Value::as_str) {
        Some(subject) => response.header("OCI-Subject", subject),
        None => response,
    }
}

/// The first blob or manifest that a document points at and the repository lacks; foreign layers and
/// descriptors that carry their data need not be there.
fn missing_child(state: &State, name: &str, document: &Value) -> Option<String> {
    let list = |member: &str| document.get(member).and_then(Value::as_array).into_iter().flatten();
    let digest_of = |descriptor: &Value| descriptor.get("digest").and_then(Value::as_str).map(str::to_owned);
    let elsewhere = |descriptor: &&Value| {
        let has = |member: &str| descriptor.get(member).is_some();
        has("urls") || has("data")
    };
    let blobs = document.get("config").into_iter().chain(list("layers")).filter(|d| !elsewhere(d));
    let missing_blob = blobs.filter_map(digest_of).find(|digest| state.blob(name, digest).is_none());
    let has_manifest = |digest: &str| {
        state.repositories.get(name).is_some_and(|repository| repository.manifests.contains_key(digest))
    };
    missing_blob.or_else(|| list("manifests").filter_map(digest_of).find(|digest| !has_manifest(digest)))
}

fn delete(state: &mut State, name: &str, reference: &str) -> Response {
    let Some(repository) = state.repositories.get_mut(name) else { return unknown() };
    if repository.tags.remove(reference).is_some() {
        return Response::new(202);
    }
    if repository.manifests.remove(reference).is_none() {
        return unknown();
    }
    repository.tags.retain(|_, digest| digest != reference);
    Response::new(202)
}
