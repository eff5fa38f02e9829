//! Replacing variables and taking quotes away, by the rules of Docker's own lexer.
//!
//! `$name` and `${name}`; `${name:-word}` and its relatives with `-`, `+` and `?`, with and without the colon,
//! whose words may have variables in turn. Names of one special character or of digits are variables that are
//! never set.

use std::iter::Peekable;
use std::str::Chars;

use crate::error::{Error, Result};
use crate::limits::{EXPANDED_BYTES_MAX, EXPANDED_WORD_BYTES_MAX, SUBSTITUTION_DEPTH_MAX};
use crate::quote::quote;

/// Replaces variables in the words of one text.
pub(crate) struct Expander {
    escape: char,
    /// Bytes that came out so far.
    bytes: usize,
}

/// The value of a variable, if it is set.
pub(crate) type Lookup<'v> = dyn Fn(&str) -> Option<&'v str> + 'v;

impl Expander {
    pub(crate) fn new(escape: char) -> Expander {
        Expander { escape, bytes: 0 }
    }

    /// A word with its variables replaced and its quotes taken away.
    pub(crate) fn word(&mut self, word: &str, lookup: &Lookup<'_>) -> Result<String> {
        let expanded = self.run(word, lookup)?.whole;
        self.count(expanded.len())?;
        Ok(expanded)
    }

    /// As [`Expander::word`], then divided at the blanks that variables brought in.
    pub(crate) fn words(&mut self, word: &str, lookup: &Lookup<'_>) -> Result<Vec<String>> {
        let words = self.run(word, lookup)?.into_words();
        self.count(words.iter().map(String::len).sum())?;
        Ok(words)
    }

    fn run(&self, word: &str, lookup: &Lookup<'_>) -> Result<Output> {
        let mut lexer = Lexer { chars: word.chars().peekable(), escape: self.escape, lookup, depth: 0 };
        lexer.until(None).map_err(|fault| match fault {
            Fault::Limit(error) => error,
            Fault::Syntax(reason) => Error::Expand { word: quote(word), reason },
        })
    }

    fn count(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        let (limit, max) = ("EXPANDED_BYTES_MAX", EXPANDED_BYTES_MAX);
        match self.bytes > max {
            true => Err(Error::Limit { what: "bytes of expanded words", limit, max, found: self.bytes }),
            false => Ok(()),
        }
    }
}

enum Fault {
    Limit(Error),
    Syntax(String),
}

impl Fault {
    fn syntax(text: &str) -> Fault {
        Fault::Syntax(text.to_owned())
    }
}

/// What comes out: the whole, and where blanks that are not protected divide it.
#[derive(Default)]
struct Output {
    whole: String,
    words: Vec<String>,
    word: String,
}

impl Output {
    /// Takes text in which blanks divide words.
    fn push_divisible(&mut self, text: &str) -> Result<(), Fault> {
        for c in text.chars() {
            if !c.is_whitespace() {
                self.word.push(c);
            } else if !self.word.is_empty() {
                self.words.push(std::mem::take(&mut self.word));
            }
        }
        self.push_whole(text)
    }

    /// Takes text that stays together.
    fn push(&mut self, text: &str) -> Result<(), Fault> {
        self.word.push_str(text);
        self.push_whole(text)
    }

    fn push_whole(&mut self, text: &str) -> Result<(), Fault> {
        self.whole.push_str(text);
        if self.whole.len() <= EXPANDED_WORD_BYTES_MAX {
            return Ok(());
        }
        Err(Fault::Limit(Error::Limit {
            what: "bytes of an expanded word",
            limit: "EXPANDED_WORD_BYTES_MAX",
            max: EXPANDED_WORD_BYTES_MAX,
            found: self.whole.len(),
        }))
    }

    fn into_words(mut self) -> Vec<String> {
        if !self.word.is_empty() {
            self.words.push(self.word);
        }
        self.words
    }
}

struct Lexer<'l, 'v> {
    chars: Peekable<Chars<'l>>,
    escape: char,
    lookup: &'l Lookup<'v>,
    depth: usize,
}

impl Lexer<'_, '_> {
    /// Reads up to `stop`, which is taken too, or to the end of the word.
    fn until(&mut self, stop: Option<char>) -> Result<Output, Fault> {
        let mut output = Output::default();
        let mut piece = [0; 4];
        while let Some(&c) = self.chars.peek() {
            if Some(c) == stop {
                self.chars.next();
                return Ok(output);
            }
            match c {
                '\'' => output.push(&self.single_quoted()?)?,
                '"' => output.push(&self.double_quoted()?)?,
                '$' => output.push_divisible(&self.variable()?)?,
                c if c == self.escape => {
                    self.chars.next();
                    let Some(protected) = self.chars.next() else { break };
                    output.push(protected.encode_utf8(&mut piece))?;
                }
                c => {
                    self.chars.next();
                    output.push_divisible(c.encode_utf8(&mut piece))?;
                }
            }
        }
        match stop {
            None => Ok(output),
            Some(_) => Err(Fault::syntax("syntax error: missing '}'")),
        }
    }

