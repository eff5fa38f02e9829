//! Uploads: the requests of one state machine.

use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderName, LOCATION, RANGE};
use hyper::{HeaderMap, StatusCode};
use spec::{Digest, RegistryErrorCode as Code};

use super::answer::Answer;
use super::blobs::CONTENT_DIGEST;
use super::body::RequestBody;
use super::call::Begin;
use super::render;
use super::service::{Ends, Server};
use crate::access::{Mounting, Principal, Source};
use crate::metadata::Upload;
use crate::name::RepositoryName;
use crate::refusal::{Answered, Refusal};
use crate::registry::uploads::Position;

const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");
/// Repositories that are looked at for a mount that names none.
const HOLDERS: usize = 64;

/// Begins an upload, takes a whole blob, or mounts one.
pub(super) async fn begin(
    server: &Server,
    (caller, ends): (&Principal, Ends),
    repository: &RepositoryName,
    begin: Begin,
    body: &mut RequestBody,
) -> Answered<Answer> {
    let algorithm = match begin {
        Begin::Chunks(algorithm) => algorithm,
        Begin::Whole(digest) => {
            server.registry.upload_whole(repository, &caller.subject(), &digest, body).await?;
            return Ok(created(repository, &digest));
        }
        Begin::Mount(digest, from) => {
            if mount(server, (caller, ends), repository, &digest, from).await? {
                return Ok(created(repository, &digest));
            }
            digest.algorithm()
        }
    };
    let upload = server.registry.begin_upload(repository, &caller.subject(), algorithm).await?;
    Ok(accepted(StatusCode::ACCEPTED, &upload))
}

/// Mounts from a repository that the caller may pull from; from which does not show (SRV-4). Where the token is
/// all that is missing, the caller is told to get a wider one.
async fn mount(
    server: &Server,
    (caller, ends): (&Principal, Ends),
    repository: &RepositoryName,
    digest: &Digest,
    from: Option<RepositoryName>,
) -> Answered<bool> {
    let sources = match &from {
        Some(from) => vec![from.clone()],
        None => server.registry.metadata.holders(digest, HOLDERS).await?,
    };
    let mut narrow = false;
    for source in sources {
        match server.access.mounting(caller, repository, &source) {
            Mounting::Allowed if server.registry.mount(repository, &source, digest).await? => {
                return Ok(true);
            }
            Mounting::WiderToken => narrow = true,
            Mounting::Allowed | Mounting::Denied => {}
        }
    }
    let source = from.as_ref().map_or(Source::Any, Source::Named);
    if narrow { Err(server.access.ask_for_mount(repository, source, ends)) } else { Ok(false) }
}

/// Says how far an upload has come.
pub(super) async fn status(
    server: &Server,
    caller: &Principal,
    repository: &RepositoryName,
    id: &str,
) -> Answered<Answer> {
    let upload = server.registry.upload(repository, id, &caller.subject()).await?;
    Ok(accepted(StatusCode::NO_CONTENT, &upload))
}

/// Adds a chunk.
pub(super) async fn append(
    server: &Server,
    caller: &Principal,
    repository: &RepositoryName,
    id: &str,
    headers: &HeaderMap,
    body: &mut RequestBody,
) -> Answered<Answer> {
    let position = position(headers)?;
    let upload = server.registry.append(repository, id, &caller.subject(), position, body).await?;
    Ok(accepted(StatusCode::ACCEPTED, &upload))
}

/// Adds the last chunk, ends the upload.
pub(super) async fn finish(
    server: &Server,
    caller: &Principal,
    repository: &RepositoryName,
    (id, digest): (&str, &Digest),
    headers: &HeaderMap,
    body: &mut RequestBody,
) -> Answered<Answer> {
    let position = position(headers)?;
    server.registry.finish(repository, (id, digest), &caller.subject(), position, body).await?;
    Ok(created(repository, digest))
}

/// Drops an upload.
pub(super) async fn cancel(
    server: &Server,
    caller: &Principal,
    repository: &RepositoryName,
    id: &str,
) -> Answered<Answer> {
    server.registry.cancel(repository, id, &caller.subject()).await?;
    let mut answer = Answer::new(StatusCode::NO_CONTENT);
    answer.headers.remove(CONTENT_LENGTH);
    Ok(answer)
}

fn created(repository: &RepositoryName, digest: &Digest) -> Answer {
    Answer::new(StatusCode::CREATED)
        .header(LOCATION, &render::blob_location(repository, digest))
        .header(CONTENT_DIGEST, digest.as_str())
}

fn accepted(status: StatusCode, upload: &Upload) -> Answer {
    let mut answer = Answer::new(status)
        .header(LOCATION, &render::upload_location(&upload.repository, &upload.id))
        .header(RANGE, &render::upload_range(upload.offset))
        .header(UPLOAD_UUID, &upload.id);
    if status == StatusCode::NO_CONTENT {
        answer.headers.remove(CONTENT_LENGTH);
    }
    answer
}

/// Reads the specification's `first-last`, and the forms of HTTP that some clients send:
/// `bytes first-last/total`.
fn position(headers: &HeaderMap) -> Answered<Position> {
    let Some(value) = headers.get(CONTENT_RANGE) else { return Ok(Position::End) };
    let text = value.to_str().unwrap_or_default().trim();
    let range = text.strip_prefix("bytes").map_or(text, |rest| rest.trim_start_matches(['=', ' ']));
    let range = range.split('/').next().unwrap_or_default();
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let parsed = range.split_once('-').and_then(|(first, last)| Some((number(first)?, number(last)?)));
    match parsed {
        Some((first, last)) => Ok(Position::Range { first, last }),
        None => {
            let detail = format!("Content-Range {text:.60?} is not first-last, such as 0-1023");
            Err(Refusal::new(Code::RangeInvalid, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_liberally() {
        let check = |text: &str, expect: Option<(u64, u64)>| {
            let headers = [(CONTENT_RANGE, text.parse().unwrap())].into_iter().collect();
            let found = position(&headers).ok();
            let expect = expect.map(|(first, last)| Position::Range { first, last });
            assert_eq!(found, expect, "{text}");
        };
        check("0-9", Some((0, 9)));
        check("bytes 10-19/*", Some((10, 19)));
        check("bytes 10-19/200", Some((10, 19)));
        check("bytes=10-19", Some((10, 19)));
        for bad in ["", "-", "1-", "-1", "a-b", "1", "0-99999999999999999999999", "+1-2", "1-2-3"] {
            check(bad, None);
        }
        assert_eq!(position(&HeaderMap::new()).unwrap(), Position::End);
    }
}
