//! Values as Go's `encoding/json` writes them: structs in their order, maps sorted, floats and escapes as
//! Go has them. Whether `<`, `>` and `&` are escaped depends on who asks: lists do, inspect does not.

use std::fmt::Write as _;

use crate::fmt::format_shortest;
use crate::go_type::JsonKey;
use crate::quote;
use crate::value::{Named, Struct};
use crate::{Member, Object, Value};

/// Deepest nesting written. JSON that the data came from is foreign.
const DEPTH_MAX: usize = 200;

/// What becomes of `<`, `>` and `&` in strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HtmlEscape {
    /// They become `\u003c`, `\u003e` and `\u0026`, as Go's `json.Marshal` has it.
    On,
    /// They stay, as in Docker's `json` function.
    Off,
}

/// The value as JSON on one line.
///
/// # Errors
/// Go's words, if a number is not one JSON knows.
pub fn to_json(value: &Value<'_>, escape: HtmlEscape) -> Result<String, String> {
    let mut encoder = Encoder { out: String::new(), escape };
    encoder.value(value, 0)?;
    Ok(encoder.out)
}

struct Encoder {
    out: String,
    escape: HtmlEscape,
}

impl Encoder {
    fn value(&mut self, value: &Value<'_>, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("json: nested deeper than the limit of {DEPTH_MAX}"));
        }
        match value {
            Value::Nil => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(_, number) => self.display(number),
            Value::Uint(_, number) => self.display(number),
            Value::Float(number) if !number.is_finite() => {
                return Err(format!("json: unsupported value: {}", crate::fmt::to_text(value)));
            }
            Value::Float(number) => self.out.push_str(&format_shortest(*number)),
            Value::String(text) => self.string(text.as_bytes()),
            Value::List(list) if list.items.is_none() => self.out.push_str("null"),
            Value::List(list) => self.list(list.items(), depth)?,
            Value::Map(map) if map.entries.is_none() => self.out.push_str("null"),
            Value::Map(map) => {
                let entries = map.entries().iter().map(|(key, value)| (key.as_bytes(), value));
                self.object(entries, depth)?;
            }
            Value::Struct(fields) => self.structure(fields, depth)?,
            Value::Pointer(pointer) => match &pointer.target {
                Some(target) => self.value(target, depth + 1)?,
                None => self.out.push_str("null"),
            },
            Value::Named(named) => self.named(named, depth)?,
            Value::Opaque(opaque) => self.out.push_str(&opaque.json),
            Value::Object(object) => self.answering(*object, depth)?,
        }
        Ok(())
    }

    fn display(&mut self, number: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.out, "{number}");
    }

    fn list(&mut self, items: &[Value<'_>], depth: usize) -> Result<(), String> {
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.value(item, depth + 1)?;
        }
        self.out.push(']');
        Ok(())
    }

    fn object<'v, 'a: 'v>(
        &mut self,
        entries: impl Iterator<Item = (&'v [u8], &'v Value<'a>)>,
        depth: usize,
    ) -> Result<(), String> {
        self.out.push('{');
        for (at, (key, value)) in entries.enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.string(key);
            self.out.push(':');
            self.value(value, depth + 1)?;
        }
        self.out.push('}');
        Ok(())
    }

    fn structure(&mut self, fields: &Struct<'_>, depth: usize) -> Result<(), String> {
        let mut entries = Vec::new();
        collect(fields, &mut entries, depth);
        self.object(entries.into_iter().map(|(key, value)| (key.as_bytes(), value)), depth)
    }

    fn named(&mut self, named: &Named<'_>, depth: usize) -> Result<(), String> {
        let text = match &named.value {
            Value::String(text) if named.ty.raw_json => text.to_text(),
            other => return self.value(other, depth),
        };
        if !text.is_empty() && !is_number(&text) {
            return Err(format!("json: invalid number literal {}", quote::quoted(&text)));
        }
        self.out.push_str(if text.is_empty() { "0" } else { &text });
        Ok(())
    }

    /// A row's JSON is made by its own method in Docker, which always escapes.
    fn answering(&mut self, object: &dyn Object, depth: usize) -> Result<(), String> {
        let outer = std::mem::replace(&mut self.escape, HtmlEscape::On);
        let mut values = Vec::new();
        for name in object.names() {
            if let Some(Member::Field(value) | Member::Getter(value)) = object.member(name) {
                values.push((*name, value));
            }
        }
        let written = self.object(values.iter().map(|(name, value)| (name.as_bytes(), value)), depth);
        self.escape = outer;
        written
    }

    fn string(&mut self, bytes: &[u8]) {
        self.out.push('"');
        for (c, encoded) in quote::runes(bytes) {
            match c {
                // A byte that is not UTF-8; a real U+FFFD has three.
                char::REPLACEMENT_CHARACTER if encoded.len() == 1 => self.escaped(c),
                '"' | '\\' => self.out.extend(['\\', c]),
                '\x08' => self.out.push_str("\\b"),
                '\x0c' => self.out.push_str("\\f"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '<' | '>' | '&' if self.escape == HtmlEscape::On => self.escaped(c),
                '\0'..=' ' if c != ' ' => self.escaped(c),
                '\u{2028}' | '\u{2029}' => self.escaped(c),
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn escaped(&mut self, c: char) {
        let _ = write!(self.out, "\\u{:04x}", u32::from(c));
    }
}

/// The fields that JSON shows, those of embedded structs in their place.
fn collect<'v, 'a>(fields: &'v Struct<'a>, entries: &mut Vec<(&'static str, &'v Value<'a>)>, depth: usize) {
    for (field, value) in fields.ty.fields.iter().zip(&fields.fields) {
        match field.json {
            JsonKey::Hidden => {}
            _ if field.embedded => {
                if let Some(Value::Struct(inner)) = value.indirect().filter(|_| depth < DEPTH_MAX) {
                    collect(inner, entries, depth + 1);
                }
            }
            JsonKey::OmitEmpty(_) if is_empty(value) => {}
            JsonKey::Always(key) | JsonKey::OmitEmpty(key) => entries.push((key, value)),
        }
    }
}

/// What `omitempty` leaves out: like false, except that structs are never empty.
fn is_empty(value: &Value<'_>) -> bool {
    !value.is_true()
}

/// Whether the text is a number by JSON's grammar.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = &fraction[len..];
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        None => rest.is_empty(),
    }
}
