//! For who operates it: whether it lives, whether it can serve, numbers.

use hyper::StatusCode;
use serde_json::json;

use super::answer::Answer;
use super::service::Server;
use crate::metadata::Page;
use crate::refusal::{Answered, Refusal};

/// The process lives.
pub(super) fn live() -> Answer {
    Answer::json(&json!({ "status": "ok" }))
}

/// Metadata answers, and the disk has room to take something in.
pub(super) async fn ready(server: &Server) -> Answered<Answer> {
    if *server.stop.borrow() {
        return Err(crate::error::Error::Stopping.into());
    }
    server.registry.metadata.repositories(Page { last: "", limit: 1 }).await?;
    if server.registry.blobs.has_room(0).await? {
        return Ok(Answer::json(&json!({ "status": "ok", "pushes": "ok" })));
    }
    Ok(Answer::json(&json!({ "status": "ok", "pushes": "refused: the disk is full" })))
}

/// Numbers in Prometheus' text form.
pub(super) async fn metrics(server: &Server) -> Result<Answer, Refusal> {
    let total = server.registry.metadata.total().await?;
    let text = server.metrics.render(&total, server.registry.writing(), server.pulls_under_way());
    Ok(Answer::bytes(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text))
}
