//! Patterns of `--filter reference=`, as Go's `path.Match` reads them.

/// A pattern that cannot be read; Go's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// A checked pattern: `*` and `?` stand for anything but `/`, `[a-c]` and `[^a]` for one of a set, `\` takes
/// the next character as it is. There is no `**`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    AnyRun,
    AnyOne,
    One(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When a set is not closed or empty, or the escape has nothing to escape.
    pub fn parse(text: &str) -> Result<Pattern, BadPattern> {
        let mut letters = text.chars().peekable();
        let mut parts = Vec::new();
        while let Some(letter) = letters.next() {
            parts.push(match letter {
                '*' => Part::AnyRun,
                '?' => Part::AnyOne,
                '\\' => Part::One(letters.next().ok_or(BadPattern)?),
                '[' => parse_set(&mut letters)?,
                other => Part::One(other),
            });
        }
        Ok(Pattern(parts))
    }

    /// Whether the whole text fits. Linear in pattern times text, whatever the pattern.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut part, mut at) = (0, 0);
        // Where to go on when what was tried after the last `*` does not fit.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match self.0.get(part) {
                Some(Part::AnyRun) => {
                    retry = Some((part, at));
                    part += 1;
                    continue;
                }
                Some(other) if text.get(at).is_some_and(|letter| other.fits(*letter)) => {
                    part += 1;
                    at += 1;
                    continue;
                }
                None if at == text.len() => return true,
                _ => {}
            }
            match retry {
                Some((star, from)) if text.get(from).is_some_and(|letter| *letter != '/') => {
                    retry = Some((star, from + 1));
                    part = star + 1;
                    at = from + 1;
                }
                _ => return false,
            }
        }
    }
}

impl Part {
    fn fits(&self, letter: char) -> bool {
        match self {
            Part::AnyRun => false,
            Part::AnyOne => letter != '/',
            Part::One(one) => *one == letter,
            Part::Set { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter)) != *negated
            }
        }
    }
}

fn parse_set(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Part, BadPattern> {
    let negated = letters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if letters.next_if_eq(&']').is_some() {
            return if ranges.is_empty() { Err(BadPattern) } else { Ok(Part::Set { negated, ranges }) };
        }
        let low = set_letter(letters)?;
        let high = if letters.next_if_eq(&'-').is_some() { set_letter(letters)? } else { low };
        ranges.push((low, high));
    }
}

fn set_letter(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, BadPattern> {
    match letters.next() {
        Some('\\') => letters.next().ok_or(BadPattern),
        Some('-' | ']') | None => Err(BadPattern),
        Some(letter) => Ok(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_as_in_go() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(text), expect, "{pattern} {text}");
        };
        check("*:latest", "alpine:latest", true);
        check("*:latest", "a/b:latest", false);
        check("*", "alpine", true);
        check("*/*", "a/b", true);
        check("*/*", "a/b/c", false);
        check("nigelpoulton/tu-demo:v[12]", "nigelpoulton/tu-demo:v2", true);
        check("a[^b-c]", "ab", false);
        check("a[^b-c]", "ad", true);
        check("a?c", "abc", true);
        check("a?c", "a/c", false);
        check("\\*", "*", true);
        check("\\*", "x", false);
        check("a*b*c", "aXbYbZc", true);
        check("a*b*c", "aXbYbZ", false);
        check("", "", true);
        check("", "x", false);
        check(&("*a".repeat(60) + "b"), &"a".repeat(5000), false);
        for bad in ["[", "[]", "[a", "[a-", "[a-]", "[-a]", "\\", "a[\\", "[^]", "[]a]"] {
            assert_eq!(Pattern::parse(bad), Err(BadPattern), "{bad}");
        }
    }
}
