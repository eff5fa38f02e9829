//! TLS over any transport: the handshake with Go's words for what goes wrong, and the encrypted stream.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, InvalidMessage, StreamOwned};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::error::TransportError;
use crate::url::Host;

/// An encrypted connection.
pub(crate) struct Tls {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Tls {
    /// Performs the handshake with `host` over `transport`.
    pub(crate) fn connect(
        transport: Box<dyn Transport>,
        host: &Host,
        config: Arc<ClientConfig>,
        details: &ConnectionDetails<'_>,
    ) -> Result<Tls, ureq::Error> {
        let name = server_name(host)?;
        let mut conn =
            ClientConnection::new(config, name).map_err(|error| TransportError::from_tls(&error))?;
        let mut sock = TransportAdapter::new(transport, details.current_time.clone());
        sock.set_timeout(details.timeout);
        let mut start = Start { sock: &mut sock, first: Vec::new() };
        if let Err(error) = conn.complete_io(&mut start) {
            return Err(handshake_error(error, &start.first).into());
        }
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Tls { buffers, stream: StreamOwned { conn, sock } })
    }
}

fn server_name(host: &Host) -> Result<ServerName<'static>, TransportError> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => {
            let bare = name.strip_suffix('.').unwrap_or(name).to_owned();
            ServerName::try_from(bare).map_err(|_| TransportError::Tls(format!("tls: {name} is no DNS name")))
        }
    }
}

fn handshake_error(error: io::Error, first: &[u8]) -> TransportError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidMessage(_)) if first == b"HTTP/" => TransportError::PlainHttp,
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            TransportError::Tls("tls: first record does not look like a TLS handshake".to_owned())
        }
        _ => match TransportError::from_io(error) {
            TransportError::FirstByteTimeout => TransportError::TlsTimeout,
            other => other,
        },
    }
}

/// Keeps the first bytes that come in, to tell a server that does not speak TLS.
struct Start<'a> {
    sock: &'a mut TransportAdapter,
    first: Vec<u8>,
}

impl Read for Start<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.sock.read(buffer)?;
        let wanted = 5 - self.first.len();
        self.first.extend_from_slice(&buffer[..read.min(wanted)]);
        Ok(read)
    }
}

impl Write for Start<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.sock.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sock.flush()
    }
}

impl Transport for Tls {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(io_error)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf()).map_err(io_error)?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// TLS trouble in the middle of a stream keeps its meaning; the rest passes unchanged.
fn io_error(error: io::Error) -> ureq::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => TransportError::from_tls(tls).into(),
        None => error.into(),
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
