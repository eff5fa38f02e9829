//! One request from its head to its answer, in the order of SRV-1.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONNECTION, EXPECT, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response};
use spec::RegistryErrorCode as Code;
use tokio::sync::watch;

use super::answer::{Answer, JSON, ResponseBody, Sent};
use super::body::RequestBody;
use super::call::{Begin, Call};
use super::connection::{Active, Watch};
use super::{blobs, listings, manifests, operating, search, uploads};
use crate::access::{Access, Action, Need, Principal, Source, tokens};
use crate::limits::HEADER_BYTES_MAX;
use crate::log::{Line, Log};
use crate::metrics::Metrics;
use crate::name::RepositoryName;
use crate::refusal::{Answered, Refusal};
use crate::registry::Registry;
use crate::registry::outline::Sequel;

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CONTENT_TYPE_OPTIONS: HeaderName = HeaderName::from_static("x-content-type-options");

/// What all requests share.
pub(crate) struct Server {
    pub registry: Registry,
    pub access: Access,
    pub log: Log,
    pub metrics: Metrics,
    pub stop: watch::Receiver<bool>,
    pub stall_window: Duration,
    /// Blobs being sent now.
    pub pulls: Arc<AtomicUsize>,
    /// What clients are to show their users; a header's value that was checked.
    pub warning: Option<HeaderValue>,
}

impl Server {
    /// What may follow when a caller is told that something is here.
    pub(crate) fn sequel(&self, caller: &Principal, repository: &RepositoryName) -> Sequel {
        if self.access.may_push_next(caller, repository) { Sequel::Push } else { Sequel::None }
    }

    /// How many blobs are being sent.
    pub(crate) fn pulls_under_way(&self) -> usize {
        self.pulls.load(Ordering::Relaxed)
    }
}

/// Ends when the server is to stop.
pub(crate) async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Both ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// The client.
    pub peer: SocketAddr,
    /// Where it was accepted.
    pub local: SocketAddr,
}

/// Serves one request.
pub(crate) async fn serve(
    server: Arc<Server>,
    ends: Ends,
    watch: Arc<Watch>,
    request: Request<Incoming>,
) -> Response<Sent> {
    let started = Instant::now();
    let clear = watch.begin_request();
    let active = watch.active();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let id = server.log.request_id();
    let mut user = None;
    let mut answer = match clear {
        true => respond(&server, ends, request, &mut user).await,
        false => doubtful_head(),
    };
    decorate(&server, &mut answer, &path, &id);
    let line = Line {
        id: &id,
        peer: ends.peer,
        user: user.as_deref(),
        method: method.as_str(),
        path: &path,
        status: answer.status.as_u16(),
        elapsed: started.elapsed(),
        cause: answer.cause.as_deref(),
    };
    server.metrics.count(&method, answer.status);
    server.log.write(&line);
    finish(answer, &method, active)
}

/// Lengths that contradict each other: whose request the rest is nobody knows (SRV-6).
fn doubtful_head() -> Answer {
    let detail = "the lengths in the request's head contradict each other, or it is not well-formed";
    Answer::from(Refusal::new(Code::SizeInvalid, detail).with_header(CONNECTION, "close"))
}

