//! Text cut to a width, and identifiers cut to their first digits.
use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Widest CREATED BY of `history` and DESCRIPTION of `search`.
pub const DESCRIPTION_COLUMNS: usize = 45;
/// Hexadecimal digits of a short identifier.
const SHORT_ID_DIGITS: usize = 12;

/// Text of at most `columns`; longer text ends in `…`.
pub fn ellipsis(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut used = 0;
    let kept = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > columns.saturating_sub(1)
    });
    match kept {
        Some((end, _)) if columns > 0 => Cow::Owned(format!("{}…", &text[..end])),
        _ => Cow::Borrowed(""),
    }
}

/// The first twelve digits of an identifier or digest, without its algorithm.
pub fn short_id(id: &str) -> &str {
    let digits = id.split_once(':').map_or(id, |(_, digits)| digits);
    digits.get(..SHORT_ID_DIGITS).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ellipsis_counts_columns() {
        let check = |text, columns, expect: &str| assert_eq!(ellipsis(text, columns), expect);
        check("", 5, "");
        check("12345", 5, "12345");
        check("123456", 5, "1234…");
        check("日本語", 6, "日本語");
        check("日本語", 5, "日本…");
        check("日本語", 4, "日…");
        check("ab", 1, "…");
        check("ab", 0, "");
    }

    #[test]
    fn short_ids_lose_the_algorithm() {
        let check = |id, expect: &str| assert_eq!(short_id(id), expect);
        check("sha256:6714984dedcaa2246918b4f0af8e7f5e42ab77fee40bd837620f0b5a9d6448d7", "6714984dedca");
        check("6714984dedcaa2246918", "6714984dedca");
        check("sha256:671", "671");
    }
}
