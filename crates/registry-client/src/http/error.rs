//! What can go wrong between a request and its answer, in Go's words where users know them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::address::AddressError;
use super::framing::FramingError;
use crate::limits::{HEADER_BYTES_MAX, REDIRECTS_MAX};
use crate::url::{Origin, UrlError};
use disk::errno_text;

/// Why there is no answer, or none that was taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransportError {
    /// The operation was cancelled.
    #[error("context canceled")]
    Cancelled,
    /// The name has no address.
    #[error("dial tcp: lookup {host}: {reason}")]
    Lookup {
        /// The host's name.
        host: String,
        /// What the resolver says.
        reason: String,
    },
    /// No connection.
    #[error("dial tcp {address}: connect: {}", errno_text(.source))]
    Connect {
        /// Where to.
        address: String,
        /// Why not.
        #[source]
        source: Arc<io::Error>,
    },
    /// No connection in time.
    #[error("dial tcp {0}: i/o timeout")]
    ConnectTimeout(String),
    /// The address is not one that may be dialled (NET-3, NET-4).
    #[error("refused to connect to {host}: {reason}")]
    Address {
        /// The host that was named.
        host: String,
        /// What is wrong with its address.
        reason: AddressError,
    },
    /// The proxy does not do its part.
    #[error("proxyconnect tcp: {0}")]
    Proxy(String),
    /// The connection broke before a request could be sent.
    #[error("{0}")]
    Unestablished(Arc<TransportError>),
    /// Plain HTTP where TLS was spoken.
    #[error("http: server gave HTTP response to HTTPS client")]
    PlainHttp,
    /// The server's certificate does not hold.
    #[error("tls: failed to verify certificate: {0}")]
    Certificate(String),
    /// TLS does not come about.
    #[error("{0}")]
    Tls(String),
    /// TLS does not come about in time.
    #[error("net/http: TLS handshake timeout")]
    TlsTimeout,
    /// Files that TLS needs cannot be used; the words are Docker's.
    #[error("{0}")]
    CertificateFiles(String),
    /// No answer in time.
    #[error("net/http: timeout awaiting response headers")]
    FirstByteTimeout,
    /// Less than the stall rate over the window.
    #[error("the connection stalled: fewer than {rate} bytes per second for {} s", .window.as_secs_f32())]
    Stalled {
        /// The rate it stayed below.
        rate: u64,
        /// For how long.
        window: Duration,
    },
    /// The connection ended before the answer.
    #[error("EOF")]
    Closed,
    /// A connection that had served before was closed meanwhile.
    #[error("EOF")]
    Stale,
    /// The body ended early.
    #[error("unexpected EOF")]
    Truncated,
    /// The framing of the answer is not strict HTTP/1 (NET-9).
    #[error("net/http: HTTP/1.x transport connection broken: {0}")]
    Framing(#[from] FramingError),
    /// The answer is not HTTP/1 that the library can read.
    #[error("net/http: HTTP/1.x transport connection broken: {0}")]
    Protocol(String),
    /// The head is over the limit.
    #[error("the HTTP head is larger than HEADER_BYTES_MAX ({HEADER_BYTES_MAX})")]
    HeadTooLarge,
    /// The connection broke.
    #[error("{}", errno_text(.0))]
    Io(Arc<io::Error>),
    /// What was to be sent could not be read, or ended early.
    #[error("read the content to send: {0}")]
    Source(Arc<io::Error>),
    /// A redirect to a URL that is none (NET-2).
    #[error("refused a redirect by {from}: {reason}")]
    RedirectUrl {
        /// Who sent it.
        from: Origin,
        /// What is wrong with it.
        reason: UrlError,
    },
    /// A redirect from https to http (NET-2).
    #[error("refused a redirect from {from} to {to}: https is not left for http")]
    RedirectDowngrade {
        /// Who sent it.
        from: Origin,
        /// Where to.
        to: Origin,
    },
    /// A redirect that would carry secrets to another origin (NET-2).
    #[error("refused a redirect from {from} to {to}: the request carries credentials")]
    RedirectSecret {
        /// Who sent it.
        from: Origin,
        /// Where to.
        to: Origin,
    },
    /// Redirects without end (NET-2).
    #[error("stopped after REDIRECTS_MAX ({REDIRECTS_MAX}) redirects")]
    TooManyRedirects,
}

impl TransportError {
    /// Whether the server was not reached at all, or not in the way that was tried: another scheme or mirror
    /// may still do.
    pub fn is_unreached(&self) -> bool {
        matches!(
            self,
            TransportError::Lookup { .. }
                | TransportError::Connect { .. }
                | TransportError::ConnectTimeout(_)
                | TransportError::Proxy(_)
                | TransportError::Unestablished(_)
                | TransportError::PlainHttp
                | TransportError::Certificate(_)
                | TransportError::Tls(_)
                | TransportError::TlsTimeout
        )
    }

    /// Whether the same request may work in a moment (NET-13).
    pub fn is_transient(&self) -> bool {
        match self {
            TransportError::Connect { .. }
            | TransportError::ConnectTimeout(_)
            | TransportError::TlsTimeout
            | TransportError::FirstByteTimeout
            | TransportError::Stalled { .. }
            | TransportError::Closed
            | TransportError::Truncated
            | TransportError::Io(_) => true,
            TransportError::Lookup { reason, .. } => reason != NO_SUCH_HOST,
            TransportError::Unestablished(inner) => inner.is_transient(),
            _ => false,
        }
    }

