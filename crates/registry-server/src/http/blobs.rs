//! Blobs: whole, in part, deleted.

use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName,
};
use hyper::{HeaderMap, StatusCode};
use spec::{Digest, RegistryErrorCode as Code};

use super::answer::{Answer, BlobBody, Pulls, ResponseBody};
use super::conditional::{self, Part};
use super::service::Server;
use crate::access::Principal;
use crate::metadata::{Blob, Item, Outline};
use crate::name::RepositoryName;
use crate::refusal::{Answered, Refusal};
use crate::registry::outline::Sequel;
use crate::registry::pull::Content;

/// Content that has a digest never changes.
pub(super) const IMMUTABLE: &str = "max-age=31536000, immutable";
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const SECURITY_POLICY: HeaderName = HeaderName::from_static("content-security-policy");

/// Gives a blob out.
pub(super) async fn get(
    server: &Server,
    headers: &HeaderMap,
    repository: &RepositoryName,
    digest: &Digest,
) -> Answered<Answer> {
    if conditional::is_known(headers, digest) {
        let outline = server.registry.outline(repository, &Item::Blob(digest.clone()), Sequel::None).await?;
        return Ok(outlined(headers, &outline));
    }
    let (blob, content) = server.registry.open(repository, digest).await?;
    match conditional::part(headers, digest, blob.size) {
        Part::Whole => Ok(send(server, &blob, content, 0, blob.size)),
        Part::Range { first, end } => {
            let range = format!("bytes {first}-{}/{}", end - 1, blob.size);
            let mut answer = send(server, &blob, content, first, end).header(CONTENT_RANGE, &range);
            answer.status = StatusCode::PARTIAL_CONTENT;
            Ok(answer)
        }
        Part::Unsatisfiable => {
            let detail = format!("the blob has {} bytes", blob.size);
            let range = format!("bytes */{}", blob.size);
            Err(Refusal::new(Code::RangeInvalid, detail).with_header(CONTENT_RANGE, &range))
        }
    }
}

/// Says what a blob is.
pub(super) async fn head(
    server: &Server,
    caller: &Principal,
    headers: &HeaderMap,
    repository: &RepositoryName,
    digest: Digest,
) -> Answered<Answer> {
    let sequel = server.sequel(caller, repository);
    let outline = server.registry.outline(repository, &Item::Blob(digest), sequel).await?;
    Ok(outlined(headers, &outline))
}

fn outlined(headers: &HeaderMap, outline: &Outline) -> Answer {
    let known = conditional::is_known(headers, &outline.digest);
    let status = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    describe(Answer::new(status), &outline.digest).number(CONTENT_LENGTH, outline.size)
}

/// Deletes a blob from a repository.
pub(super) async fn delete(
    server: &Server,
    repository: &RepositoryName,
    digest: &Digest,
) -> Answered<Answer> {
    server.registry.delete_blob(repository, digest).await?;
    Ok(Answer::new(StatusCode::ACCEPTED))
}

fn send(server: &Server, blob: &Blob, content: Content, first: u64, end: u64) -> Answer {
    let mut answer = describe(Answer::new(StatusCode::OK), &blob.digest).number(CONTENT_LENGTH, end - first);
    let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    answer.body = match content {
        Content::Bytes(bytes) => ResponseBody::Bytes(bytes.slice(index(first)..index(end))),
        Content::Reader(reader) => {
            let pulls = Pulls::begin(&server.pulls);
            ResponseBody::Blob(BlobBody::new(reader, first, end, pulls))
        }
    };
    answer
}

/// What it is, whatever it is asked as; never something that a browser would run (SRV-12).
fn describe(answer: Answer, digest: &Digest) -> Answer {
    answer
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_DIGEST, digest.as_str())
        .header(ETAG, &conditional::entity_tag(digest))
        .header(ACCEPT_RANGES, "bytes")
        .header(CACHE_CONTROL, IMMUTABLE)
        .header(SECURITY_POLICY, "default-src 'none'; sandbox")
}
