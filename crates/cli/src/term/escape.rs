//! Foreign text made harmless for a terminal: the one place that decides what may reach it.
//!
//! Names, labels, tags, server messages and file names come from strangers. A control character in them could
//! move the cursor, hide lines or start a terminal command; a bidirectional control could make a name read as
//! another. Such characters are shown as `\x1b` or `\u202e` instead, whether or not standard output is a
//! terminal, since what goes into a file is looked at later.
use std::borrow::Cow;
use std::fmt::Write;

/// Characters of a stranger's text that a message quotes: enough to recognise it by, on two lines.
pub const FOREIGN_CHARS_MAX: usize = 200;

/// Whether a character must not reach a terminal: controls (C0, DEL, C1), bidirectional controls, line and
/// paragraph separators.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text quoted in a message: one line, at most [`FOREIGN_CHARS_MAX`] characters, backslashes escaped too so
/// that what is shown is unambiguous.
pub fn line(text: &str) -> Cow<'_, str> {
    shortened(text, |c| is_unsafe(c) || c == '\\')
}

/// Text quoted in a message that may have lines and tabs.
pub fn block(text: &str) -> Cow<'_, str> {
    shortened(text, |c| (is_unsafe(c) && !matches!(c, '\n' | '\t')) || c == '\\')
}

/// Text that is a whole value in Docker's output (a table cell, a template's result): one line, its full
/// length. Backslashes are left alone, as Docker leaves them, unless something else had to be escaped.
pub fn cell(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) { replace(text, |c| is_unsafe(c) || c == '\\') } else { text.into() }
}

/// As [`cell`], for text whose tabs and line breaks are the layout that the user asked for.
pub fn layout(text: &str) -> Cow<'_, str> {
    replace(text, |c| is_unsafe(c) && !matches!(c, '\n' | '\t'))
}

fn shortened(text: &str, escaped: fn(char) -> bool) -> Cow<'_, str> {
    let text = replace(text, escaped);
    match text.char_indices().nth(FOREIGN_CHARS_MAX) {
        Some((at, _)) => Cow::Owned(format!("{}…", &text[..at])),
        None => text,
    }
}

fn replace(text: &str, escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(&escaped) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        let _ = match (escaped(c), c) {
            (false, _) => out.write_char(c),
            (true, '\n') => out.write_str("\\n"),
            (true, '\r') => out.write_str("\\r"),
            (true, '\t') => out.write_str("\\t"),
            (true, '\\') => out.write_str("\\\\"),
            (true, _) if u32::from(c) < 0x80 => write!(out, "\\x{:02x}", u32::from(c)),
            (true, _) => write!(out, "\\u{:04x}", u32::from(c)),
        };
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_drive_a_terminal_is_shown_instead() {
        let check = |text: &str, expect: &str| assert_eq!(line(text), expect, "{text:?}");
        check("alpine:3.20 é 日本", "alpine:3.20 é 日本");
        check("\x1b[2J", r"\x1b[2J");
        check("\u{9b}31m", r"\u009b31m");
        check("a\nb\tc\rd\0\x7f", r"a\nb\tc\rd\x00\x7f");
        check("\u{202e}gpj.exe", r"\u202egpj.exe");
        check("a\u{2028}b\u{2066}\u{200f}\u{61c}", r"a\u2028b\u2066\u200f\u061c");
        check(r"\x1b", r"\\x1b");
    }

    #[test]
    fn lines_and_tabs_stay_where_they_are_layout() {
        assert_eq!(block("a\n\tb\r\x1b"), "a\n\tb\\r\\x1b");
        assert_eq!(layout("a\n\tb\\n\x1b"), "a\n\tb\\n\\x1b");
    }

    #[test]
    fn quoted_text_is_short() {
        let long = "é".repeat(FOREIGN_CHARS_MAX + 1);
        assert_eq!(line(&long), format!("{}…", "é".repeat(FOREIGN_CHARS_MAX)));
        let fits = "é".repeat(FOREIGN_CHARS_MAX);
        assert_eq!(line(&fits), fits);
        assert_eq!(cell(&long), long);
    }

    #[test]
    fn cells_keep_backslashes_as_docker_does() {
        assert_eq!(cell(r"RUN sed 's/\./x/'"), r"RUN sed 's/\./x/'");
        assert_eq!(cell("\\x1b \x1b"), r"\\x1b \x1b");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_gets_through(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_unsafe));
            prop_assert!(!cell(&text).contains(is_unsafe));
            for lines in [block(&text), layout(&text)] {
                prop_assert!(!lines.contains(|c| is_unsafe(c) && c != '\n' && c != '\t'));
            }
        }
    }
}
