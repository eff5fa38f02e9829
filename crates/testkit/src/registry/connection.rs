//! One connection: requests in, the faults that the rules ask for, responses out.

use std::io::{self, BufReader, Read, Write};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

use super::fault::Fault;
use super::http::{Body, Head, Response, Stream, header};
use super::log::Entry;
use super::routes::{answer, origin_form};
use super::{Origin, Shared, uploads};

/// Bytes written at a time.
const PIECE_BYTES: usize = 64 << 10;
/// How often a waiting connection looks whether anybody still wants it.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Pieces per second when the rate is limited.
const PIECES_PER_SECOND: u64 = 20;

/// What becomes of a connection after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    KeepAlive,
    Close,
    Reset,
    /// Stay open and silent.
    Stall,
}

/// Serves a connection until it ends.
pub(crate) fn serve(shared: &Shared, origin: &Origin, stream: Stream, connection: u64) {
    let mut reader = BufReader::with_capacity(PIECE_BYTES, stream);
    while !shared.stopped() {
        match serve_one(shared, origin, &mut reader, connection) {
            Ok(Next::KeepAlive) => {}
            Ok(Next::Stall) => return wait_for_end(shared, reader.get_ref()),
            Ok(Next::Reset) => {
                let _ = set_socket_linger(reader.get_ref().socket(), Some(Duration::ZERO));
                return;
            }
            Ok(Next::Close) => return close(reader),
            Err(_) => return,
        }
    }
}

fn serve_one(
    shared: &Shared,
    origin: &Origin,
    reader: &mut BufReader<Stream>,
    connection: u64,
) -> io::Result<Next> {
    let Some(mut head) = Head::read(reader)? else { return Ok(Next::Close) };
    let entry = shared.log.begin(&head, connection);
    let faults = shared.rules.take(&head.method, origin_form(&head.target));
    let body = match receive(shared, reader, &head, &faults, &entry)? {
        Ok(body) => body,
        Err(next) => return Ok(next),
    };
    let mut given = None;
    for fault in &faults {
        match fault {
            Fault::Delay(time) => shared.pause(*time),
            Fault::NoAnswer => return Ok(Next::Close),
            Fault::Silence => return Ok(Next::Stall),
            Fault::Raw(bytes) => return reader.get_mut().write_all(bytes).map(|()| Next::Close),
            Fault::IgnoreRange => head.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("range")),
            Fault::Answer(answer) => {
                let location = origin_form(&head.target);
                let headers = answer.headers.iter();
                given = Some(Response {
                    status: answer.status,
                    headers: headers.map(|(n, v)| (n.clone(), v.replace("{target}", location))).collect(),
                    body: Body::Bytes(answer.body.clone()),
                });
            }
            _ => {}
        }
    }
    let response = given.unwrap_or_else(|| answer(shared, origin, &head, body));
    send(shared, reader.get_mut(), &head, response, &faults, &entry)
}

/// Reads the request's body, as far as the faults let it.
fn receive(
    shared: &Shared,
    reader: &mut BufReader<Stream>,
    head: &Head,
    faults: &[Fault],
    entry: &Entry,
) -> io::Result<Result<Vec<u8>, Next>> {
    let cut = faults.iter().find_map(|fault| match fault {
        Fault::StopReadingAfter(bytes) => Some((*bytes, Next::Stall)),
        Fault::ResetWhileReadingAfter(bytes) => Some((*bytes, Next::Reset)),
        _ => None,
    });
    let body = head.read_body(reader, cut.map_or(u64::MAX, |(bytes, _)| bytes))?;
    entry.bytes_received.store(body.len() as u64, Ordering::Relaxed);
    let Some((_, next)) = cut else { return Ok(Ok(body)) };
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    uploads::keep_partial(&mut state, origin_form(&head.target), &body);
    Ok(Err(next))
}

/// How the body goes out.
struct Plan {
    /// After how many bytes the body breaks off, and how.
    cut: Option<(u64, Next)>,
    corrupt: Vec<u64>,
    rate: Option<u64>,
}

