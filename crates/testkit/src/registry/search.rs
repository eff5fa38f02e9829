//! The search of Docker's first registry protocol, which `docker search` still speaks.

use serde_json::{Value, json};

use super::http::Response;
use super::routes::Call;
use super::state::State;

/// Results when the client names no number.
const RESULTS_DEFAULT: usize = 25;

/// A repository as a search shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchEntry {
    /// Repository name, official ones without `library/`.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// Stars.
    pub stars: u64,
    /// Whether it is an official image.
    pub official: bool,
    /// Whether the registry is said to build it.
    pub automated: bool,
}

/// Answers `/v1/_ping`.
pub(crate) fn ping(state: &State) -> Response {
    match state.search {
        Some(_) => Response::new(200)
            .header("X-Docker-Registry-Standalone", "true")
            .json(&json!({"standalone": true})),
        None => not_found(),
    }
}

/// Answers `/v1/search`.
pub(crate) fn search(state: &State, call: &Call<'_>) -> Response {
    let Some(entries) = &state.search else { return not_found() };
    let query = call.query("q").unwrap_or_default();
    let number = |name: &str, default| call.query(name).and_then(|n| n.parse().ok()).unwrap_or(default);
    let (count, page) = (number("n", RESULTS_DEFAULT).max(1), number("page", 1).max(1));
    let found: Vec<&SearchEntry> = entries.iter().filter(|entry| entry.name.contains(query)).collect();
    let shown = found.iter().skip((page - 1).saturating_mul(count)).take(count);
    Response::new(200).json(&json!({
        "query": query,
        "num_results": found.len(),
        "num_pages": found.len().div_ceil(count),
        "page": page,
        "page_size": count,
        "results": shown.map(|entry| result(entry)).collect::<Vec<_>>(),
    }))
}

fn result(entry: &SearchEntry) -> Value {
    json!({
        "name": entry.name,
        "description": entry.description,
        "star_count": entry.stars,
        "is_official": entry.official,
        "is_automated": entry.automated,
        "is_trusted": entry.official,
    })
}

fn not_found() -> Response {
    Response::new(404).bytes("text/plain; charset=utf-8", "404 page not found\n")
}
