//! The value of one flag, and how the typed text becomes it.
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::{Kind, comma_list, quote};

/// One value of a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// On or off.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Text.
    Text(String),
    /// A file name.
    Path(OsString),
    /// A filter: the key trimmed and in lower case, the value trimmed.
    Filter(String, String),
}

/// The values that one use of a flag gives.
///
/// # Errors
/// The words after `invalid argument "x" for "--flag" flag: `.
pub(super) fn values(kind: Kind, typed: &OsStr) -> Result<Vec<Value>, String> {
    if kind == Kind::Path {
        return Ok(vec![Value::Path(typed.to_owned())]);
    }
    let text = typed.to_str().ok_or("not valid UTF-8")?;
    match kind {
        Kind::Bool => bool_value(text).map(|b| vec![Value::Bool(b)]),
        Kind::Int => int_value(text).map(|n| vec![Value::Int(n)]),
        Kind::Strings => Ok(comma_list::split(text)?.into_iter().map(Value::Text).collect()),
        Kind::Filter => filter_value(text),
        Kind::Typed(typed) => typed.check(text).map(|()| vec![Value::Text(text.to_owned())]),
        Kind::Text | Kind::List | Kind::Map | Kind::Path => Ok(vec![Value::Text(text.to_owned())]),
    }
}

fn bool_value(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(text.as_bytes()))),
    }
}

fn filter_value(text: &str) -> Result<Vec<Value>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let (key, value) = text.split_once('=').ok_or("bad format of filter (expected name=value)")?;
    Ok(vec![Value::Filter(key.trim().to_lowercase(), value.trim().to_owned())])
}

fn int_value(text: &str) -> Result<i64, String> {
    let failed = |what| format!("strconv.ParseInt: parsing {}: {what}", quote(text.as_bytes()));
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = magnitude(unsigned).ok_or_else(|| failed("invalid syntax"))?;
    let value =
        magnitude.and_then(|m| if negative { 0i64.checked_sub_unsigned(m) } else { m.try_into().ok() });
    value.ok_or_else(|| failed("value out of range"))
}

/// The number without its sign, in base 2, 8, 10 or 16 by its prefix, with Go's rules for `_`: only between
/// digits or after the prefix. `None` when it is no number, `Some(None)` when it is too large.
fn magnitude(text: &str) -> Option<Option<u64>> {
    let (base, digits, prefixed) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..], true),
        [b'0', b'b' | b'B', ..] => (2, &text[2..], true),
        [b'0', b'o' | b'O', ..] => (8, &text[2..], true),
        [b'0', _, ..] => (8, &text[1..], true),
        _ => (10, text, false),
    };
    let mut value = Some(0u64);
    let mut digit_may_be_split = prefixed;
    let mut ends_in_digit = false;
    for c in digits.chars() {
        ends_in_digit = c != '_';
        match (c, c.to_digit(base)) {
            ('_', _) if digit_may_be_split => digit_may_be_split = false,
            (_, Some(digit)) => {
                value = value.and_then(|v| v.checked_mul(base.into())?.checked_add(digit.into()));
                digit_may_be_split = true;
            }
            _ => return None,
        }
    }
    ends_in_digit.then_some(value)
}

/// The typed value as flag errors show it.
pub(super) fn quoted(typed: &OsStr) -> String {
    quote(typed.as_bytes())
}
