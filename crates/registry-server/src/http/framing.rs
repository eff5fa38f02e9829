//! Where one request ends and the next begins, read strictly (RFC 9112 sections 2, 6 and 7).
//!
//! Bodies are skipped, not looked at: the cost is that of heads and chunk sizes.

use crate::limits::HEADER_BYTES_MAX;

/// A line of a chunk's size: 16 digits and a short extension.
const CHUNK_LINE_BYTES_MAX: usize = 256;
/// Lines after the last chunk; nobody sends any.
const TRAILER_BYTES_MAX: usize = 4 << 10;

/// Follows the bytes that a client sends.
#[derive(Debug, Default)]
pub(super) struct Framing {
    state: State,
    line: Vec<u8>,
    heads: u64,
    doubt: Option<u64>,
}

/// Why nothing more can be read from a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A head is too large.
    Head,
    /// A body's framing is malformed, in this way.
    Body(&'static str),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer(usize),
    /// What follows is not followed any more.
    Lost,
}

impl Framing {
    /// Heads that have ended.
    pub(super) fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether a head has begun and not ended.
    pub(super) fn in_head(&self) -> bool {
        self.state == State::Head && !self.line.is_empty()
    }

    /// Whether a body is being sent.
    pub(super) fn in_body(&self) -> bool {
        self.state != State::Head
    }

    /// The first head that can be read in two ways: which of the connection's it is, from 1.
    pub(super) fn doubt(&self) -> Option<u64> {
        self.doubt
    }

    /// Follows some more bytes.
    ///
    /// # Errors
    /// When a head is too large, or a body's framing is malformed.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Broken> {
        while !bytes.is_empty() && self.state != State::Lost {
            bytes = match self.state {
                State::Head => self.head(bytes)?,
                State::Body(left) => self.skip(bytes, left, State::Head, State::Body),
                State::Chunk(left) => self.skip(bytes, left, State::ChunkEnd, State::Chunk),
                State::ChunkSize | State::ChunkEnd | State::Trailer(_) => self.framing_line(bytes)?,
                State::Lost => return Ok(()),
            };
        }
        Ok(())
    }

    fn skip<'b>(&mut self, bytes: &'b [u8], left: u64, then: State, more: fn(u64) -> State) -> &'b [u8] {
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - n as u64;
        self.state = if left == 0 { then } else { more(left) };
        &bytes[n..]
    }

    fn head<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Broken> {
        // Empty lines before a request are skipped, as the specification asks.
        let from = if self.line.is_empty() {
            bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len())
        } else {
            0
        };
        for (at, byte) in bytes.iter().enumerate().skip(from) {
            self.line.push(*byte);
            if self.line.ends_with(b"\n\r\n") || self.line.ends_with(b"\n\n") {
                self.end_head();
                return Ok(&bytes[at + 1..]);
            }
            if self.line.len() > HEADER_BYTES_MAX {
                self.state = State::Lost;
                return Err(Broken::Head);
            }
        }
        Ok(&[])
    }

    fn end_head(&mut self) {
        self.heads += 1;
        let head = std::mem::take(&mut self.line);
        match Lengths::read(&head) {
            Some(lengths) => {
                self.state = match (lengths.chunked, lengths.length) {
                    (true, _) => State::ChunkSize,
                    (false, None | Some(0)) => State::Head,
                    (false, Some(length)) => State::Body(length),
                };
            }
            None => {
                self.doubt.get_or_insert(self.heads);
                self.state = State::Lost;
            }
        }
    }

    fn framing_line<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Broken> {
        let end = bytes.iter().position(|b| *b == b'\n');
        let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        self.line.extend_from_slice(line);
        if self.line.len() > CHUNK_LINE_BYTES_MAX {
            return self.refuse("a line of the chunked body is too long");
        }
        if end.is_none() {
            return Ok(rest);
        }
        let line = std::mem::take(&mut self.line);
        let Some(text) = line.strip_suffix(b"\r\n") else {
            return self.refuse("a line of the chunked body ends without a carriage return");
        };
        self.state = match (self.state, text) {
            (State::ChunkSize, text) => match chunk_size(text) {
                Some(0) => State::Trailer(0),
                Some(size) => State::Chunk(size),
                None => return self.refuse("a chunk's size is malformed"),
            },
            (State::ChunkEnd, b"") => State::ChunkSize,
            (State::Trailer(_), b"") => State::Head,
            (State::Trailer(seen), text) if seen + text.len() <= TRAILER_BYTES_MAX => {
                State::Trailer(seen + text.len())
            }
            (State::Trailer(_), _) => return self.refuse("the lines after the last chunk are too long"),
            _ => return self.refuse("a chunk is longer than its size"),
        };
        Ok(rest)
    }

    fn refuse<T>(&mut self, text: &'static str) -> Result<T, Broken> {
        self.state = State::Lost;
        Err(Broken::Body(text))
    }
}

/// Hexadecimal digits and nothing else, or an extension after a semicolon.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let digits = text.split(';').next().unwrap_or_default();
    let shaped = (1..=16).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if shaped { u64::from_str_radix(digits, 16).ok() } else { None }
}

/// What a head says about the length of its body.
struct Lengths {
    chunked: bool,
    length: Option<u64>,
}

