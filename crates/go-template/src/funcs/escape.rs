//! `html`, `js` and `urlquery`.

use super::builtin::text;
use crate::buffer::Buffer;
use crate::go_type::Outcome;
use crate::{Operand, Value, fmt, quote};

pub(super) fn html<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    escaped(args, |out, c, bytes| match c {
        '\0' => out.push("\u{fffd}".as_bytes()),
        '"' => out.push(b"&#34;"),
        '\'' => out.push(b"&#39;"),
        '&' => out.push(b"&amp;"),
        '<' => out.push(b"&lt;"),
        '>' => out.push(b"&gt;"),
        _ => out.push(bytes),
    })
}

pub(super) fn js<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    escaped(args, |out, c, bytes| match c {
        '\\' => out.push(b"\\\\"),
        '\'' => out.push(b"\\'"),
        '"' => out.push(b"\\\""),
        '<' | '>' | '&' | '=' => out.push(format!("\\u{:04X}", u32::from(c)).as_bytes()),
        _ if c == '\x7f' || (c >= ' ' && quote::is_print(c)) => out.push(bytes),
        _ => out.push(format!("\\u{:04X}", u32::from(c)).as_bytes()),
    })
}

pub(super) fn urlquery<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    escaped(args, |out, c, bytes| match c {
        ' ' => out.push(b"+"),
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '~' => out.push(bytes),
        _ => bytes.iter().for_each(|byte| out.push(format!("%{byte:02X}").as_bytes())),
    })
}

/// Prints the arguments together, then passes each character through `escape`.
fn escaped<'a>(args: &[Operand<'a>], escape: impl Fn(&mut Buffer, char, &[u8])) -> Outcome<'a> {
    let mut plain = Buffer::default();
    let nothing = Value::from("<no value>");
    let values = args.iter().map(|arg| match arg.value.indirect() {
        Some(Value::Nil) => &nothing,
        Some(value) => value,
        None => &arg.value,
    });
    fmt::print(&mut plain, values);
    let plain = plain.into_bytes()?;
    let mut out = Buffer::default();
    for (c, bytes) in quote::runes(&plain) {
        escape(&mut out, c, bytes);
    }
    text(out)
}
