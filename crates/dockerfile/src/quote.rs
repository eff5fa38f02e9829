//! Go's `%q` of a text, as messages quote what they are about.

/// Characters of a text that a message shows.
const SHOWN_CHARS_MAX: usize = 200;

/// The text between double quotes, escaped, its end cut off when it is long.
pub(crate) fn quote(text: &str) -> String {
    let cut = text.char_indices().nth(SHOWN_CHARS_MAX).map_or(text.len(), |(at, _)| at);
    let mut quoted = format!("{:?}", &text[..cut]);
    if cut < text.len() {
        quoted.truncate(quoted.len() - 1);
        quoted.push_str("…\"");
    }
    quoted
}
