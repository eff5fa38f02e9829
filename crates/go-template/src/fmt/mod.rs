//! Go's package `fmt`: how values become text.

mod float;
mod integer;
mod printer;
mod printf;

use crate::Value;
use crate::buffer::Buffer;

pub(crate) use float::format_shortest;
use printer::Printer;
pub(crate) use printf::printf;

/// Writes a value as `fmt.Print` does.
pub(crate) fn print_value(out: &mut Buffer, value: &Value<'_>) {
    match value {
        Value::String(text) => out.push(text.as_bytes()),
        _ => Printer::new(out).print(value, 'v'),
    }
}

/// Writes what a value points to, as an action does with its result.
pub(crate) fn print_target(out: &mut Buffer, value: &Value<'_>) {
    match value.indirect() {
        Some(Value::Object(object)) => Printer::new(out).print_object_target(*object),
        Some(target) => print_value(out, target),
        None => print_value(out, &Value::Nil),
    }
}

/// The value as `fmt.Sprint` gives it, for messages.
pub(crate) fn to_text(value: &Value<'_>) -> String {
    let mut out = Buffer::default();
    print_value(&mut out, value);
    String::from_utf8_lossy(&out.bytes).into_owned()
}

/// Writes values as `fmt.Print`: with spaces between two of which none is a string.
pub(crate) fn print<'v, 'a: 'v>(out: &mut Buffer, values: impl Iterator<Item = &'v Value<'a>>) {
    let mut before_is_string = true;
    for value in values {
        let is_string = value.as_str().is_some();
        if !before_is_string && !is_string {
            out.push(b" ");
        }
        print_value(out, value);
        before_is_string = is_string;
    }
}

/// Writes values as `fmt.Println`: with spaces between all, and a newline.
pub(crate) fn println<'v, 'a: 'v>(out: &mut Buffer, values: impl Iterator<Item = &'v Value<'a>>) {
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(b" ");
        }
        print_value(out, value);
    }
    out.push(b"\n");
}
