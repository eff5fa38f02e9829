//! HTTP/1.1 as far as a registry needs it: requests in, responses out, over plain TCP or TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};

use super::content::Content;

/// Bytes a request's head may have before the connection is closed.
const HEAD_BYTES_MAX: usize = 256 << 10;

/// A connection to a client.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<rustls::StreamOwned<rustls::ServerConnection, TcpStream>>),
}

impl Stream {
    /// The TCP socket underneath.
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => stream.get_ref(),
        }
    }

    /// Says that nothing more will come.
    pub(crate) fn finish(&mut self) {
        if let Stream::Tls(stream) = self {
            stream.conn.send_close_notify();
        }
        drop(self.flush());
        drop(self.socket().shutdown(Shutdown::Write));
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

/// Header fields in the order received, names as they were spelt.
pub(crate) type Headers = Vec<(String, String)>;

/// The first field of a name, whatever the case.
pub(crate) fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The head of a request.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) keep_alive: bool,
    pub(crate) headers: Headers,
}

impl Head {
    /// Reads a head; nothing when the client has closed the connection.
    pub(crate) fn read(reader: &mut BufReader<Stream>) -> io::Result<Option<Head>> {
        let mut budget = HEAD_BYTES_MAX;
        let Some(line) = read_line(reader, &mut budget)? else { return Ok(None) };
        let mut words = line.split(' ');
        let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Err(bad("a request line without three words"));
        };
        let mut headers = Headers::new();
        loop {
            let line = read_line(reader, &mut budget)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| bad("a header without a colon"))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let asked = header(&headers, "connection").unwrap_or_default().to_ascii_lowercase();
        let keep_alive = if version == "HTTP/1.1" { asked != "close" } else { asked == "keep-alive" };
        Ok(Some(Head { method: method.to_owned(), target: target.to_owned(), keep_alive, headers }))
    }

    /// Reads the body that follows, answering `Expect: 100-continue` first, until `limit` bytes have come.
    pub(crate) fn read_body(&self, reader: &mut BufReader<Stream>, limit: u64) -> io::Result<Vec<u8>> {
        let expects = header(&self.headers, "expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue"));
        if expects {
            reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let chunked =
            header(&self.headers, "transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
        let mut body = Vec::new();
        if chunked {
            read_chunks(reader, limit, &mut body)?;
        } else if let Some(length) = header(&self.headers, "content-length") {
            let length: u64 = length.parse().map_err(|_| bad("a length that is no number"))?;
            let wanted = length.min(limit);
            if reader.take(wanted).read_to_end(&mut body)? as u64 != wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(body)
    }
}

fn read_chunks(reader: &mut BufReader<Stream>, limit: u64, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut budget = HEAD_BYTES_MAX;
        let line = read_line(reader, &mut budget)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| bad("a chunk size that is no number"))?;
        if size == 0 {
            while !read_line(reader, &mut budget)?.ok_or(io::ErrorKind::UnexpectedEof)?.is_empty() {}
            return Ok(());
        }
        let wanted = size.min(limit.saturating_sub(body.len() as u64));
        if reader.by_ref().take(wanted).read_to_end(body)? as u64 != wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if wanted < size {
            return Ok(());
        }
        read_line(reader, &mut budget)?;
    }
}

fn read_line(reader: &mut BufReader<Stream>, budget: &mut usize) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    reader.by_ref().take(*budget as u64).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    *budget -= line.len();
    if line.pop() != Some(b'\n') {
        return Err(bad("a line that does not end"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|_| bad("a head that is not UTF-8"))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the client sent {what}"))
}

/// What a response carries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    /// A part of a blob.
    Slice {
        content: Content,
        start: u64,
        len: u64,
    },
    /// As many bytes as the client takes.
    Endless,
}

impl Body {
    pub(crate) fn len(&self) -> Option<u64> {
        match self {
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Slice { len, .. } => Some(*len),
            Body::Endless => None,
        }
    }

    pub(crate) fn reader(self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Body::Bytes(bytes) => Box::new(io::Cursor::new(bytes)),
            Body::Slice { content, start, len } => Box::new(content.read_from(start)?.take(len)),
            Body::Endless => Box::new(io::repeat(b'x')),
        })
    }
}

/// A response before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Body,
}

impl Response {
    pub(crate) fn new(status: u16) -> Response {
        Response { status, headers: Headers::new(), body: Body::Bytes(Vec::new()) }
    }

    /// Sets a header, in place of any of that name.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Response {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn bytes(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Response {
        self.body = Body::Bytes(bytes.into());
        self.header("Content-Type", content_type)
    }

    pub(crate) fn json(self, value: &serde_json::Value) -> Response {
        self.bytes("application/json", value.to_string())
    }

    /// An error of the distribution protocol.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Response {
        Response::new(status)
            .json(&serde_json::json!({"errors": [{"code": code, "message": message, "detail": null}]}))
    }

    /// The head as it goes over the wire.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Request Entity Too Large",
        416 => "Requested Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

/// Resolves percent signs and, in a query, plus signs; what cannot be decoded stays as it is.
pub(crate) fn decode_percent(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) if plus_is_space => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The pairs of a query or of a form.
pub(crate) fn parse_query(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decode_percent(name, true), decode_percent(value, true))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// Escapes what may not stand in a query value.
pub(crate) fn encode_percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
