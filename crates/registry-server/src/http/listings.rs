//! Lists: tags, repositories, referrers. Each page is as much as was asked for, and says where the next begins.

use hyper::header::{HeaderName, LINK};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use spec::limits::MANIFEST_BYTES_MAX;
use spec::{Digest, MediaType, RegistryErrorCode as Code};

use super::answer::Answer;
use super::call::Paging;
use super::query::encode;
use super::service::Server;
use crate::access::Principal;
use crate::limits::{PAGE_ITEMS_MAX, PAGE_SCANNED_MAX};
use crate::metadata::{Page, Referrer};
use crate::name::RepositoryName;
use crate::refusal::{Answered, Refusal};

const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
/// What an answer about referrers has besides its entries.
const REFERRERS_FRAME_BYTES: u64 = 256;

/// Tags of a repository.
pub(super) async fn tags(server: &Server, repository: &RepositoryName, paging: &Paging) -> Answered<Answer> {
    let page = Page { last: &paging.last, limit: paging.limit + 1 };
    let found = server.registry.metadata.tags(repository, page).await?;
    let Some(mut tags) = found else {
        return Err(Refusal::new(Code::NameUnknown, format!("there is no repository {repository}")));
    };
    let more = tags.len() > paging.limit;
    tags.truncate(paging.limit);
    let answer = Answer::json(&json!({ "name": repository.as_str(), "tags": tags }));
    let path = format!("/v2/{repository}/tags/list");
    Ok(match tags.last().filter(|_| more) {
        Some(last) => answer.header(LINK, &next(&path, paging.limit, last)),
        None => answer,
    })
}

/// Repositories that the caller may pull from (SRV-9).
pub(super) async fn catalog(server: &Server, caller: &Principal, paging: &Paging) -> Answered<Answer> {
    let mut listed: Vec<RepositoryName> = Vec::new();
    let mut last = paging.last.clone();
    let mut scanned = 0;
    let mut more = paging.limit > 0;
    while more && listed.len() < paging.limit && scanned < PAGE_SCANNED_MAX {
        let wanted = PAGE_ITEMS_MAX;
        let page = Page { last: &last, limit: wanted };
        let found = server.registry.metadata.repositories(page).await?;
        more = found.len() == wanted;
        scanned += found.len();
        for repository in found {
            if listed.len() == paging.limit {
                more = true;
                break;
            }
            repository.as_str().clone_into(&mut last);
            if server.access.lists(caller, &repository) {
                listed.push(repository);
            }
        }
    }
    let names: Vec<&str> = listed.iter().map(RepositoryName::as_str).collect();
    let answer = Answer::json(&json!({ "repositories": names }));
    Ok(if more { answer.header(LINK, &next("/v2/_catalog", paging.limit, &last)) } else { answer })
}

fn next(path: &str, limit: usize, last: &str) -> String {
    format!("<{path}?n={limit}&last={}>; rel=\"next\"", encode(last))
}

/// Manifests about a digest; an empty list for what nobody knows (SRV-17).
pub(super) async fn referrers(
    server: &Server,
    repository: &RepositoryName,
    subject: &Digest,
    artifact_type: Option<&str>,
    after: i64,
) -> Answered<Answer> {
    let metadata = &server.registry.metadata;
    let mut found = metadata.referrers(repository, subject, artifact_type, after, PAGE_ITEMS_MAX + 1).await?;
    let mut more = found.len() > PAGE_ITEMS_MAX;
    found.truncate(PAGE_ITEMS_MAX);
    let mut bytes = REFERRERS_FRAME_BYTES;
    let mut entries = Vec::with_capacity(found.len());
    let mut last = after;
    for referrer in found {
        let entry = descriptor(&referrer).to_string();
        bytes += entry.len() as u64 + 1;
        if bytes > MANIFEST_BYTES_MAX && !entries.is_empty() {
            more = true;
            break;
        }
        last = referrer.position;
        entries.push(entry);
    }
    let index = MediaType::OCI_INDEX;
    let body =
        format!("{{\"schemaVersion\":2,\"mediaType\":\"{index}\",\"manifests\":[{}]}}", entries.join(","));
    let mut answer = Answer::bytes(hyper::StatusCode::OK, index, body);
    let mut path = format!("/v2/{repository}/referrers/{subject}?last={last}");
    if let Some(artifact_type) = artifact_type {
        answer = answer.header(FILTERS_APPLIED, "artifactType");
        path.push_str(&format!("&artifactType={}", encode(artifact_type)));
    }
    Ok(if more { answer.header(LINK, &format!("<{path}>; rel=\"next\"")) } else { answer })
}

fn descriptor(referrer: &Referrer) -> Value {
    let mut entry = json!({
        "mediaType": referrer.media_type, "digest": referrer.digest, "size": referrer.size,
    });
    if let Some(artifact_type) = &referrer.artifact_type {
        entry["artifactType"] = json!(artifact_type);
    }
    if let Ok(annotations) = serde_json::from_str::<Box<RawValue>>(&referrer.annotations)
        && annotations.get() != "{}"
        && let Ok(annotations) = serde_json::to_value(annotations)
    {
        entry["annotations"] = annotations;
    }
    entry
}

/// Extensions: the catalog is the one there is.
pub(super) fn extensions() -> Answer {
    let catalog = json!({
        "name": "_catalog",
        "url": "https://distribution.github.io/distribution/spec/api/#listing-repositories",
        "description": "the repositories that the caller may pull from, paged",
        "endpoints": ["/v2/_catalog"],
    });
    Answer::json(&json!({ "extensions": [catalog] }))
}
