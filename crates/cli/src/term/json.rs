//! JSON laid out for reading, its tokens untouched.
//!
//! Numbers, key order, duplicate keys and escapes stay as they are, so the output is the document and not a
//! re-serialisation of it. The input is taken to be valid JSON; of anything else only the blanks change.
use std::fmt::Write;

/// Indentation of `inspect`.
pub const FOUR_SPACES: &str = "    ";
/// Indentation of a single manifest in `manifest inspect`.
pub const TAB: &str = "\t";
/// Indentation of an index in `manifest inspect`.
pub const THREE_SPACES: &str = "   ";

/// The document with every member and element on a line of its own; empty objects and arrays stay together.
/// Characters that must not reach a terminal are written as JSON escapes.
pub fn indent(json: &str, unit: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0usize;
    let mut opened = false;
    tokens(json, |token| {
        let closes = matches!(token, "}" | "]");
        if closes {
            depth = depth.saturating_sub(1);
        }
        // A closing bracket right behind its opening one stays there.
        if opened != closes {
            line_break(&mut out, depth, unit);
        }
        opened = matches!(token, "{" | "[");
        match token {
            "{" | "[" => depth += 1,
            _ => {}
        }
        push(&mut out, token);
        match token {
            "," => line_break(&mut out, depth, unit),
            ":" => out.push(' '),
            _ => {}
        }
    });
    out
}

/// The document without blanks between its tokens.
pub fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    tokens(json, |token| push(&mut out, token));
    out
}

/// Calls `each` with every token: brackets, commas, colons, strings with their quotes, and other runs.
fn tokens<'a>(json: &'a str, mut each: impl FnMut(&'a str)) {
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => at + 1,
            b'"' => string_end(bytes, at),
            _ => {
                let length = bytes[at..].iter().position(|b| b" \t\n\r{}[],:\"".contains(b));
                length.map_or(bytes.len(), |length| at + length)
            }
        };
        each(&json[at..end]);
        at = end;
    }
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn line_break(out: &mut String, depth: usize, unit: &str) {
    out.push('\n');
    out.extend(std::iter::repeat_n(unit, depth));
}

fn push(out: &mut String, token: &str) {
    if !token.contains(super::escape::is_unsafe) {
        return out.push_str(token);
    }
    for c in token.chars() {
        let _ = if super::escape::is_unsafe(c) {
            write!(out, "\\u{:04x}", u32::from(c))
        } else {
            out.write_char(c)
        };
    }
}
