//! Comma separated values, as Go's reader splits them: the form of repeatable flags such as `--platform`.

/// Splits one line of comma separated values. A part may stand in double quotes, with `""` for a quote.
///
/// # Errors
/// The text Go's reader gives, with line and column counted from 1.
pub(crate) fn split(line: &str) -> Result<Vec<String>, String> {
    let line = line.split('\n').next().unwrap_or_default();
    if line.is_empty() {
        return Ok(Vec::new());
    }
    let mut parts = Vec::new();
    let mut rest = line;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(rest) => quoted(line, rest)?,
            None => bare(line, rest)?,
        };
        parts.push(part);
        match after {
            Some(after) => rest = after,
            None => return Ok(parts),
        }
    }
}

type Part<'a> = (String, Option<&'a str>);

fn bare<'a>(line: &'a str, rest: &'a str) -> Result<Part<'a>, String> {
    let (part, after) = match rest.split_once(',') {
        Some((part, after)) => (part, Some(after)),
        None => (rest, None),
    };
    match part.find('"') {
        Some(at) => Err(error(line, &rest[at..], 1, "bare \" in non-quoted-field")),
        None => Ok((part.to_owned(), after)),
    }
}

fn quoted<'a>(line: &'a str, mut rest: &'a str) -> Result<Part<'a>, String> {
    const UNBALANCED: &str = "extraneous or missing \" in quoted-field";
    let mut part = String::new();
    loop {
        let Some(at) = rest.find('"') else { return Err(error(line, "", 1, UNBALANCED)) };
        part.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        match after.as_bytes().first() {
            None => return Ok((part, None)),
            Some(b',') => return Ok((part, Some(&after[1..]))),
            Some(b'"') => part.push('"'),
            Some(_) => return Err(error(line, after, 0, UNBALANCED)),
        }
        rest = &after[1..];
    }
}

fn error(line: &str, rest: &str, offset: usize, what: &str) -> String {
    format!("parse error on line 1, column {}: {what}", line.len() - rest.len() + offset)
}
