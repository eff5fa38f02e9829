//! A connection, watched: framing that leaves no doubt (SRV-6), and clients that make no progress (SRV-11).
//!
//! This stands between the socket and the HTTP library. It follows the requests as they pass, decides nothing
//! about their meaning, and marks a head whose lengths could be read in two ways; the request is then refused
//! and the connection closed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::time::{Instant, Sleep, sleep_until};

use super::framing::{Broken, Framing};
use super::service;
use crate::limits::{KEEP_ALIVE_IDLE_MAX, REQUEST_HEAD_TIMEOUT, STALL_BYTES_MIN, UPLOAD_BUFFERS_BYTES_MAX};

/// What the connection and its requests tell each other.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Requests that were handed on.
    begun: AtomicU64,
    /// The request whose head is refused.
    doubt: OnceLock<u64>,
    /// Requests whose answer is not sent yet.
    active: AtomicUsize,
    /// The client has not taken what was to be written.
    blocked: AtomicBool,
}

impl Watch {
    /// A request begins; whether its head can be read in one way alone.
    pub(crate) fn begin_request(&self) -> bool {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        self.doubt.get().is_none_or(|doubtful| number < *doubtful)
    }

    /// Whether no request has come that has not been answered: what has come of a next one is not all of its head.
    pub(crate) fn is_quiet(&self) -> bool {
        self.active.load(Ordering::Relaxed) == 0 && !self.blocked.load(Ordering::Relaxed)
    }

    /// Held while an answer is being made and sent: the connection is not idle then.
    pub(crate) fn active(self: &Arc<Self>) -> Active {
        self.active.fetch_add(1, Ordering::Relaxed);
        Active(Arc::clone(self))
    }
}

/// An answer under way.
pub(crate) struct Active(Arc<Watch>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a head, once it has begun.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// The window in which a client has to take some of its answer.
    pub stall_window: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        let stall_window = crate::limits::STALL_WINDOW;
        Patience { head: REQUEST_HEAD_TIMEOUT, idle: KEEP_ALIVE_IDLE_MAX, stall_window }
    }
}

/// Bytes read at once while a head comes: most heads are smaller.
const HEAD_PIECE_BYTES: usize = 16 << 10;
/// Bytes of a body read at once: where there are many, and where there is room. A piece that fits a processor's
/// cache is hashed and written while it is there.
pub(crate) const BODY_PIECE_BYTES: (usize, usize) = (16 << 10, 512 << 10);

/// Counts the bodies that are coming in: all of them together keep to one limit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bodies(Arc<AtomicUsize>);

impl Bodies {
    /// Bytes that each of them may read at once.
    fn piece(&self) -> usize {
        let each = UPLOAD_BUFFERS_BYTES_MAX / self.0.load(Ordering::Relaxed).max(1);
        each.clamp(BODY_PIECE_BYTES.0, BODY_PIECE_BYTES.1)
    }
}

/// A watched stream.
pub(crate) struct Watched<S> {
    stream: Take<S>,
    bodies: Bodies,
    /// Whether a body is coming in that was counted.
    in_body: bool,
    watch: Arc<Watch>,
    framing: Framing,
    patience: Patience,
    /// When the head that is being read began.
    head_began: Option<Instant>,
    idle_since: Option<Instant>,
    reading: Pin<Box<Sleep>>,
    writing: Pin<Box<Sleep>>,
    /// When the client began to take nothing, and how much it has taken since.
    stalled: Option<(Instant, u64)>,
}

impl<S: AsyncRead> Watched<S> {
    pub(crate) fn new(stream: S, watch: Arc<Watch>, bodies: Bodies, patience: Patience) -> Watched<S> {
        let far = Instant::now() + patience.idle;
        Watched {
            stream: stream.take(0),
            bodies,
            in_body: false,
            watch,
            framing: Framing::default(),
            patience,
            head_began: None,
            idle_since: None,
            reading: Box::pin(sleep_until(far)),
            writing: Box::pin(sleep_until(far)),
            stalled: None,
        }
    }

