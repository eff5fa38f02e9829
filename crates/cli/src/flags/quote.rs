//! Go's double-quoted string form, in which flag errors show what was typed.
use std::fmt::Write;

/// The text between double quotes, with everything unprintable escaped. Besides what Go escapes, invisible
/// characters that could reorder or break a line are escaped too.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| escape(&mut out, c, '"'));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// A character between single quotes, as Go quotes a rune.
pub(super) fn quote_char(c: char) -> String {
    let mut out = String::from("'");
    escape(&mut out, c, '\'');
    out.push('\'');
    out
}

fn escape(out: &mut String, c: char, mark: char) {
    let short = match c {
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\x0c' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\x0b' => "\\v",
        '\\' => "\\\\",
        _ if c == mark => {
            out.push('\\');
            return out.push(c);
        }
        _ => "",
    };
    let code = u32::from(c);
    let _ = match c {
        _ if !short.is_empty() => out.write_str(short),
        _ if code < 0x20 || code == 0x7f => write!(out, "\\x{code:02x}"),
        _ if crate::term::escape::is_unsafe(c) => write!(out, "\\u{code:04x}"),
        _ => out.write_char(c),
    };
}
