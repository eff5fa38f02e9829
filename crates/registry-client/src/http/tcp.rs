//! A TCP connection as the HTTP library wants it: with its buffers, time limits and a way to shut it down.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{Buffers, ConnectionDetails, LazyBuffers, NextTimeout, Transport};

/// Bytes taken from the socket at once while the end of an answer is unknown: what is read beyond the end
/// of a hostile one is at most this much.
pub(crate) const READ_BYTES: usize = 64 << 10;

/// How many bytes one read from the socket may bring, shared with who knows how many are still wanted.
pub(crate) type ReadLimit = Arc<AtomicUsize>;

/// A connected socket.
pub(crate) struct Tcp {
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    read_limit: ReadLimit,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Tcp {
    /// Wraps a socket and lets the agent shut it down.
    pub(crate) fn new(
        stream: TcpStream,
        details: &ConnectionDetails<'_>,
        read_limit: ReadLimit,
    ) -> Result<Tcp, ureq::Error> {
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        let handle = Arc::downgrade(&stream);
        (details.register_shutdown)(handle)?;
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Tcp { stream, buffers, read_limit, read_timeout: None, write_timeout: None })
    }
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = timeout.for_write();
        let limit = limit_of(&timeout)?;
        if limit != self.write_timeout {
            self.stream.set_write_timeout(limit)?;
            self.write_timeout = limit;
        }
        let written = (&*self.stream).write_all(&self.buffers.output()[..amount]);
        written.map_err(|error| timeout_error(error, &timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = timeout.for_read();
        let limit = limit_of(&timeout)?;
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut left = limit;
        loop {
            if left != self.read_timeout {
                self.stream.set_read_timeout(left)?;
                self.read_timeout = left;
            }
            let buffer = self.buffers.input_append_buf();
            let size = buffer.len().min(self.read_limit.load(Ordering::Relaxed).max(1));
            match (&*self.stream).read(&mut buffer[..size]) {
                Ok(read) => {
                    self.buffers.input_appended(read);
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left.is_zero()) {
                        return Err(ureq::Error::Timeout(timeout.reason));
                    }
                }
                Err(error) => return Err(timeout_error(error, &timeout)),
            }
        }
    }

    /// Asked between exchanges: there must be nothing to read, not even the end.
    fn is_open(&mut self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return false;
        }
        let idle = matches!(
            self.stream.peek(&mut [0]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock
        );
        idle && self.stream.set_nonblocking(false).is_ok()
    }
}

impl std::fmt::Debug for Tcp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tcp").field(&self.stream.peer_addr().ok()).finish()
    }
}

/// The time left as the socket takes it; none left is a timeout.
fn limit_of(timeout: &NextTimeout) -> Result<Option<Duration>, ureq::Error> {
    if timeout.after.is_not_happening() {
        return Ok(None);
    }
    if timeout.after.is_zero() {
        return Err(ureq::Error::Timeout(timeout.reason));
    }
    Ok(Some(*timeout.after))
}

fn timeout_error(error: io::Error, timeout: &NextTimeout) -> ureq::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ureq::Error::Timeout(timeout.reason),
        _ => ureq::Error::Io(error),
    }
}
