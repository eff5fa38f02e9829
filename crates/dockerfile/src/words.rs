//! Words of arguments: blanks divide them, quotes and the escape character protect blanks. Quotes stay until
//! variables are replaced.

use crate::error::{Error, Result};
use crate::quote::quote;

const BLANK: [char; 5] = ['\t', '\x0b', '\x0c', '\r', ' '];

/// Words with quotes and escapes.
pub(crate) fn quoted(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        if c == escape && quote != Some('\'') {
            // One at the very end protects nothing and is dropped.
            let Some(protected) = chars.next() else { break };
            word.extend([c, protected]);
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Words without any protection.
pub(crate) fn plain(text: &str) -> Vec<String> {
    text.split(BLANK).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// `name=value …`, or the old `name value`.
pub(crate) fn pairs(text: &str, instruction: &'static str, escape: char) -> Result<Vec<(String, String)>> {
    let words = quoted(text, escape);
    let Some(first) = words.first() else {
        return Err(Error::Arguments { instruction, wants: "at least one argument" });
    };
    if !first.contains('=') {
        let (name, value) = text.split_once(BLANK).ok_or(Error::NoValue(instruction))?;
        return Ok(vec![(name.to_owned(), value.trim_start_matches(BLANK).to_owned())]);
    }
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').ok_or_else(|| Error::NoEquals(quote(word)))?;
        match name {
            "" => Err(Error::BlankName(instruction)),
            name => Ok((name.to_owned(), value.to_owned())),
        }
    };
    words.iter().map(pair).collect()
}
