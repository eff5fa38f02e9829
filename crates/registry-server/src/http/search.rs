//! Version 1's search, as Docker and Podman still ask for it.

use hyper::header::HeaderName;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Search;
use super::service::Server;
use crate::access::Principal;
use crate::limits::PAGE_SCANNED_MAX;
use crate::metadata::Found;
use crate::refusal::Answered;

/// Says that this can be searched.
pub(super) fn ping() -> Answer {
    let standalone = HeaderName::from_static("x-docker-registry-standalone");
    Answer::json(&json!({ "standalone": true })).header(standalone, "true")
}

/// Searches among what the caller may pull (SRV-9).
pub(super) async fn search(server: &Server, caller: &Principal, search: &Search) -> Answered<Answer> {
    let (skip, limit) = ((search.page - 1).saturating_mul(search.limit), search.limit);
    let mut seen = 0;
    let mut scanned = 0;
    let mut results = Vec::new();
    let mut more = true;
    while more && scanned < PAGE_SCANNED_MAX {
        let step = 1_000;
        let found = server.registry.metadata.search(&search.text, scanned, step).await?;
        more = found.len() == step;
        scanned += found.len();
        for found in found.iter().filter(|found| server.access.lists(caller, &found.name)) {
            seen += 1;
            if seen > skip && results.len() < limit {
                results.push(entry(found));
            }
        }
    }
    Ok(Answer::json(&json!({
        "query": search.text,
        "num_results": seen,
        "num_pages": seen.div_ceil(limit),
        "page": search.page,
        "page_size": limit,
        "results": results,
    })))
}

/// Official repositories go by their short name, as on Hub.
fn entry(found: &Found) -> Value {
    let name = found.name.as_str();
    json!({
        "name": name.strip_prefix("library/").unwrap_or(name),
        "description": found.facts.description,
        "star_count": found.facts.stars,
        "is_official": found.facts.official,
        "is_automated": found.facts.automated,
    })
}