impl Lengths {
    /// Nothing when it can be read in more than one way.
    fn read(head: &[u8]) -> Option<Lengths> {
        let mut lengths = Lengths { chunked: false, length: None };
        let mut lines = head.split(|b| *b == b'\n');
        let request = text(lines.next()?)?;
        for line in lines.map(text).take_while(|line| *line != Some("")) {
            let (name, value) = line?.split_once(':')?;
            let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if name.is_empty() || !name.bytes().all(token) {
                return None;
            }
            let value = value.trim_matches([' ', '\t']);
            if name.eq_ignore_ascii_case("content-length") {
                lengths.add_length(value)?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                let once = !lengths.chunked && value.eq_ignore_ascii_case("chunked");
                lengths.chunked = once.then_some(true)?;
            }
        }
        let both = lengths.chunked && lengths.length.is_some();
        let old = lengths.chunked && !request.ends_with("HTTP/1.1");
        (!both && !old).then_some(lengths)
    }

    fn add_length(&mut self, value: &str) -> Option<()> {
        let shaped = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let length = shaped.then(|| value.parse().ok()).flatten()?;
        match self.length.replace(length) {
            None => Some(()),
            Some(_) => None,
        }
    }
}

/// A line that ends as it should, without control bytes; others could be read as two.
fn text(line: &[u8]) -> Option<&str> {
    if line.is_empty() {
        return Some("");
    }
    let line = line.strip_suffix(b"\r")?;
    let control = |b: &u8| matches!(b, 0 | b'\r' | 1..=8 | 11..=31 | 127);
    if line.iter().any(control) || line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
        return None;
    }
    // Values may be of any encoding; what is looked at here is ASCII.
    Some(std::str::from_utf8(line).unwrap_or("x-not-utf-8: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(text: &str, step: usize) -> (Framing, Result<(), Broken>) {
        let mut framing = Framing::default();
        let result = text.as_bytes().chunks(step).try_for_each(|bytes| framing.feed(bytes));
        (framing, result)
    }

    #[test]
    fn srv_6_lengths_that_contradict_each_other_are_noticed() {
        let check = |head: &str, doubtful: bool| {
            let text = format!("PUT / HTTP/1.1\r\nHost: x\r\n{head}\r\n");
            for step in [1, 7, 1_000] {
                let (framing, _) = feed(&text, step);
                assert_eq!(framing.doubt(), doubtful.then_some(1), "{head:?}");
            }
        };
        check("", false);
        check("Content-Length: 5\r\n", false);
        check("Transfer-Encoding: chunked\r\n", false);
        check("transfer-encoding:CHUNKED\r\n", false);
        check("X: é\r\n", false);
        check("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", true);
        check("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", true);
        check("Content-Length: 5\r\nContent-Length: 5\r\n", true);
        check("Content-Length: 5\r\nContent-Length: 6\r\n", true);
        check("Content-Length: 5, 5\r\n", true);
        check("Content-Length: +5\r\n", true);
        check("Content-Length: 0x5\r\n", true);
        check("Content-Length: 99999999999999999999999\r\n", true);
        check("Content-Length:\r\n", true);
        check("Content-Length : 5\r\n", true);
        check("Transfer-Encoding: gzip, chunked\r\n", true);
        check("Transfer-Encoding: xchunked\r\n", true);
        check("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", true);
        check("X: a\r\n Content-Length: 5\r\n", true);
        check("X: a\nContent-Length: 5\r\n", true);
        check("X: a\rContent-Length: 5\r\n", true);
        check("X: a\0\r\n", true);
        check("no colon\r\n", true);
        let (framing, _) = feed("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 3);
        assert_eq!(framing.doubt(), Some(1));
    }

    #[test]
    fn srv_6_requests_are_told_apart() {
        let requests = "GET / HTTP/1.1\r\n\r\nPUT / HTTP/1.1\r\nContent-Length: 20\r\n\r\nGET / HTTP/1.1\r\n\r\n..\
            \r\nPUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n\r\n\r\n01234\n\r\n0\r\nT: x\r\n\r\n\
            GET / HTTP/1.1\r\n\r\n";
        for step in [1, 2, 3, 17, 1_000] {
            let (framing, result) = feed(requests, step);
            assert_eq!((result, framing.heads(), framing.state), (Ok(()), 4, State::Head), "{step}");
        }
        let second = format!("{requests}PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n");
        assert_eq!(feed(&second, 5).0.doubt(), Some(5));
        let long = format!("GET / HTTP/1.1\r\n\r\nGET /{}", "x".repeat(HEADER_BYTES_MAX));
        assert_eq!(feed(&long, 1_000).1, Err(Broken::Head));
    }

    #[test]
    fn srv_6_doubtful_chunks_are_refused() {
        let check = |body: &str, expect: Option<&'static str>| {
            let text = format!("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
            for step in [1, 5, 1_000] {
                assert_eq!(feed(&text, step).1.err(), expect.map(Broken::Body), "{body:?}");
            }
        };
        check("5\r\nhello\r\n0\r\n\r\n", None);
        check("0x5\r\nhello\r\n", Some("a chunk's size is malformed"));
        check("-5\r\nhello\r\n", Some("a chunk's size is malformed"));
        check(" 5\r\nhello\r\n", Some("a chunk's size is malformed"));
        check("\r\n", Some("a chunk's size is malformed"));
        check("10000000000000000\r\n", Some("a chunk's size is malformed"));
        check("5\nhello\r\n", Some("a line of the chunked body ends without a carriage return"));
        check("5\r\nhello!\r\n", Some("a chunk is longer than its size"));
        check(&format!("5;{}\r\n", "x".repeat(300)), Some("a line of the chunked body is too long"));
    }
}
