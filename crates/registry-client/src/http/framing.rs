//! Watches the bytes of HTTP/1 answers and refuses what two readers could frame differently (NET-9).
//!
//! Pure: it is shown each byte once and in order, and says when the connection must not go on. What it
//! lets through is read by the HTTP library, which is more forgiving.

use crate::limits::{HEADER_BYTES_MAX, HEADER_COUNT_MAX, INFORMATIONAL_MAX};

/// Bytes of the line before a chunk, extensions included: nobody sends extensions.
const CHUNK_LINE_BYTES_MAX: usize = 256;
/// Hexadecimal digits of a chunk's size: enough for 2^60.
const CHUNK_DIGITS_MAX: usize = 15;

/// Why an answer's framing is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// Not HTTP/1.0 or 1.1, or no status of three digits.
    #[error("malformed HTTP status line")]
    StatusLine,
    /// A header line without name or colon, or with bytes that do not belong.
    #[error("malformed HTTP header line")]
    HeaderLine,
    /// A line that ends without CR LF.
    #[error("a line of the HTTP head does not end with CR LF")]
    LineEnd,
    /// Too much head.
    #[error("the HTTP head is larger than HEADER_BYTES_MAX ({HEADER_BYTES_MAX})")]
    HeadTooLarge,
    /// Too many lines.
    #[error("the HTTP head has more than HEADER_COUNT_MAX ({HEADER_COUNT_MAX}) headers")]
    TooManyHeaders,
    /// 1xx for ever.
    #[error("more than INFORMATIONAL_MAX ({INFORMATIONAL_MAX}) informational answers")]
    TooManyInformational,
    /// More than one length, the same one included.
    #[error("repeated Content-Length")]
    RepeatedLength,
    /// A length that is no number.
    #[error("malformed Content-Length")]
    Length,
    /// A length and a transfer coding.
    #[error("Content-Length beside Transfer-Encoding")]
    LengthAndCoding,
    /// Anything but exactly `chunked` in HTTP/1.1.
    #[error("unknown Transfer-Encoding")]
    Coding,
    /// A chunk's size or end.
    #[error("malformed chunk")]
    Chunk,
}

/// Where in an exchange the connection is.
#[derive(Debug)]
enum Place {
    Head,
    Sized(u64),
    Chunked(Chunks),
    UntilClose,
    Done,
    /// Bytes came after the end: what was framed stands, but the connection is not used again.
    Surplus,
}

/// One request and its answer, as the bytes of the answer come in.
#[derive(Debug)]
pub(crate) struct Exchange {
    place: Place,
    /// The head so far.
    head: Vec<u8>,
    informational: usize,
    /// Whether the request was a HEAD, whose answer has no body whatever it says.
    bodiless: bool,
}

impl Exchange {
    /// Before an answer to a request that begins with these bytes.
    pub(crate) fn new(request: &[u8]) -> Exchange {
        Exchange {
            place: Place::Head,
            head: Vec::new(),
            informational: 0,
            bodiless: request.starts_with(b"HEAD "),
        }
    }

    /// Whether the head is still being waited for.
    pub(crate) fn awaits_head(&self) -> bool {
        matches!(self.place, Place::Head)
    }

    /// Whether nothing has been answered yet.
    pub(crate) fn is_untouched(&self) -> bool {
        self.awaits_head() && self.head.is_empty() && self.informational == 0
    }

    /// Whether the connection may carry another exchange.
    pub(crate) fn is_clean(&self) -> bool {
        !matches!(self.place, Place::Surplus)
    }

    /// The bytes still to come of a body with a known length.
    pub(crate) fn sized_rest(&self) -> Option<u64> {
        match self.place {
            Place::Sized(rest) => Some(rest),
            _ => None,
        }
    }