impl Plan {
    fn of(faults: &[Fault]) -> Plan {
        let mut plan = Plan { cut: None, corrupt: Vec::new(), rate: None };
        for fault in faults {
            match fault {
                Fault::StallAfter(bytes) => plan.cut = Some((*bytes, Next::Stall)),
                Fault::ResetAfter(bytes) => plan.cut = Some((*bytes, Next::Reset)),
                Fault::TruncateAfter(bytes) => plan.cut = Some((*bytes, Next::Close)),
                Fault::CorruptAt(offset) => plan.corrupt.push(*offset),
                Fault::BytesPerSecond(rate) => plan.rate = Some((*rate).max(1)),
                _ => {}
            }
        }
        plan
    }
}

fn send(
    shared: &Shared,
    stream: &mut Stream,
    head: &Head,
    mut response: Response,
    faults: &[Fault],
    entry: &Entry,
) -> io::Result<Next> {
    if faults.contains(&Fault::Endless) {
        response.body = Body::Endless;
    }
    let mut next = if head.keep_alive { Next::KeepAlive } else { Next::Close };
    match response.body.len() {
        Some(_) if response.status == 204 => {}
        Some(length) => response = response.header("Content-Length", length.to_string()),
        None => next = Next::Close,
    }
    for fault in faults {
        match fault {
            Fault::Header(name, value) => response = response.header(name, value.as_str()),
            Fault::WithoutHeader(name) => response.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name)),
            Fault::StatedLength(length) => {
                response = response.header("Content-Length", length.to_string());
                next = Next::Close;
            }
            _ => {}
        }
    }
    if header(&response.headers, "content-length").is_none() && response.status != 204 {
        next = Next::Close;
    }
    if next == Next::Close {
        response = response.header("Connection", "close");
    }
    entry.status.store(response.status, Ordering::Relaxed);
    stream.write_all(&response.head())?;
    let plan = Plan::of(faults);
    if head.method != "HEAD" {
        send_body(shared, stream, response.body, &plan, entry)?;
    }
    stream.flush()?;
    entry.finished.store(plan.cut.is_none(), Ordering::Relaxed);
    Ok(plan.cut.map_or(next, |(_, next)| next))
}

fn send_body(shared: &Shared, stream: &mut Stream, body: Body, plan: &Plan, entry: &Entry) -> io::Result<()> {
    let mut reader = body.reader()?.take(plan.cut.map_or(u64::MAX, |(bytes, _)| bytes));
    let piece = plan.rate.map_or(PIECE_BYTES as u64, |rate| (rate / PIECES_PER_SECOND).max(1));
    let mut buffer = vec![0; usize::try_from(piece).unwrap_or(PIECE_BYTES).min(PIECE_BYTES)];
    let begun = Instant::now();
    let mut sent: u64 = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let bytes = &mut buffer[..count];
        for offset in &plan.corrupt {
            let at = offset.checked_sub(sent).and_then(|at| usize::try_from(at).ok());
            if let Some(byte) = at.and_then(|at| bytes.get_mut(at)) {
                *byte = !*byte;
            }
        }
        stream.write_all(bytes)?;
        sent += count as u64;
        entry.bytes_sent.store(sent, Ordering::Relaxed);
        if let Some(rate) = plan.rate {
            let due = Duration::from_secs_f64(sent as f64 / rate as f64);
            shared.pause(due.saturating_sub(begun.elapsed()));
        }
        if shared.stopped() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
}

/// Keeps a connection open without a word until the client or the registry goes.
fn wait_for_end(shared: &Shared, stream: &Stream) {
    let socket = stream.socket();
    let mut byte = [0];
    drop(socket.set_read_timeout(Some(LOOK_EVERY)));
    while !shared.stopped() {
        match socket.peek(&mut byte) {
            Ok(0) => return,
            Ok(_) => shared.pause(LOOK_EVERY),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}

/// Closes in good order: says so, then takes in what still comes, so that nothing sent is lost to a reset.
fn close(mut reader: BufReader<Stream>) {
    reader.get_mut().finish();
    drop(reader.get_ref().socket().set_read_timeout(Some(Duration::from_millis(500))));
    drop(io::copy(&mut reader.get_ref().socket(), &mut io::sink()));
}
