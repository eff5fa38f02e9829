//! Go's quoting of strings and characters, and the way back.

use std::fmt::Write as _;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Why a literal is not one; Go's words.
pub(crate) const INVALID_SYNTAX: &str = "invalid syntax";

/// One step through bytes as Go decodes UTF-8: a character and its length, or `None` for a bad byte.
pub(crate) fn decode(bytes: &[u8]) -> (Option<char>, usize) {
    let first = &bytes[..bytes.len().min(4)];
    match std::str::from_utf8(first) {
        Ok(text) => decode_text(text),
        Err(error) if error.valid_up_to() > 0 => {
            decode_text(std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default())
        }
        Err(_) => (None, 1),
    }
}

fn decode_text(text: &str) -> (Option<char>, usize) {
    text.chars().next().map_or((None, 1), |c| (Some(c), c.len_utf8()))
}

/// The characters of a string as Go's `range` sees them: U+FFFD for each bad byte.
pub(crate) fn runes(mut bytes: &[u8]) -> impl Iterator<Item = (char, &[u8])> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let (rune, width) = decode(bytes);
        let (head, tail) = bytes.split_at(width);
        bytes = tail;
        Some((rune.unwrap_or(char::REPLACEMENT_CHARACTER), head))
    })
}

/// Whether Go prints the character as it is: letters, marks, numbers, punctuation, symbols, ASCII space.
pub(crate) fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    // The library escapes what is not printable, but combining marks only where they come first.
    let mut text = [0; 5];
    text[0] = b'a';
    let end = 1 + c.encode_utf8(&mut text[1..]).len();
    std::str::from_utf8(&text[..end]).is_ok_and(|text| text.escape_debug().nth(1) == Some(c))
}

/// Writes `bytes` in double quotes (`strconv.Quote`), or with everything beyond ASCII escaped.
pub(crate) fn quote(out: &mut Vec<u8>, bytes: &[u8], ascii_only: bool) {
    out.push(b'"');
    let mut rest = bytes;
    while !rest.is_empty() {
        let (rune, width) = decode(rest);
        match rune {
            Some(c) => escape(out, c, b'"', ascii_only),
            None => out.extend([b'\\', b'x', HEX[usize::from(rest[0] >> 4)], HEX[usize::from(rest[0] & 15)]]),
        }
        rest = &rest[width..];
    }
    out.push(b'"');
}

/// Writes a character in single quotes (`strconv.QuoteRune`).
pub(crate) fn quote_rune(out: &mut Vec<u8>, c: char, ascii_only: bool) {
    out.push(b'\'');
    escape(out, c, b'\'', ascii_only);
    out.push(b'\'');
}

/// `quote` as text, for messages.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    quote(&mut out, text.as_bytes(), false);
    String::from_utf8_lossy(&out).into_owned()
}

fn escape(out: &mut Vec<u8>, c: char, delimiter: u8, ascii_only: bool) {
    if c == char::from(delimiter) || c == '\\' {
        out.extend([b'\\', c as u8]);
    } else if is_print(c) && (c.is_ascii() || !ascii_only) {
        out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else if let Some(at) = "\x07\x08\x0c\n\r\t\x0b".find(c) {
        out.extend([b'\\', b"abfnrtv"[at]]);
    } else {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match u32::from(c) {
            code if code < 0x20 || code == 0x7f => write!(text, "\\x{code:02x}"),
            code if code < 0x10000 => write!(text, "\\u{code:04x}"),
            code => write!(text, "\\U{code:08x}"),
        };
        out.extend(text.as_bytes());
    }
}

/// Whether Go can write the string between back quotes on one line.
pub(crate) fn can_backquote(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        text.chars().all(|c| c != '`' && c != '\u{feff}' && c != '\x7f' && (c >= ' ' || c == '\t'))
    })
}

/// The string that a quoted or raw literal stands for.
pub(crate) fn unquote(literal: &str) -> Result<Vec<u8>, &'static str> {
    if literal.len() < 2 {
        return Err(INVALID_SYNTAX);
    }
    let inner = &literal[1..literal.len() - 1];
    if literal.starts_with('`') {
        // A raw string drops carriage returns.
        return Ok(inner.bytes().filter(|byte| *byte != b'\r').collect());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        rest = unquote_char(&mut out, rest, '"')?.1;
    }
    Ok(out)
}

/// Takes one possibly escaped character off the front; gives its code and the rest.
pub(crate) fn unquote_char<'t>(
    out: &mut Vec<u8>,
    text: &'t str,
    quote: char,
) -> Result<(u32, &'t str), &'static str> {
    let mut chars = text.chars();
    let c = chars.next().ok_or(INVALID_SYNTAX)?;
    if c == quote || c == '\n' {
        return Err(INVALID_SYNTAX);
    }
    if c != '\\' {
        return Ok(push_char(out, c, chars.as_str()));
    }
    let escaped = chars.next().ok_or(INVALID_SYNTAX)?;
    let rest = chars.as_str();
    match escaped {
        'a' => Ok(push_char(out, '\x07', rest)),
        'b' => Ok(push_char(out, '\x08', rest)),
        'f' => Ok(push_char(out, '\x0c', rest)),
        'n' => Ok(push_char(out, '\n', rest)),
        'r' => Ok(push_char(out, '\r', rest)),
        't' => Ok(push_char(out, '\t', rest)),
        'v' => Ok(push_char(out, '\x0b', rest)),
        '\\' => Ok(push_char(out, '\\', rest)),
        '\'' | '"' if escaped == quote => Ok(push_char(out, escaped, rest)),
        'x' => push_byte(out, rest, 2, 16),
        '0'..='7' => push_byte(out, &text[1..], 3, 8),
        'u' => push_code(out, rest, 4),
        'U' => push_code(out, rest, 8),
        _ => Err(INVALID_SYNTAX),
    }
}

fn push_char<'t>(out: &mut Vec<u8>, c: char, rest: &'t str) -> (u32, &'t str) {
    out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
    (u32::from(c), rest)
}

fn push_byte<'t>(
    out: &mut Vec<u8>,
    text: &'t str,
    digits: usize,
    radix: u32,
) -> Result<(u32, &'t str), &'static str> {
    let (code, rest) = number(text, digits, radix)?;
    out.push(u8::try_from(code).map_err(|_| INVALID_SYNTAX)?);
    Ok((code, rest))
}

fn push_code<'t>(out: &mut Vec<u8>, text: &'t str, digits: usize) -> Result<(u32, &'t str), &'static str> {
    let (code, rest) = number(text, digits, 16)?;
    let c = char::from_u32(code).ok_or(INVALID_SYNTAX)?;
    Ok(push_char(out, c, rest))
}

fn number(text: &str, digits: usize, radix: u32) -> Result<(u32, &str), &'static str> {
    let head = text.get(..digits).ok_or(INVALID_SYNTAX)?;
    if !head.chars().all(|c| c.is_digit(radix)) {
        return Err(INVALID_SYNTAX);
    }
    let code = u32::from_str_radix(head, radix).map_err(|_| INVALID_SYNTAX)?;
    Ok((code, &text[digits..]))
}
