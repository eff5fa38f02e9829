//! Answers: status, headers, and a body that is sent as the client takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};

use super::connection::Active;
use crate::blobs::{Answer as Promise, BlobReader};
use crate::error::Error;
use crate::limits::PULL_BUFFERS_BYTES_MAX;
use crate::refusal::Refusal;

/// What a call answers.
pub(crate) struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ResponseBody,
    /// For the log.
    pub cause: Option<String>,
}

/// JSON's media type, as Docker's registry says it.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

impl Answer {
    /// An answer without a body.
    pub(crate) fn new(status: StatusCode) -> Answer {
        Answer { status, headers: HeaderMap::with_capacity(12), body: ResponseBody::Empty, cause: None }
            .header(CONTENT_LENGTH, "0")
    }

    /// An answer with these bytes.
    pub(crate) fn bytes(status: StatusCode, content_type: &str, bytes: impl Into<Bytes>) -> Answer {
        let bytes = bytes.into();
        let answer =
            Answer::new(status).header(CONTENT_TYPE, content_type).number(CONTENT_LENGTH, bytes.len() as u64);
        Answer { body: ResponseBody::Bytes(bytes), ..answer }
    }

    /// An answer with JSON.
    pub(crate) fn json(value: &serde_json::Value) -> Answer {
        Answer::bytes(StatusCode::OK, JSON, value.to_string())
    }

    /// With a header. Values are made of what was checked; one that is no header value is left out (SRV-12).
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Answer {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// With a header that is a number.
    pub(crate) fn number(mut self, name: HeaderName, value: u64) -> Answer {
        self.headers.insert(name, HeaderValue::from(value));
        self
    }
}

/// A header's value for what users are to be told, in the one form that the specification has; what has no place
/// in a quoted text is left out.
pub(crate) fn warning(text: &str) -> Option<HeaderValue> {
    let plain = |c: &char| c.is_ascii_graphic() && !matches!(c, '"' | '\\') || *c == ' ';
    let text: String = text.chars().filter(plain).collect();
    if text.is_empty() { None } else { HeaderValue::from_str(&format!("299 - \"{text}\"")).ok() }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = Answer::bytes(status, JSON, refusal.body());
        for (name, value) in refusal.headers {
            answer.headers.append(name, value);
        }
        Answer { cause: refusal.cause, ..answer }
    }
}

/// A body, and the sign that its answer is not sent yet.
pub(crate) struct Sent {
    /// The body.
    pub body: ResponseBody,
    /// Let go when the body is.
    pub _active: Active,
}

/// A body on its way out.
pub(crate) enum ResponseBody {
    /// Nothing, or nothing more.
    Empty,
    /// Bytes that are there.
    Bytes(Bytes),
    /// Bytes to be read.
    Blob(BlobBody),
}

/// A range of a blob, read a piece at a time.
pub(crate) struct BlobBody {
    reader: Arc<dyn BlobReader>,
    offset: u64,
    end: u64,
    reading: Option<Promise<'static, Bytes>>,
    pulls: Pulls,
}

/// Counts the pulls under way: all of them together keep to one limit.
pub(crate) struct Pulls(Arc<AtomicUsize>);

impl Pulls {
    /// One more.
    pub(crate) fn begin(count: &Arc<AtomicUsize>) -> Pulls {
        count.fetch_add(1, Ordering::Relaxed);
        Pulls(Arc::clone(count))
    }

    /// Bytes to read at once: large while few pull, small when there are many slow ones.
    fn piece(&self) -> usize {
        (PULL_BUFFERS_BYTES_MAX / self.0.load(Ordering::Relaxed).max(1)).clamp(16 << 10, 256 << 10)
    }
}

impl Drop for Pulls {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl BlobBody {
    pub(crate) fn new(reader: Arc<dyn BlobReader>, offset: u64, end: u64, pulls: Pulls) -> BlobBody {
        BlobBody { reader, offset, end, reading: None, pulls }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if self.offset >= self.end {
            return Poll::Ready(None);
        }
        let (reader, offset) = (&self.reader, self.offset);
        let wanted = usize::try_from(self.end - offset).unwrap_or(usize::MAX).min(self.pulls.piece());
        let reading = self.reading.get_or_insert_with(|| {
            let reader = Arc::clone(reader);
            Box::pin(async move { reader.read(offset, wanted).await })
        });
        let result = ready!(reading.as_mut().poll(context));
        self.reading = None;
        Poll::Ready(Some(result.and_then(|bytes| {
            if bytes.is_empty() {
                // The length was announced: the connection has to end.
                return Err(Error::Shortened);
            }
            self.offset += bytes.len() as u64;
            Ok(bytes)
        })))
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.body {
            ResponseBody::Empty => Poll::Ready(None),
            ResponseBody::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                self.body = ResponseBody::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            ResponseBody::Blob(blob) => {
                blob.poll(context).map(|next| next.map(|bytes| bytes.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.body {
            ResponseBody::Empty => 0,
            ResponseBody::Bytes(bytes) => bytes.len() as u64,
            ResponseBody::Blob(blob) => blob.end - blob.offset,
        })
    }
}