    fn single_quoted(&mut self) -> Result<String, Fault> {
        self.chars.next();
        let mut text = String::new();
        for c in self.chars.by_ref() {
            match c {
                '\'' => return Ok(text),
                c => text.push(c),
            }
        }
        Err(Fault::syntax("unexpected end of statement while looking for matching single-quote"))
    }

    fn double_quoted(&mut self) -> Result<String, Fault> {
        self.chars.next();
        let mut output = Output::default();
        let mut piece = [0; 4];
        while let Some(&c) = self.chars.peek() {
            match c {
                '$' => {
                    output.push(&self.variable()?)?;
                    continue;
                }
                '"' => {
                    self.chars.next();
                    return Ok(output.whole);
                }
                c if c == self.escape => {
                    self.chars.next();
                    let escape = self.escape;
                    let protected = self.chars.next_if(|&next| next == '"' || next == '$' || next == escape);
                    match (protected, self.chars.peek()) {
                        (Some(c), _) => output.push(c.encode_utf8(&mut piece))?,
                        (None, Some(_)) => output.push(escape.encode_utf8(&mut piece))?,
                        (None, None) => {}
                    }
                }
                c => {
                    self.chars.next();
                    output.push(c.encode_utf8(&mut piece))?;
                }
            }
        }
        Err(Fault::syntax("unexpected end of statement while looking for matching double-quote"))
    }

    /// The value of what begins with a dollar sign.
    fn variable(&mut self) -> Result<String, Fault> {
        self.chars.next();
        if self.chars.next_if_eq(&'{').is_none() {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            return Ok((self.lookup)(&name).unwrap_or_default().to_owned());
        }
        match self.chars.peek() {
            None => return Err(Fault::syntax("syntax error: missing '}'")),
            Some('{' | '}' | ':') => return Err(Fault::syntax("syntax error: bad substitution")),
            Some(_) => {}
        }
        let name = self.name();
        let mut modifier = String::new();
        modifier.extend(self.chars.next());
        match modifier.as_str() {
            "" => return Err(Fault::syntax("syntax error: missing '}'")),
            "}" => return Ok((self.lookup)(&name).unwrap_or_default().to_owned()),
            ":" => modifier.extend(self.chars.next()),
            _ => {}
        }
        self.substitute(&name, &modifier)
    }

    /// The value of `${name` `modifier` `word}`, of which the word is still to come.
    fn substitute(&mut self, name: &str, modifier: &str) -> Result<String, Fault> {
        let Some(how @ ('-' | '+' | '?')) = modifier.chars().last() else {
            return Err(Fault::Syntax(format!("unsupported modifier ({modifier}) in substitution")));
        };
        self.depth += 1;
        if self.depth > SUBSTITUTION_DEPTH_MAX {
            let (limit, max) = ("SUBSTITUTION_DEPTH_MAX", SUBSTITUTION_DEPTH_MAX);
            return Err(Fault::Limit(Error::Limit { what: "depth", limit, max, found: self.depth }));
        }
        let word = self.until(Some('}'))?.whole;
        self.depth -= 1;
        let value = (self.lookup)(name);
        let usable = value.filter(|value| !modifier.starts_with(':') || !value.is_empty());
        match (how, usable) {
            ('-', usable) => Ok(usable.map_or(word, str::to_owned)),
            ('+', Some(_)) => Ok(word),
            ('+', None) => Ok(String::new()),
            (_, Some(value)) => Ok(value.to_owned()),
            (_, None) if !word.is_empty() => Err(Fault::Syntax(format!("{name}: {word}"))),
            (_, None) => {
                let what = if value.is_some() { "empty" } else { "unset" };
                Err(Fault::Syntax(format!("{name}: is not allowed to be {what}")))
            }
        }
    }

    /// Letters, digits and `_`; or digits alone; or one of the special characters.
    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.chars.peek() {
            Some(c) if c.is_numeric() => {
                while let Some(digit) = self.chars.next_if(|c| c.is_numeric()) {
                    name.push(digit);
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => name.extend(self.chars.next()),
            _ => {
                while let Some(c) = self.chars.next_if(|&c| c.is_alphanumeric() || c == '_') {
                    name.push(c);
                }
            }
        }
        name
    }
}