    /// Whether policy forbids it.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            TransportError::Address { .. }
                | TransportError::RedirectUrl { .. }
                | TransportError::RedirectDowngrade { .. }
                | TransportError::RedirectSecret { .. }
                | TransportError::TooManyRedirects
        )
    }

    /// The same failure, before a connection was there.
    pub(crate) fn unestablished(self) -> TransportError {
        match self {
            TransportError::Closed
            | TransportError::Truncated
            | TransportError::FirstByteTimeout
            | TransportError::Protocol(_)
            | TransportError::Io(_) => TransportError::Unestablished(Arc::new(self)),
            other => other,
        }
    }

    pub(crate) fn io(source: io::Error) -> TransportError {
        TransportError::Io(Arc::new(source))
    }

    /// Brings the library's error back to what happened; ours travel inside it.
    pub(crate) fn from_ureq(error: ureq::Error) -> TransportError {
        match error {
            ureq::Error::Other(inner) => match inner.downcast::<TransportError>() {
                Ok(ours) => *ours,
                Err(other) => TransportError::Protocol(other.to_string()),
            },
            ureq::Error::Io(inner) => TransportError::from_io(inner),
            ureq::Error::Timeout(_) => TransportError::FirstByteTimeout,
            ureq::Error::LargeResponseHeader(..) => TransportError::HeadTooLarge,
            other => TransportError::Protocol(other.to_string()),
        }
    }

    /// As [`TransportError::from_ureq`], for what comes out of a reader.
    pub(crate) fn from_io(error: io::Error) -> TransportError {
        if error.get_ref().is_some_and(|inner| inner.is::<ureq::Error>()) {
            return TransportError::from_ureq(error.into());
        }
        if error.get_ref().is_some_and(|inner| inner.is::<TransportError>()) {
            let inner = error.into_inner().and_then(|inner| inner.downcast::<TransportError>().ok());
            return inner.map_or(TransportError::Closed, |ours| *ours);
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return TransportError::Closed;
        }
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return TransportError::from_tls(tls);
        }
        TransportError::io(error)
    }

    /// Go's words for what TLS says.
    pub(crate) fn from_tls(error: &rustls::Error) -> TransportError {
        match error {
            rustls::Error::InvalidCertificate(reason) => {
                TransportError::Certificate(certificate_text(reason))
            }
            rustls::Error::AlertReceived(alert) => {
                TransportError::Tls(format!("remote error: {}", alert_text(*alert)))
            }
            other => TransportError::Tls(format!("tls: {other}")),
        }
    }
}

/// Go's word for a name without addresses.
pub(crate) const NO_SUCH_HOST: &str = "no such host";

impl From<TransportError> for ureq::Error {
    fn from(error: TransportError) -> ureq::Error {
        ureq::Error::Other(Box::new(error))
    }
}

impl From<TransportError> for io::Error {
    fn from(error: TransportError) -> io::Error {
        io::Error::other(error)
    }
}

fn certificate_text(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "x509: certificate signed by unknown authority".to_owned(),
        CertificateError::Expired | CertificateError::NotValidYet => {
            "x509: certificate has expired or is not yet valid".to_owned()
        }
        CertificateError::ExpiredContext { time, not_after } => validity_text(*time, "after", *not_after),
        CertificateError::NotValidYetContext { time, not_before } => {
            validity_text(*time, "before", *not_before)
        }
        CertificateError::NotValidForName => "x509: certificate is valid for another name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<String> = presented.iter().map(|name| presented_name(name)).collect();
            let expected = expected.to_str();
            match names.is_empty() {
                true => {
                    format!("x509: certificate is not valid for any names, but wanted to match {expected}")
                }
                false => format!("x509: certificate is valid for {}, not {expected}", names.join(", ")),
            }
        }
        CertificateError::BadSignature => "x509: certificate signed by unknown authority".to_owned(),
        other => format!("x509: {other}"),
    }
}

fn validity_text(now: UnixTime, side: &str, limit: UnixTime) -> String {
    let date = |time: UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |date| date.to_string())
    };
    format!(
        "x509: certificate has expired or is not yet valid: current time {} is {side} {}",
        date(now),
        date(limit)
    )
}

/// The name inside the library's `DnsName("…")` or `IpAddress(…)`.
fn presented_name(text: &str) -> String {
    let inner = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(text);
    inner.trim_matches('"').to_owned()
}

fn alert_text(alert: rustls::AlertDescription) -> String {
    use rustls::AlertDescription as Alert;
    match alert {
        Alert::HandshakeFailure => "tls: handshake failure".to_owned(),
        Alert::BadCertificate => "tls: bad certificate".to_owned(),
        Alert::CertificateRequired => "tls: certificate required".to_owned(),
        Alert::UnknownCA => "tls: unknown certificate authority".to_owned(),
        Alert::ProtocolVersion => "tls: protocol version not supported".to_owned(),
        Alert::InternalError => "tls: internal error".to_owned(),
        Alert::UnrecognisedName => "tls: unrecognized name".to_owned(),
        other => format!("tls: {other:?}"),
    }
}
