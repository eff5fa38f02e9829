//! Help text in columns, broken where pflag breaks it.

/// Room that the last line may use beyond the wrapping column, so that no short word stands alone.
const SLOP: usize = 5;
/// Columns below which text is not wrapped beside the flags any more.
const SENSIBLE: usize = 24;
/// Indentation of text that is put under its flag instead.
const BLOCK_INDENT: usize = 16;

/// The text for a place `indent` columns from the left on lines of `columns`. The first line's indentation is
/// the caller's.
pub(super) fn wrap(indent: usize, columns: usize, text: &str) -> String {
    let mut indent = indent;
    let mut out = String::new();
    if columns.saturating_sub(indent) < SENSIBLE {
        indent = BLOCK_INDENT;
        let opening = format!("\n{:indent$}", "");
        if columns.saturating_sub(indent) < SENSIBLE {
            return text.replace('\n', &opening);
        }
        out = opening;
    }
    let line_break = format!("\n{:indent$}", "");
    let columns = columns - indent - SLOP;
    let mut rest = Some(text);
    let mut first = true;
    while let Some(text) = rest.filter(|text| first || !text.is_empty()) {
        let (line, after) = split(columns, text);
        if !first {
            out.push_str(&line_break);
        }
        out.push_str(&line.replace('\n', &line_break));
        (rest, first) = (after, false);
    }
    out
}

/// The text's first line and the rest. Text that fits with the slop is one line; so is text that has no
/// blank to break at.
fn split(columns: usize, text: &str) -> (&str, Option<&str>) {
    if columns + SLOP > text.len() {
        return (text, None);
    }
    let head = &text.as_bytes()[..columns];
    let blank = head.iter().rposition(|b| b" \t\n".contains(b));
    let newline = head.iter().rposition(|b| *b == b'\n').filter(|at| *at > 0);
    match (blank, newline) {
        (None | Some(0), _) => (text, None),
        (Some(_), Some(at)) | (Some(at), None) => (&text[..at], Some(&text[at + 1..])),
    }
}