    fn arrived(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.idle_since = None;
        let before = self.framing.heads();
        let result = self.framing.feed(bytes);
        if let Some(doubt) = self.framing.doubt() {
            self.watch.doubt.get_or_init(|| doubt);
        }
        self.count_body(self.framing.in_body());
        if !self.framing.in_head() {
            self.head_began = None;
        } else if self.head_began.is_none() || self.framing.heads() != before {
            self.head_began = Some(Instant::now());
        }
        result
    }

    /// Bytes that may be read now. The HTTP library reads as much as it is given.
    fn piece(&self) -> usize {
        if self.framing.in_body() { self.bodies.piece() } else { HEAD_PIECE_BYTES }
    }

    /// Whether the client has been waited for long enough.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if self.framing.in_body() || self.watch.active.load(Ordering::Relaxed) > 0 {
            self.idle_since = None;
            return Poll::Pending;
        }
        let deadline = match self.head_began {
            Some(began) => began + self.patience.head,
            None => *self.idle_since.get_or_insert_with(Instant::now) + self.patience.idle,
        };
        if self.reading.deadline() != deadline {
            self.reading.as_mut().reset(deadline);
        }
        ready!(self.reading.as_mut().poll(context));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "no request came in time"))
    }

    /// What came of a write: the client took some of it, or has to be waited for.
    fn wrote(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.watch.blocked.store(written.is_pending(), Ordering::Relaxed);
        match written {
            Poll::Ready(Ok(taken)) => {
                self.took(taken);
                Poll::Ready(Ok(taken))
            }
            Poll::Ready(error) => Poll::Ready(error),
            Poll::Pending => self.poll_stalled(context).map(Err),
        }
    }

    fn took(&mut self, bytes: usize) {
        if let Some((since, taken)) = &mut self.stalled {
            *taken += bytes as u64;
            if *taken >= STALL_BYTES_MIN || Instant::now() < *since + Duration::from_millis(100) {
                self.stalled = None;
            }
        }
    }

    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let (since, _) = *self.stalled.get_or_insert_with(|| (Instant::now(), 0));
        let deadline = since + self.patience.stall_window;
        if self.writing.deadline() != deadline {
            self.writing.as_mut().reset(deadline);
        }
        ready!(self.writing.as_mut().poll(context));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing of its answer"))
    }
}

impl<S> Watched<S> {
    fn count_body(&mut self, in_body: bool) {
        if in_body != self.in_body {
            self.in_body = in_body;
            let count = &self.bodies.0;
            if in_body {
                count.fetch_add(1, Ordering::Relaxed)
            } else {
                count.fetch_sub(1, Ordering::Relaxed)
            };
        }
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        self.count_body(false);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Watched<S> {
    /// Ends the connection. The HTTP library would gather a head as large as any piece of a body, so it is not asked
    /// to refuse one.
    fn refuse(&mut self, broken: Broken, context: &mut Context<'_>) -> io::Error {
        let text = match broken {
            Broken::Body(text) => text,
            Broken::Head => {
                if self.watch.is_quiet() {
                    // It fits the socket's buffer, or the client does not read its answers.
                    let _ = Pin::new(self.stream.get_mut()).poll_write(context, &service::too_large_head());
                }
                "the head is too large"
            }
        };
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let piece = self.piece() as u64;
        self.stream.set_limit(piece);
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                let arrived = &buffer.filled()[before..];
                let arrived = if arrived.is_empty() { Ok(()) } else { self.arrived(arrived) };
                Poll::Ready(arrived.map_err(|broken| self.refuse(broken, context)))
            }
            Poll::Ready(error) => Poll::Ready(error),
            Poll::Pending => self.poll_patience(context).map(Err),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(self.stream.get_mut()).poll_write(context, bytes);
        self.wrote(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(self.stream.get_mut()).poll_write_vectored(context, bytes);
        self.wrote(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(self.stream.get_mut()).poll_flush(context);
        self.watch.blocked.store(flushed.is_pending(), Ordering::Relaxed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(context)
    }
}
