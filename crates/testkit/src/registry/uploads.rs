//! Uploads: one request, a mount, or POST, PATCH and PUT, with the status in between.

use spec::Digest;

use super::http::{Response, header};
use super::routes::{Call, unsupported};
use super::state::{State, Upload};

/// Answers a request to begin an upload.
pub(crate) fn begin(state: &mut State, call: &Call<'_>, name: &str) -> Response {
    if call.method != "POST" {
        return unsupported();
    }
    if let Some(digest) = call.query("mount") {
        let held = match call.query("from") {
            Some(from) => state.blob(from, digest).cloned(),
            None => None,
        };
        if let Some(content) = held {
            state.put_blob(name, digest, content);
            return created(name, digest);
        }
    }
    if let Some(digest) = call.query("digest") {
        return commit(state, name, digest, call.body.clone());
    }
    state.uploads_begun += 1;
    let id = format!("upload-{}", state.uploads_begun);
    state.uploads.insert(id.clone(), Upload { repository: name.to_owned(), bytes: call.body.clone() });
    progress(state, name, &id, 202)
}

/// Answers a request about an upload under way.
pub(crate) fn advance(state: &mut State, call: &Call<'_>, name: &str, id: &str) -> Response {
    let known = state.uploads.get(id).is_some_and(|upload| upload.repository == name);
    if !known {
        return Response::error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    }
    match call.method {
        "GET" => progress(state, name, id, 204),
        "DELETE" => {
            state.uploads.remove(id);
            Response::new(204)
        }
        "PATCH" => match append(state, call, id) {
            Ok(()) => progress(state, name, id, 202),
            Err(()) => progress(state, name, id, 416),
        },
        "PUT" => finish(state, call, name, id),
        _ => unsupported(),
    }
}

/// Keeps what came of a chunk before its connection broke, as registries do.
pub(crate) fn keep_partial(state: &mut State, path: &str, bytes: &[u8]) {
    let id = path.rsplit_once("/blobs/uploads/").map_or("", |(_, id)| id);
    if let Some(upload) = state.uploads.get_mut(id) {
        upload.bytes.extend_from_slice(bytes);
    }
}

fn append(state: &mut State, call: &Call<'_>, id: &str) -> Result<(), ()> {
    let Some(upload) = state.uploads.get_mut(id) else { return Err(()) };
    if let Some(range) = header(&call.head.headers, "content-range") {
        let range = range.strip_prefix("bytes ").unwrap_or(range);
        let range = range.split('/').next().unwrap_or_default();
        let number = |text: &str| text.parse::<u64>().map_err(|_| ());
        let (first, last) = range.split_once('-').ok_or(())?;
        let (first, last) = (number(first)?, number(last)?);
        if first != upload.bytes.len() as u64 || last.checked_sub(first) != Some(call.body.len() as u64 - 1) {
            return Err(());
        }
    }
    upload.bytes.extend_from_slice(&call.body);
    Ok(())
}

fn finish(state: &mut State, call: &Call<'_>, name: &str, id: &str) -> Response {
    let Some(digest) = call.query("digest") else {
        return Response::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    };
    if !call.body.is_empty() && append(state, call, id).is_err() {
        return progress(state, name, id, 416);
    }
    let bytes = state.uploads.remove(id).map(|upload| upload.bytes).unwrap_or_default();
    commit(state, name, digest, bytes)
}

fn commit(state: &mut State, name: &str, digest: &str, bytes: Vec<u8>) -> Response {
    let fits = digest.parse::<Digest>().is_ok_and(|digest| digest.matches(&bytes));
    if !fits {
        return Response::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    state.put_blob(name, digest, bytes.into());
    created(name, digest)
}

fn created(name: &str, digest: &str) -> Response {
    Response::new(201)
        .header("Location", format!("/v2/{name}/blobs/{digest}"))
        .header("Docker-Content-Digest", digest)
}

fn progress(state: &State, name: &str, id: &str, status: u16) -> Response {
    let bytes = state.uploads.get(id).map_or(0, |upload| upload.bytes.len());
    Response::new(status)
        .header("Location", format!("/v2/{name}/blobs/uploads/{id}"))
        .header("Range", format!("0-{}", bytes.saturating_sub(1)))
        .header("Docker-Upload-UUID", id)
}