    /// Takes the next bytes in.
    ///
    /// # Errors
    /// When the framing is not strict; the connection is useless from then on.
    pub(crate) fn received(&mut self, mut bytes: &[u8]) -> Result<(), FramingError> {
        while !bytes.is_empty() {
            bytes = match &mut self.place {
                Place::Head => self.take_head(bytes)?,
                Place::Sized(rest) => {
                    let taken = bytes.len().min(usize::try_from(*rest).unwrap_or(usize::MAX));
                    *rest -= taken as u64;
                    if *rest == 0 {
                        self.place = Place::Done;
                    }
                    &bytes[taken..]
                }
                Place::Chunked(chunks) => {
                    let rest = chunks.received(bytes)?;
                    if chunks.is_done() {
                        self.place = Place::Done;
                    }
                    rest
                }
                Place::UntilClose => &[],
                Place::Done | Place::Surplus => {
                    self.place = Place::Surplus;
                    &[]
                }
            };
        }
        Ok(())
    }

    /// Collects head lines until the empty one, and returns what follows it.
    fn take_head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], FramingError> {
        for (at, byte) in bytes.iter().enumerate() {
            self.head.push(*byte);
            // What cannot become a status line is refused before the end of the head.
            if b"HTTP/".get(self.head.len() - 1).is_some_and(|expected| expected != byte) {
                return Err(FramingError::StatusLine);
            }
            if self.head.len() > HEADER_BYTES_MAX {
                return Err(FramingError::HeadTooLarge);
            }
            if *byte != b'\n' {
                continue;
            }
            if !self.head.ends_with(b"\r\n") {
                return Err(FramingError::LineEnd);
            }
            if self.head.ends_with(b"\r\n\r\n") {
                self.finish_head()?;
                return Ok(&bytes[at + 1..]);
            }
        }
        Ok(&[])
    }

    fn finish_head(&mut self) -> Result<(), FramingError> {
        let head = parse_head(&self.head)?;
        self.head.clear();
        if (100..200).contains(&head.status) && head.status != 101 {
            self.informational += 1;
            let allowed = self.informational <= INFORMATIONAL_MAX;
            return if allowed { Ok(()) } else { Err(FramingError::TooManyInformational) };
        }
        let bodiless = self.bodiless || matches!(head.status, 101 | 204 | 304);
        self.place = match (bodiless, head.chunked, head.length) {
            (true, ..) | (_, false, Some(0)) => Place::Done,
            (_, true, _) => Place::Chunked(Chunks::default()),
            (_, false, Some(length)) => Place::Sized(length),
            (_, false, None) => Place::UntilClose,
        };
        Ok(())
    }
}

/// What an answer's head says about its framing.
struct Head {
    status: u16,
    length: Option<u64>,
    chunked: bool,
}

fn parse_head(head: &[u8]) -> Result<Head, FramingError> {
    let mut lines = head[..head.len() - 4].split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let (version_minor, status) = parse_status_line(lines.next().unwrap_or_default())?;
    let mut parsed = Head { status, length: None, chunked: false };
    for (count, line) in lines.enumerate() {
        if count == HEADER_COUNT_MAX {
            return Err(FramingError::TooManyHeaders);
        }
        let (name, value) = parse_header_line(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            if parsed.length.is_some() {
                return Err(FramingError::RepeatedLength);
            }
            parsed.length = Some(parse_length(value)?);
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if version_minor == 0 || parsed.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(FramingError::Coding);
            }
            parsed.chunked = true;
        }
    }
    if parsed.chunked && parsed.length.is_some() {
        return Err(FramingError::LengthAndCoding);
    }
    Ok(parsed)
}

fn parse_status_line(line: &[u8]) -> Result<(u8, u16), FramingError> {
    let rest = line.strip_prefix(b"HTTP/1.").ok_or(FramingError::StatusLine)?;
    let [minor @ (b'0' | b'1'), b' ', a @ b'1'..=b'9', b, c, reason @ ..] = rest else {
        return Err(FramingError::StatusLine);
    };
    let printable = reason.iter().all(|b| *b == b'\t' || (*b >= b' ' && *b != 0x7f));
    if !b.is_ascii_digit()
        || !c.is_ascii_digit()
        || !matches!(reason.first(), None | Some(b' '))
        || !printable
    {
        return Err(FramingError::StatusLine);
    }
    let digit = |b: u8| u16::from(b - b'0');
    Ok((minor - b'0', digit(*a) * 100 + digit(*b) * 10 + digit(*c)))
}

