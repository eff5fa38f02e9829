//! Lists: tags and repositories, paged by `Link`, and referrers.

use serde_json::{Value, json};
use spec::{Digest, MediaType};

use super::http::{Response, encode_percent};
use super::routes::Call;
use super::state::State;

/// The tags of a repository.
pub(crate) fn tags(state: &State, call: &Call<'_>, name: &str) -> Response {
    let Some(repository) = state.repositories.get(name) else {
        return Response::error(404, "NAME_UNKNOWN", "repository name not known to registry");
    };
    let (page, link) = page(call, repository.tags.keys(), &format!("/v2/{name}/tags/list"));
    with_link(Response::new(200).json(&json!({"name": name, "tags": page})), link)
}

/// The repositories.
pub(crate) fn catalog(state: &State, call: &Call<'_>) -> Response {
    let (page, link) = page(call, state.repositories.keys(), "/v2/_catalog");
    with_link(Response::new(200).json(&json!({"repositories": page})), link)
}

fn with_link(response: Response, link: Option<String>) -> Response {
    match link {
        Some(link) => response.header("Link", link),
        None => response,
    }
}

/// One page of a sorted list, and the link to the next.
fn page<'a>(
    call: &Call<'_>,
    names: impl Iterator<Item = &'a String>,
    path: &str,
) -> (Vec<&'a String>, Option<String>) {
    let cap = call.shared.options.page_size;
    let count = call.query("n").and_then(|n| n.parse().ok()).map_or(cap, |n: usize| n.min(cap));
    let after = call.query("last").unwrap_or_default();
    let mut rest = names.filter(|name| after.is_empty() || name.as_str() > after);
    let page: Vec<&String> = rest.by_ref().take(count).collect();
    let link = page.last().filter(|_| rest.next().is_some()).map(|last| {
        let last = encode_percent(last);
        format!("<{path}?last={last}&n={count}>; rel=\"next\"")
    });
    (page, link)
}

/// What refers to a manifest (distribution specification 1.1).
pub(crate) fn referrers(state: &State, name: &str, subject: &str) -> Response {
    if subject.parse::<Digest>().is_err() {
        return Response::error(400, "DIGEST_INVALID", "invalid digest");
    }
    let manifests = state.repositories.get(name).into_iter().flat_map(|repository| &repository.manifests);
    let referring = manifests.filter_map(|(digest, manifest)| {
        let document: Value = serde_json::from_slice(&manifest.bytes).ok()?;
        (document.pointer("/subject/digest")?.as_str()? == subject).then(|| {
            json!({
                "mediaType": manifest.media_type,
                "digest": digest,
                "size": manifest.bytes.len(),
                "artifactType": document.get("artifactType").or(document.pointer("/config/mediaType")),
                "annotations": document.get("annotations"),
            })
        })
    });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_INDEX,
        "manifests": referring.collect::<Vec<_>>(),
    });
    Response::new(200).bytes(MediaType::OCI_INDEX, index.to_string())
}
