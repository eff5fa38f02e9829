//! Docker's functions, and the stand-ins that the heading of a table uses.

use super::{ANY, Function, INT, STRING};
use crate::go_type::{Outcome, Param, Type};
use crate::limits::{LIST_ITEMS_MAX, OUTPUT_BYTES_MAX};
use crate::{HtmlEscape, Operand, Str, Value, buffer, quote, to_json};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("json", Function { params: &[ANY], variadic: None, call: json }),
    ("split", Function { params: &[STRING, STRING], variadic: None, call: split }),
    ("join", Function { params: &[Param::Of(Type::STRINGS), STRING], variadic: None, call: join }),
    ("title", Function { params: &[STRING], variadic: None, call: title }),
    ("lower", Function { params: &[STRING], variadic: None, call: lower }),
    ("upper", Function { params: &[STRING], variadic: None, call: upper }),
    ("pad", Function { params: &[STRING, INT, INT], variadic: None, call: pad }),
    ("truncate", Function { params: &[STRING, INT], variadic: None, call: truncate }),
];

/// A heading goes through these as it is. `pad` stays, since it has to line up with the rows.
pub(super) const HEADING_FUNCTIONS: &[(&str, Function)] = &[
    ("json", Function { params: &[STRING], variadic: None, call: first }),
    ("split", Function { params: &[STRING, STRING], variadic: None, call: first }),
    ("join", Function { params: &[STRING, STRING], variadic: None, call: first }),
    ("title", Function { params: &[STRING], variadic: None, call: first }),
    ("lower", Function { params: &[STRING], variadic: None, call: first }),
    ("upper", Function { params: &[STRING], variadic: None, call: first }),
    ("truncate", Function { params: &[STRING, INT], variadic: None, call: first }),
];

fn first<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok(args[0].clone())
}

fn json<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok(to_json(&args[0].value, HtmlEscape::Off)?.into())
}

fn split<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let (text, separator) = (string(&args[0]), string(&args[1]));
    let mut items = Vec::new();
    let bytes = text.as_bytes();
    let mut start = 0;
    if separator.is_empty() {
        for (_, rune) in quote::runes(bytes) {
            items.push(Value::String(text.slice(start, start + rune.len())));
            start += rune.len();
            check_items(items.len())?;
        }
        return Ok(Value::list(&Type::String, items).into());
    }
    while let Some(len) = find(&bytes[start..], separator.as_bytes()) {
        items.push(Value::String(text.slice(start, start + len)));
        start += len + separator.len();
        check_items(items.len())?;
    }
    items.push(Value::String(text.slice(start, bytes.len())));
    Ok(Value::list(&Type::String, items).into())
}

fn check_items(len: usize) -> Result<(), String> {
    if len < LIST_ITEMS_MAX {
        return Ok(());
    }
    Err(format!("list exceeds the limit of {LIST_ITEMS_MAX} items"))
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

fn join<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let separator = string(&args[1]);
    let mut out = buffer::Buffer::default();
    if let Value::List(list) = args[0].value.underlying() {
        for (at, item) in list.items().iter().enumerate() {
            if at > 0 {
                out.push(separator.as_bytes());
            }
            out.push(item.as_str().map_or(&[], Str::as_bytes));
        }
    }
    Ok(Value::String(out.into_bytes()?.into()).into())
}

fn title<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let mut before = ' ';
    map_characters(&string(&args[0]), |c| {
        let starts_word = is_separator(before);
        before = c;
        if starts_word { title_case(c) } else { c }
    })
}

/// Upper case, but for the four letters that stand for two, of which only the first is a capital.
fn title_case(c: char) -> char {
    match single(c, c.to_uppercase()) {
        'Ǆ' => 'ǅ',
        'Ǉ' => 'ǈ',
        'Ǌ' => 'ǋ',
        'Ǳ' => 'ǲ',
        upper => upper,
    }
}

fn lower<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    map_characters(&string(&args[0]), |c| match c {
        // The one capital whose lower case is two characters in Rust and one in Go.
        'İ' => 'i',
        _ => single(c, c.to_lowercase()),
    })
}

fn upper<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    map_characters(&string(&args[0]), |c| single(c, c.to_uppercase()))
}

fn map_characters<'a>(text: &Str<'a>, mut map: impl FnMut(char) -> char) -> Outcome<'a> {
    let mapped: String = quote::runes(text.as_bytes()).map(|(c, _)| map(c)).collect();
    Ok(mapped.into())
}

/// Go maps characters one to one; what would become several stays as it is.
fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(mapped), None) => mapped,
        _ => c,
    }
}

/// What a word may start after.
fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_alphanumeric() && c != '_';
    }
    !c.is_alphanumeric() && c.is_whitespace()
}

fn pad<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let text = string(&args[0]);
    if text.is_empty() {
        return Ok(text.into());
    }
    let before = spaces(&args[1])?;
    let after = spaces(&args[2])?;
    let mut out = vec![b' '; before];
    out.extend(text.as_bytes());
    out.resize(out.len() + after, b' ');
    Ok(Value::String(out.into()).into())
}

fn spaces(count: &Operand<'_>) -> Result<usize, String> {
    let count = usize::try_from(int(count)).map_err(|_| "strings: negative Repeat count".to_owned())?;
    if count > OUTPUT_BYTES_MAX { Err(buffer::too_long()) } else { Ok(count) }
}

fn truncate<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let (text, len) = (string(&args[0]), int(&args[1]));
    match usize::try_from(len) {
        Ok(len) if len <= text.len() => Ok(text.slice(0, len).into()),
        Ok(_) => Ok(text.into()),
        Err(_) => Err(format!("runtime error: slice bounds out of range [:{len}]")),
    }
}

fn string<'a>(arg: &Operand<'a>) -> Str<'a> {
    arg.value.as_str().cloned().unwrap_or_else(|| "".into())
}

fn int(arg: &Operand<'_>) -> i64 {
    arg.value.as_int().unwrap_or(0)
}
