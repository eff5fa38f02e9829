//! Manifests: given out as they were pushed, with their type and digest.

use hyper::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, WARNING,
};
use hyper::{HeaderMap, StatusCode};
use spec::limits::MANIFEST_BYTES_MAX;
use spec::{Digest, RegistryErrorCode as Code, is_media_type};

use super::answer::{Answer, ResponseBody, warning};
use super::blobs::{CONTENT_DIGEST, IMMUTABLE};
use super::body::RequestBody;
use super::service::Server;
use super::{conditional, render};
use crate::access::{Action, Principal};
use crate::metadata::{Item, Selector, StoredManifest, TagMoves};
use crate::name::{RepositoryName, Tag};
use crate::refusal::{Answered, Refusal};
use crate::registry::manifests::Push;

const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");

/// Gives a manifest out, whatever types the client accepts: a conversion would have another digest.
pub(super) async fn get(
    server: &Server,
    headers: &HeaderMap,
    repository: &RepositoryName,
    selector: &Selector,
) -> Answered<Answer> {
    let StoredManifest { digest, media_type, bytes } = server.registry.manifest(repository, selector).await?;
    let mut answer = describe(headers, &digest, &media_type, bytes.len() as u64, selector);
    if answer.status == StatusCode::OK {
        answer.body = ResponseBody::Bytes(bytes);
    }
    Ok(answer)
}

/// Says what a manifest is.
pub(super) async fn head(
    server: &Server,
    caller: &Principal,
    headers: &HeaderMap,
    repository: &RepositoryName,
    selector: Selector,
) -> Answered<Answer> {
    let (sequel, item) = (server.sequel(caller, repository), Item::Manifest(selector.clone()));
    let outline = server.registry.outline(repository, &item, sequel).await?;
    let media_type = outline.media_type.unwrap_or_default();
    Ok(describe(headers, &outline.digest, &media_type, outline.size, &selector))
}

fn describe(
    headers: &HeaderMap,
    digest: &Digest,
    media_type: &str,
    size: u64,
    selector: &Selector,
) -> Answer {
    let known = conditional::is_known(headers, digest);
    let status = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let answer = Answer::new(status)
        .header(CONTENT_TYPE, media_type)
        .header(CONTENT_DIGEST, digest.as_str())
        .header(ETAG, &conditional::entity_tag(digest))
        .number(CONTENT_LENGTH, size);
    match selector {
        Selector::Digest(_) => answer.header(CACHE_CONTROL, IMMUTABLE),
        Selector::Tag(_) => answer,
    }
}

/// Takes a manifest in.
pub(super) async fn put(
    server: &Server,
    caller: &Principal,
    (repository, selector, tags): (RepositoryName, Selector, Vec<Tag>),
    headers: &HeaderMap,
    body: &mut RequestBody,
) -> Answered<Answer> {
    let content_type = content_type(headers)?;
    let bytes = body.read_whole(MANIFEST_BYTES_MAX).await.map_err(|refusal| match refusal.status {
        413 => {
            let limit = format!("the manifest has more than MANIFEST_BYTES_MAX ({MANIFEST_BYTES_MAX}) bytes");
            Refusal::new(Code::ManifestInvalid, limit).with_status(413)
        }
        _ => refusal,
    })?;
    let may_move = server.access.allows(caller, &repository, Action::Overwrite);
    let push = Push {
        repository: repository.clone(),
        selector,
        tags: tags.clone(),
        condition: conditional::condition(headers),
        tag_moves: if may_move { TagMoves::Allowed } else { TagMoves::Refused },
        content_type,
        bytes,
    };
    let pushed = server.registry.push_manifest(push).await?;
    let mut answer = Answer::new(StatusCode::CREATED)
        .header(LOCATION, &render::manifest_location(&repository, &pushed.digest))
        .header(CONTENT_DIGEST, pushed.digest.as_str());
    if let Some(subject) = &pushed.subject {
        answer = answer.header(OCI_SUBJECT, subject.as_str());
    }
    if let Some(warning) = absent(&repository, &pushed.absent) {
        answer.headers.insert(WARNING, warning);
    }
    if !tags.is_empty() {
        let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
        answer = answer.header(OCI_TAG, &tags.join(", "));
    }
    Ok(answer)
}

/// Who pushes a manifest on purpose without all that it names knows; who does not is told.
fn absent(repository: &RepositoryName, absent: &[Digest]) -> Option<HeaderValue> {
    let first = absent.first()?;
    let others = match absent.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    warning(&format!(
        "stored, but repository {repository} does not hold {first}{others}, which the manifest names"
    ))
}

/// The type without parameters.
fn content_type(headers: &HeaderMap) -> Answered<Option<String>> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().unwrap_or("?").split(';').next().unwrap_or_default().trim();
    if text.is_empty() || is_media_type(text) {
        return Ok(Some(text.to_owned()));
    }
    Err(Refusal::new(Code::ManifestInvalid, format!("Content-Type {text:.80?} is no media type")))
}

/// Deletes a tag or a manifest.
pub(super) async fn delete(
    server: &Server,
    repository: &RepositoryName,
    selector: &Selector,
) -> Answered<Answer> {
    server.registry.delete_manifest(repository, selector).await?;
    Ok(Answer::new(StatusCode::ACCEPTED))
}
