//! Blobs: GET and HEAD with ranges, DELETE.

use super::content::Content;
use super::http::{Body, Response, header};
use super::routes::{Call, unsupported};
use super::state::State;

/// Answers for one blob.
pub(crate) fn answer(state: &mut State, call: &Call<'_>, name: &str, digest: &str) -> Response {
    let Some(content) = state.blob(name, digest) else {
        return Response::error(404, "BLOB_UNKNOWN", "blob unknown to registry");
    };
    match call.method {
        "GET" => serve(content, digest, header(&call.head.headers, "range")),
        "DELETE" => {
            state.repository_mut(name).blobs.remove(digest);
            Response::new(202)
        }
        _ => unsupported(),
    }
}

fn serve(content: &Content, digest: &str, range: Option<&str>) -> Response {
    let total = content.len();
    let slice = |status, start, len| {
        let mut response = Response::new(status)
            .header("Content-Type", "application/octet-stream")
            .header("Docker-Content-Digest", digest)
            .header("Accept-Ranges", "bytes")
            .header("ETag", format!("\"{digest}\""));
        response.body = Body::Slice { content: content.clone(), start, len };
        response
    };
    match range.and_then(|range| parse_range(range, total)) {
        None => slice(200, 0, total),
        Some(Some((first, last))) => slice(206, first, last - first + 1)
            .header("Content-Range", format!("bytes {first}-{last}/{total}")),
        Some(None) => Response::error(416, "RANGE_INVALID", "invalid content range")
            .header("Content-Range", format!("bytes */{total}")),
    }
}

/// First and last byte of a range (RFC 9110, 14.1.2). The outer nothing means "ignore it" (another unit,
/// several ranges, nonsense), the inner one "cannot be satisfied".
fn parse_range(text: &str, total: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    if first.is_empty() {
        let count: u64 = last.parse().ok()?;
        let start = total.saturating_sub(count);
        return Some((count > 0 && total > 0).then(|| (start, total - 1)));
    }
    let first: u64 = first.parse().ok()?;
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    let satisfiable = first <= last && first < total;
    Some(satisfiable.then(|| (first, last.min(total - 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_the_conformance_suite_asks_for_them() {
        let check = |text: &str, expect| assert_eq!(parse_range(text, 2048), expect, "{text}");
        check("bytes=500-1499", Some(Some((500, 1499))));
        check("bytes=500-", Some(Some((500, 2047))));
        check("bytes=-500", Some(Some((1548, 2047))));
        check("bytes=-5000", Some(Some((0, 2047))));
        check("bytes=2000-5000", Some(Some((2000, 2047))));
        check("bytes=500-0", Some(None));
        check("bytes=5000-10000", Some(None));
        check("bytes=2048-", Some(None));
        check("bytes=-0", Some(None));
        check("bytes=0-1,5-6", None);
        check("lines=0-1", None);
        check("bytes=x-", None);
    }
}
