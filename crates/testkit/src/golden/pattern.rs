//! Expected lines with wildcards, against actual ones.

use super::values::Values;

/// Any text within a line.
const ANY: &str = "[..]";
/// Any number of lines.
const ANY_LINES: &str = "...";

/// A piece of an expected line.
enum Piece {
    Literal(String),
    Any,
    Capture(String),
}

/// Whether a line is as expected. Captures of a line that fits are kept.
pub(crate) fn line_fits(expected: &str, actual: &str, values: &mut Values) -> bool {
    let Ok(pieces) = pieces(expected, values) else { return false };
    let mut found = Vec::new();
    let fits = pieces_fit(&pieces, actual, &mut found);
    if fits {
        found.into_iter().for_each(|(name, value)| values.capture(&name, &value));
    }
    fits
}

/// Where lines are first not as expected: how many expected and how many actual lines fit before.
pub(crate) fn lines_fit(
    expected: &[String],
    actual: &[String],
    values: &mut Values,
) -> Result<(), (usize, usize)> {
    let mut at = 0;
    let mut line = 0;
    while line < expected.len() {
        if expected[line] != ANY_LINES {
            let fits = actual.get(at).is_some_and(|text| line_fits(&expected[line], text, values));
            if !fits {
                return Err((line, at));
            }
            (line, at) = (line + 1, at + 1);
            continue;
        }
        line += 1;
        let run = expected[line..].iter().take_while(|text| *text != ANY_LINES).count();
        let last = line + run == expected.len();
        let here = |from: usize, values: &mut Values| {
            actual.len() >= from + run
                && (0..run).all(|i| line_fits(&expected[line + i], &actual[from + i], values))
        };
        let found = if last {
            actual.len().checked_sub(run).filter(|from| *from >= at && here(*from, values))
        } else {
            (at..=actual.len()).find(|from| here(*from, values))
        };
        let Some(from) = found else { return Err((line, at)) };
        (line, at) = (line + run, from + run);
    }
    if at == actual.len() { Ok(()) } else { Err((line, at)) }
}

fn pieces(expected: &str, values: &Values) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    for (index, part) in expected.split(ANY).enumerate() {
        if index > 0 {
            pieces.push(Piece::Any);
        }
        for segment in values.segments(part)? {
            pieces.push(match segment {
                super::values::Segment::Text(text) => Piece::Literal(text),
                super::values::Segment::Unbound(name) => Piece::Capture(name),
            });
        }
    }
    Ok(pieces)
}

fn pieces_fit(pieces: &[Piece], text: &str, found: &mut Vec<(String, String)>) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return text.is_empty() };
    let boundaries = || (0..=text.len()).filter(|at| text.is_char_boundary(*at));
    match piece {
        Piece::Literal(literal) => {
            text.strip_prefix(literal.as_str()).is_some_and(|text| pieces_fit(rest, text, found))
        }
        Piece::Any => boundaries().any(|at| pieces_fit(rest, &text[at..], found)),
        Piece::Capture(name) => {
            let word = text.find(char::is_whitespace).unwrap_or(text.len());
            boundaries().filter(|at| (1..=word).contains(at)).any(|at| {
                let known = found.iter().find(|(known, _)| known == name);
                if known.is_some_and(|(_, value)| *value != text[..at]) {
                    return false;
                }
                found.push((name.clone(), text[..at].to_owned()));
                pieces_fit(rest, &text[at..], found) || {
                    found.pop();
                    false
                }
            })
        }
    }
}
