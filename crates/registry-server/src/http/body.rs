//! The body of a request: read as it comes, judged by its progress (SRV-11).

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming};
use spec::RegistryErrorCode as Code;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

use super::service::stopped;
use crate::error::Error;
use crate::limits::STALL_BYTES_MIN;
use crate::refusal::{Answered, Refusal};

/// Bytes of a body nobody wanted that are read so that the client can read its answer.
const DRAIN_BYTES: u64 = 256 << 10;
/// Time for that.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// What a body is waited for.
enum News {
    Frame(Option<Result<Frame<Bytes>, hyper::Error>>),
    Stopping,
    WindowEnds,
}

/// A request's body.
pub(crate) struct RequestBody {
    incoming: Incoming,
    length: Option<u64>,
    /// The client waits to be told to send: nothing is on its way that would have to be read.
    waits: bool,
    begun: bool,
    ended: bool,
    stall_window: Duration,
    /// One timer for the whole body: to set one for each wait would wake the thread that looks after timers.
    window_ends: Pin<Box<Sleep>>,
    window_bytes: u64,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl RequestBody {
    /// The body of a request, whose client waits to be told to send it, or does not.
    pub(crate) fn new(
        incoming: Incoming,
        waits: bool,
        stall_window: Duration,
        stop: watch::Receiver<bool>,
    ) -> RequestBody {
        RequestBody {
            length: incoming.size_hint().exact(),
            ended: incoming.is_end_stream(),
            incoming,
            waits,
            begun: false,
            stall_window,
            window_ends: Box::pin(sleep(stall_window)),
            window_bytes: 0,
            stopping: Box::pin(stopped(stop)),
        }
    }

    /// Bytes that were announced; nothing when the body is chunked.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next bytes.
    pub(crate) async fn next(&mut self) -> Answered<Option<Bytes>> {
        self.begun = true;
        loop {
            if self.ended {
                return Ok(None);
            }
            match poll_fn(|context| self.poll_news(context)).await {
                News::WindowEnds => self.next_window()?,
                News::Stopping => return Err(Error::Stopping.into()),
                News::Frame(None) => self.ended = true,
                News::Frame(Some(Err(error))) => return Err(broken(&error)),
                News::Frame(Some(Ok(frame))) => {
                    let Ok(bytes) = frame.into_data() else { continue };
                    if !bytes.is_empty() {
                        self.window_bytes += bytes.len() as u64;
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    fn poll_news(&mut self, context: &mut Context<'_>) -> Poll<News> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            return Poll::Ready(News::Frame(frame));
        }
        // Uploads in flight survive a stop: what has arrived is kept, the rest comes later.
        if self.stopping.as_mut().poll(context).is_ready() {
            return Poll::Ready(News::Stopping);
        }
        self.window_ends.as_mut().poll(context).map(|()| News::WindowEnds)
    }

    fn next_window(&mut self) -> Answered<()> {
        if self.window_bytes < STALL_BYTES_MIN {
            let seconds = self.stall_window.as_secs();
            let detail = format!(
                "fewer than STALL_BYTES_MIN ({STALL_BYTES_MIN}) bytes came within STALL_WINDOW ({seconds} s)"
            );
            return Err(Refusal::new(Code::BlobUploadInvalid, detail).with_status(408));
        }
        self.window_bytes = 0;
        self.window_ends.as_mut().reset(Instant::now() + self.stall_window);
        Ok(())
    }

    /// Reads all of it, up to a limit.
    pub(crate) async fn read_whole(&mut self, bytes_max: u64) -> Answered<Bytes> {
        let too_large = || {
            let detail = format!("the body has more than the {bytes_max} bytes that are taken here");
            Refusal::new(Code::SizeInvalid, detail).with_status(413)
        };
        if self.length.is_some_and(|length| length > bytes_max) {
            return Err(too_large());
        }
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        if self.length == Some(first.len() as u64) {
            return Ok(first);
        }
        let mut all = first.to_vec();
        while let Some(bytes) = self.next().await? {
            if (all.len() + bytes.len()) as u64 > bytes_max {
                return Err(too_large());
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.into())
    }

    /// Reads away what is left of a small body that was refused: the connection can then go on. Whether it can.
    pub(crate) async fn drain(&mut self) -> bool {
        if self.ended {
            return true;
        }
        if (self.waits && !self.begun) || self.length.is_some_and(|length| length > DRAIN_BYTES) {
            return false;
        }
        let all = async {
            let mut bytes = 0;
            while let Ok(next) = self.next().await {
                let Some(chunk) = next else { return true };
                bytes += chunk.len() as u64;
                if bytes > DRAIN_BYTES {
                    return false;
                }
            }
            false
        };
        tokio::time::timeout(DRAIN_TIME, all).await.unwrap_or(false)
    }
}

fn broken(error: &hyper::Error) -> Refusal {
    let refusal = Refusal::new(Code::BlobUploadInvalid, "the request's body broke off or is malformed");
    Refusal { cause: Some(error.to_string()), ..refusal }
}
