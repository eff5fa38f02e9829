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

/// The document with `<`, `>`, `&` and the two line separators written as escapes, as Go's encoder has them.
/// Outside of strings JSON has none of these.
pub fn escape_html(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let _ = match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => write!(out, "\\u{:04x}", u32::from(c)),
            _ => out.write_char(c),
        };
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_are_indented_as_go_does() {
        let check = |json, expect: &str| assert_eq!(indent(json, FOUR_SPACES), expect, "{json}");
        check("[]", "[]");
        check("[ ]", "[]");
        check("{}", "{}");
        check("[{}]", "[\n    {}\n]");
        check(
            r#"{"b":1,"a":[1.50,"x"],"n":null}"#,
            "{\n    \"b\": 1,\n    \"a\": [\n        1.50,\n        \"x\"\n    ],\n    \"n\": null\n}",
        );
        check(
            r#"{"a": {"b":[[]]}}"#,
            "{\n    \"a\": {\n        \"b\": [\n            []\n        ]\n    }\n}",
        );
        check(
            r#"["a\"[{,:","\\","\u003cb\u003e"]"#,
            "[\n    \"a\\\"[{,:\",\n    \"\\\\\",\n    \"\\u003cb\\u003e\"\n]",
        );
        check("12", "12");
    }

    #[test]
    fn the_unit_of_indentation_is_the_callers() {
        assert_eq!(indent(r#"{"a":[1]}"#, TAB), "{\n\t\"a\": [\n\t\t1\n\t]\n}");
        assert_eq!(indent(r#"{"a":1}"#, THREE_SPACES), "{\n   \"a\": 1\n}");
    }

    #[test]
    fn characters_that_could_drive_a_terminal_become_escapes() {
        let hostile = "[\"\u{9b}31m\u{202e}\u{7f}\"]";
        assert_eq!(indent(hostile, TAB), "[\n\t\"\\u009b31m\\u202e\\u007f\"\n]");
        assert_eq!(compact(hostile), r#"["\u009b31m\u202e\u007f"]"#);
        assert_eq!(compact("[\"é日\"]"), "[\"é日\"]");
    }

    #[test]
    fn markup_is_written_as_escapes() {
        assert_eq!(escape_html("[\"a <b> & c\u{2028}\"]"), r#"["a \u003cb\u003e \u0026 c\u2028"]"#);
    }

    #[test]
    fn broken_documents_do_no_harm() {
        for json in ["", "]", "}}}}", "\"", "\"\\", "{\"a", "[,,:", "\u{1}"] {
            let _ = (indent(json, TAB), compact(json));
        }
    }

    #[test]
    fn depth_is_no_recursion() {
        let deep = "[".repeat(100_000);
        assert_eq!(compact(&deep).len(), deep.len());
    }

    proptest! {
        #[test]
        fn the_meaning_stays(text in "[ -~é日\u{80}-\u{a0}]{0,12}", number in any::<i64>(), list in prop::collection::vec(".{0,4}", 0..4)) {
            let value = serde_json::json!({"z": text, "a": [number, {}, [], list], "m": null});
            let indented = indent(&value.to_string(), FOUR_SPACES);
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&indented).expect("JSON"), &value);
            let reread = serde_json::from_str::<serde_json::Value>(&compact(&indented)).expect("JSON");
            prop_assert_eq!(&reread, &value);
            prop_assert!(!indented.contains(|c| crate::term::escape::is_unsafe(c) && c != '\n'));
        }

        #[test]
        fn plain_documents_look_as_serde_prints_them(list in prop::collection::vec("[a-z]{0,4}", 0..4)) {
            let value = serde_json::json!({"a": list, "b": {"c": {}}});
            prop_assert_eq!(indent(&value.to_string(), "  "), serde_json::to_string_pretty(&value).expect("JSON"));
        }
    }
}
