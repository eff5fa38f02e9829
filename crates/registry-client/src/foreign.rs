//! Text that came from a server, made fit to be shown.

/// Shortens a text and escapes what could change the terminal or mislead the reader: control characters,
/// bidirectional marks, line separators and the backslash itself.
pub(crate) fn escape(text: &str, chars_max: usize) -> String {
    let mut escaped = String::with_capacity(text.len().min(chars_max));
    for (at, c) in text.chars().enumerate() {
        if at == chars_max {
            escaped.push('…');
            break;
        }
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            c if c.is_control() || is_misleading(c) => {
                escaped.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn is_misleading(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        let check = |text: &str, expect: &str| assert_eq!(escape(text, 10), expect, "{text:?}");
        check("plain", "plain");
        check("grün …", "grün …");
        check("\u{1b}[31m", "\\u{1b}[31m");
        check("a\nb\\", "a\\nb\\\\");
        check("\u{202e}x\u{9b}", "\\u{202e}x\\u{9b}");
        check("0123456789ab", "0123456789…");
    }
}