fn parse_header_line(line: &[u8]) -> Result<(&[u8], &[u8]), FramingError> {
    let colon = line.iter().position(|b| *b == b':').ok_or(FramingError::HeaderLine)?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    let text = |b: &u8| *b == b'\t' || (*b >= b' ' && *b != 0x7f);
    if name.is_empty() || !name.iter().all(token) || !value.iter().all(text) {
        return Err(FramingError::HeaderLine);
    }
    Ok((name, value))
}

fn parse_length(value: &[u8]) -> Result<u64, FramingError> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(value).ok().filter(|_| digits).ok_or(FramingError::Length)?;
    text.parse().map_err(|_| FramingError::Length)
}

/// A chunked body (RFC 9112 section 7.1).
#[derive(Debug, Default)]
struct Chunks {
    step: Step,
    /// The size or trailer line so far.
    line: Vec<u8>,
    trailer_bytes: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Size,
    Bytes(u64),
    /// The CR LF after a chunk; the number of its bytes seen.
    End(u8),
    Trailer,
    Done,
}

impl Chunks {
    fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Takes some of the bytes in and returns the rest.
    fn received<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], FramingError> {
        match &mut self.step {
            Step::Size => self.take_line(bytes, CHUNK_LINE_BYTES_MAX, Chunks::finish_size),
            Step::Trailer => self.take_line(bytes, HEADER_BYTES_MAX, Chunks::finish_trailer),
            Step::Bytes(rest) => {
                let taken = bytes.len().min(usize::try_from(*rest).unwrap_or(usize::MAX));
                *rest -= taken as u64;
                if *rest == 0 {
                    self.step = Step::End(0);
                }
                Ok(&bytes[taken..])
            }
            Step::End(seen) => {
                if bytes[0] != b"\r\n"[usize::from(*seen)] {
                    return Err(FramingError::Chunk);
                }
                self.step = if *seen == 0 { Step::End(1) } else { Step::Size };
                Ok(&bytes[1..])
            }
            Step::Done => Ok(bytes),
        }
    }

    fn take_line<'a>(
        &mut self,
        bytes: &'a [u8],
        bytes_max: usize,
        finish: fn(&mut Chunks) -> Result<(), FramingError>,
    ) -> Result<&'a [u8], FramingError> {
        let end = bytes.iter().position(|b| *b == b'\n');
        let taken = end.map_or(bytes.len(), |at| at + 1);
        self.line.extend_from_slice(&bytes[..taken]);
        if self.line.len() > bytes_max {
            return Err(FramingError::Chunk);
        }
        if end.is_some() {
            if !self.line.ends_with(b"\r\n") {
                return Err(FramingError::Chunk);
            }
            self.line.truncate(self.line.len() - 2);
            finish(self)?;
            self.line.clear();
        }
        Ok(&bytes[taken..])
    }

    fn finish_size(&mut self) -> Result<(), FramingError> {
        let size = self.line.split(|b| *b == b';').next().unwrap_or_default();
        let digits = (1..=CHUNK_DIGITS_MAX).contains(&size.len()) && size.iter().all(u8::is_ascii_hexdigit);
        let text = str::from_utf8(size).ok().filter(|_| digits).ok_or(FramingError::Chunk)?;
        let size = u64::from_str_radix(text, 16).map_err(|_| FramingError::Chunk)?;
        self.step = if size == 0 { Step::Trailer } else { Step::Bytes(size) };
        Ok(())
    }

    fn finish_trailer(&mut self) -> Result<(), FramingError> {
        if self.line.is_empty() {
            self.step = Step::Done;
            return Ok(());
        }
        self.trailer_bytes += self.line.len();
        if self.trailer_bytes > HEADER_BYTES_MAX {
            return Err(FramingError::HeadTooLarge);
        }
        parse_header_line(&self.line).map(|_| ())
    }
}

#[cfg(test)]
mod tests;
