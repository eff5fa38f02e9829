//! Command lines as words.

/// Splits a line into words as a shell does: blanks separate, quotes hold together, a backslash takes the
/// next character as it is (within double quotes only before `"`, `\`, `$` and a backtick).
///
/// # Panics
/// When a quote is not closed.
pub fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            blank if blank.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let current = word.get_or_insert_default();
                current.extend(quoted(&mut characters, '\'', line));
            }
            '"' => {
                let current = word.get_or_insert_default();
                current.extend(quoted(&mut characters, '"', line));
            }
            '\\' => word.get_or_insert_default().extend(characters.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

fn quoted(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, end: char, line: &str) -> Vec<char> {
    let mut text = Vec::new();
    loop {
        let next = characters.next().unwrap_or_else(|| panic!("a quote that does not end in {line:?}"));
        let escaped = characters.peek().copied().filter(|c| r#""\$`"#.contains(*c));
        match (next, escaped) {
            ('\\', Some(character)) if end == '"' => {
                text.push(character);
                characters.next();
            }
            (character, _) if character == end => return text,
            (character, _) => text.push(character),
        }
    }
}

/// A word as a shell reads it back unchanged.
pub(crate) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_like_a_shell() {
        let check = |line: &str, expect: &[&str]| assert_eq!(split(line), expect, "{line}");
        check("", &[]);
        check("  images   -q ", &["images", "-q"]);
        check("images --format '{{.ID}} x'", &["images", "--format", "{{.ID}} x"]);
        check(r#"--format="{{json \"a\"}}""#, &[r#"--format={{json "a"}}"#]);
        check(r"a\ b '' 'it'\''s'", &["a b", "", "it's"]);
        check(r#""\n" '\'"#, &[r"\n", r"\"]);
        let word = "it's \"$HOME\" \\";
        check(&quote(word), &[word]);
    }

    #[test]
    #[should_panic(expected = "does not end")]
    fn refuses_an_open_quote() {
        split("a 'b");
    }
}
