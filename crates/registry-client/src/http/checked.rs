//! The outermost layer of a connection: watches the framing, applies the time limits that fit the moment, and
//! writes the request line the way a proxy wants it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::error::TransportError;
use super::framing::Exchange;
use super::tcp::{READ_BYTES, ReadLimit};

/// How requests are worded when a proxy forwards plain http: `GET http://host/path`, and the proxy's own
/// credentials, which no other server sees (NET-18).
#[derive(Clone, Debug)]
pub(crate) struct ForwardProxy {
    /// `http://host:port`.
    pub(crate) prefix: String,
    /// The value of `Proxy-Authorization`.
    pub(crate) authorization: Option<crate::secret::Secret>,
}

/// A connection of which every answer is framed strictly.
#[derive(Debug)]
pub(crate) struct Checked {
    inner: Box<dyn Transport>,
    exchange: Option<Exchange>,
    /// Whether this connection has served before.
    used: bool,
    proxy: Option<ForwardProxy>,
    read_limit: ReadLimit,
}

impl Checked {
    pub(crate) fn new(
        inner: Box<dyn Transport>,
        proxy: Option<ForwardProxy>,
        read_limit: ReadLimit,
    ) -> Checked {
        Checked { inner, exchange: None, used: false, proxy, read_limit }
    }

    /// Rewrites the request line for a proxy; the head always begins at the start of the first output.
    fn word_for_proxy(&mut self, amount: usize) -> Result<usize, ureq::Error> {
        let Some(proxy) = &self.proxy else { return Ok(amount) };
        let output = self.inner.buffers().output();
        let head = output[..amount].to_vec();
        let malformed = || TransportError::Protocol("the request line is not where it should be".to_owned());
        let target = head.iter().position(|b| *b == b' ').ok_or_else(malformed)? + 1;
        let line_end = head.iter().position(|b| *b == b'\n').ok_or_else(malformed)? + 1;
        let mut worded = head[..target].to_vec();
        worded.extend_from_slice(proxy.prefix.as_bytes());
        worded.extend_from_slice(&head[target..line_end]);
        if let Some(authorization) = &proxy.authorization {
            worded.extend_from_slice(b"Proxy-Authorization: ");
            worded.extend_from_slice(authorization.expose().as_bytes());
            worded.extend_from_slice(b"\r\n");
        }
        worded.extend_from_slice(&head[line_end..]);
        output.get_mut(..worded.len()).ok_or_else(malformed)?.copy_from_slice(&worded);
        Ok(worded.len())
    }

    fn allow_read(&self, exchange: &Exchange) {
        let bytes = exchange.sized_rest().map_or(READ_BYTES, |rest| {
            // Never beyond the end that the server itself gave; encryption adds a little on the way.
            usize::try_from(rest).unwrap_or(usize::MAX).max(READ_BYTES)
        });
        self.read_limit.store(bytes, Ordering::Relaxed);
    }
}

impl Transport for Checked {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let mut amount = amount;
        if self.exchange.is_none() && amount > 0 {
            self.exchange = Some(Exchange::new(&self.inner.buffers().output()[..amount]));
            self.read_limit.store(READ_BYTES, Ordering::Relaxed);
            amount = self.word_for_proxy(amount)?;
        }
        self.inner.transmit_output(amount, timeout).map_err(|error| self.explain(error, &timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let body = self.exchange.as_ref().is_some_and(|exchange| !exchange.awaits_head());
        // The head has a time limit of its own for the whole of it.
        let per_read = timeout.per_read.filter(|_| body);
        let before = self.inner.buffers().input().len();
        let progress = self
            .inner
            .await_input(NextTimeout { per_read, ..timeout })
            .map_err(|error| self.explain(error, &timeout))?;
        if !progress && self.is_stale() {
            return Err(TransportError::Stale.into());
        }
        if let Some(exchange) = &mut self.exchange {
            let received = &self.inner.buffers().input()[before..];
            exchange.received(received).map_err(TransportError::Framing)?;
        }
        if let Some(exchange) = &self.exchange {
            self.allow_read(exchange);
        }
        Ok(progress)
    }

    /// Asked between exchanges only: the next output begins a request.
    fn is_open(&mut self) -> bool {
        self.used = true;
        let clean = self.exchange.take().is_none_or(|exchange| exchange.is_clean());
        clean && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl Checked {
    /// Whether a connection from the pool ended before it said anything: closed by the server meanwhile.
    fn is_stale(&self) -> bool {
        self.used && self.exchange.as_ref().is_some_and(Exchange::is_untouched)
    }

    /// Names failures by what they mean: time limits of single reads and writes, connections closed meanwhile.
    fn explain(&self, error: ureq::Error, timeout: &NextTimeout) -> ureq::Error {
        let window = match error {
            ureq::Error::Timeout(ureq::Timeout::PerRead) => timeout.per_read,
            ureq::Error::Timeout(ureq::Timeout::PerWrite) => timeout.per_write,
            ureq::Error::Io(_) if self.is_stale() => return TransportError::Stale.into(),
            other => return other,
        };
        super::meter::stalled(window.map_or(Duration::ZERO, |window| *window)).into()
    }
}
