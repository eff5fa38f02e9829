//! The flags of an instruction: `--name=value` between its name and its arguments.

use crate::error::{Error, Result};

/// Takes the words that begin with two dashes off; a bare `--` ends them. Quotes keep blanks in a word, and
/// stay.
pub(crate) fn split_flags(text: &str, escape: char) -> (Vec<String>, &str) {
    let mut flags = Vec::new();
    let mut rest = text.trim_start();
    while rest.starts_with("--") {
        let (flag, after) = first_word(rest, escape);
        rest = after.trim_start();
        if flag == "--" {
            break;
        }
        flags.push(flag);
    }
    (flags, rest)
}

/// A word up to the first blank that neither quotes nor the escape character protect, and what follows it.
fn first_word(text: &str, escape: char) -> (String, &str) {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c.is_whitespace() => return (word, &text[at..]),
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ if c == escape && quote != Some('\'') => {
                if let Some((_, protected)) = chars.next() {
                    word.push(protected);
                }
            }
            _ => word.push(c),
        }
    }
    (word, "")
}

/// The values of an instruction's flags, in the order of `known`.
pub(crate) fn values<const N: usize>(
    flags: &[String],
    known: [&'static str; N],
) -> Result<[Option<String>; N]> {
    let mut values = [const { None }; N];
    for flag in flags {
        let text = flag.strip_prefix("--").unwrap_or(flag);
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let at = known.iter().position(|known| *known == name);
        let at = at.ok_or_else(|| Error::UnknownFlag(name.to_owned()))?;
        let value = value.ok_or_else(|| Error::FlagValue(name.to_owned()))?;
        if values[at].replace(value.to_owned()).is_some() {
            return Err(Error::FlagTwice(name.to_owned()));
        }
    }
    Ok(values)
}

/// Refuses every flag.
pub(crate) fn none(flags: &[String]) -> Result<()> {
    values(flags, []).map(drop)
}