/// What a client gets whose head is too large for there to be a request.
pub(super) fn too_large_head() -> Vec<u8> {
    let detail = format!("the request's head has more than HEADER_BYTES_MAX ({HEADER_BYTES_MAX}) bytes");
    let body = Refusal::new(Code::SizeInvalid, detail).body();
    let head = format!(
        "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: {JSON}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

fn decorate(server: &Server, answer: &mut Answer, path: &str, id: &str) {
    let headers = &mut answer.headers;
    if path.starts_with("/v2") {
        headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        if let Some(warning) = &server.warning {
            headers.append(hyper::header::WARNING, warning.clone());
        }
    }
    headers.insert(CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

fn finish(answer: Answer, method: &Method, active: Active) -> Response<Sent> {
    let body = if *method == Method::HEAD { ResponseBody::Empty } else { answer.body };
    let mut response = Response::new(Sent { body, _active: active });
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

async fn respond(
    server: &Server,
    ends: Ends,
    request: Request<Incoming>,
    user: &mut Option<String>,
) -> Answer {
    let (head, incoming) = request.into_parts();
    let (method, headers) = (head.method, head.headers);
    let call = Call::parse(&method, head.uri.path(), head.uri.query().unwrap_or_default());
    let waits = headers.contains_key(EXPECT);
    let mut body = RequestBody::new(incoming, waits, server.stall_window, server.stop.clone());
    let result = match call {
        Ok(call) => authorised(server, ends, call, (&method, &headers), &mut body, user).await,
        Err(refusal) => Err(refusal),
    };
    let mut answer = result.unwrap_or_else(Answer::from);
    // A body that nobody wanted stands between this request and the next.
    if !body.drain().await {
        answer.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

async fn authorised(
    server: &Server,
    ends: Ends,
    call: Call,
    (method, headers): (&Method, &HeaderMap),
    body: &mut RequestBody,
    user: &mut Option<String>,
) -> Answered<Answer> {
    let authorization = headers.get(AUTHORIZATION);
    match call {
        Call::Live => return Ok(operating::live()),
        Call::Ready => return operating::ready(server).await,
        Call::Metrics => return operating::metrics(server).await,
        Call::Ping => return Ok(search::ping()),
        Call::GetToken(query) => return tokens::get(server, ends, &query, authorization).await,
        Call::PostToken => return tokens::post(server, ends, body).await,
        _ => {}
    }
    let need = need(&call);
    let caller = server.access.authenticate(authorization, need, ends, server.registry.clock.now()).await?;
    user.clone_from(&caller.user);
    server.access.check(&caller, need, ends)?;
    work(server, (&caller, ends), call, method, headers, body).await
}

/// The one table from calls to what the caller needs (SRV-3).
fn need(call: &Call) -> Need<'_> {
    let (repository, action) = match call {
        Call::Base => return Need::Known,
        Call::Catalog(_) | Call::Search(_) | Call::Extensions => return Need::Lists,
        Call::Live | Call::Ready | Call::Metrics | Call::Ping | Call::GetToken(_) | Call::PostToken => {
            return Need::Nothing;
        }
        Call::Tags(repository, _)
        | Call::GetManifest(repository, _)
        | Call::GetBlob(repository, _)
        | Call::Referrers(repository, ..) => (repository, Action::Pull),
        Call::PutManifest(repository, ..)
        | Call::UploadStatus(repository, _)
        | Call::Append(repository, _)
        | Call::Finish(repository, ..)
        | Call::Cancel(repository, _)
        | Call::Begin(repository, _) => (repository, Action::Push),
        Call::DeleteManifest(repository, _) | Call::DeleteBlob(repository, _) => (repository, Action::Delete),
    };
    // A mount needs both in one token, so the challenge names both.
    let source = match call {
        Call::Begin(_, Begin::Mount(_, source)) => Some(source.as_ref().map_or(Source::Any, Source::Named)),
        _ => None,
    };
    Need::Right { repository, action, source }
}

async fn work(
    server: &Server,
    (caller, ends): (&Principal, Ends),
    call: Call,
    method: &Method,
    headers: &HeaderMap,
    body: &mut RequestBody,
) -> Answered<Answer> {
    match call {
        Call::Base => Ok(Answer::json(&serde_json::json!({}))),
        Call::Catalog(paging) => listings::catalog(server, caller, &paging).await,
        Call::Extensions => Ok(listings::extensions()),
        Call::Tags(name, paging) => listings::tags(server, &name, &paging).await,
        Call::GetManifest(name, selector) if *method == Method::HEAD => {
            manifests::head(server, caller, headers, &name, selector).await
        }
        Call::GetManifest(name, selector) => manifests::get(server, headers, &name, &selector).await,
        Call::PutManifest(name, selector, tags) => {
            manifests::put(server, caller, (name, selector, tags), headers, body).await
        }
        Call::DeleteManifest(name, selector) => manifests::delete(server, &name, &selector).await,
        Call::GetBlob(name, digest) if *method == Method::HEAD => {
            blobs::head(server, caller, headers, &name, digest).await
        }
        Call::GetBlob(name, digest) => blobs::get(server, headers, &name, &digest).await,
        Call::DeleteBlob(name, digest) => blobs::delete(server, &name, &digest).await,
        Call::Begin(name, begin) => uploads::begin(server, (caller, ends), &name, begin, body).await,
        Call::UploadStatus(name, id) => uploads::status(server, caller, &name, &id).await,
        Call::Append(name, id) => uploads::append(server, caller, &name, &id, headers, body).await,
        Call::Finish(name, id, digest) => {
            uploads::finish(server, caller, &name, (&id, &digest), headers, body).await
        }
        Call::Cancel(name, id) => uploads::cancel(server, caller, &name, &id).await,
        Call::Referrers(name, subject, artifact_type, after) => {
            listings::referrers(server, &name, &subject, artifact_type.as_deref(), after).await
        }
        Call::Search(wanted) => search::search(server, caller, &wanted).await,
        Call::Live | Call::Ready | Call::Metrics | Call::Ping | Call::GetToken(_) | Call::PostToken => {
            Err(Refusal::new(Code::Unsupported, "this needs no repository"))
        }
    }
}
