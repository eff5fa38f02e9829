//! `WWW-Authenticate` (RFC 9110 section 11.6.1).

/// Challenges read from one header value, and parameters of one challenge: real ones have one and four.
const CHALLENGES_MAX: usize = 16;
const PARAMETERS_MAX: usize = 32;

/// One way to authenticate that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// `basic`, `bearer`, in lower case.
    pub scheme: String,
    /// Names in lower case, values unquoted, in their order.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Reads every challenge of one header value; what does not fit the grammar ends the list.
    pub fn parse(value: &str) -> Vec<Challenge> {
        let mut challenges: Vec<Challenge> = Vec::new();
        let mut rest = skip_separators(value);
        while !rest.is_empty() && challenges.len() <= CHALLENGES_MAX {
            let Some((word, after)) = token(rest) else { break };
            if !after.trim_start_matches([' ', '\t']).starts_with('=') {
                challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                rest = skip_separators(skip_token68(after));
                continue;
            }
            let (Some((value, after)), Some(challenge)) = (parameter_value(after), challenges.last_mut())
            else {
                break;
            };
            if challenge.parameters.len() == PARAMETERS_MAX {
                break;
            }
            challenge.parameters.push((word.to_ascii_lowercase(), value));
            rest = after;
            rest = skip_separators(rest);
        }
        challenges.truncate(CHALLENGES_MAX);
        challenges
    }

    /// A parameter's value; the first one counts.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

fn skip_separators(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', ','])
}

/// A token and what follows it.
fn token(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| !is_token_byte(b)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The value after a parameter's name, if there is one: `= token` or `= "quoted"`.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start_matches([' ', '\t']).strip_prefix('=')?;
    let text = text.trim_start_matches([' ', '\t']);
    let Some(quoted) = text.strip_prefix('"') else {
        let (word, rest) = token(text)?;
        // `=` again or nothing that ends a parameter: this was a token68, not a parameter.
        return (!rest.starts_with('=')).then(|| (word.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

/// Some schemes carry one opaque word instead of parameters (`Negotiate abc==`).
fn skip_token68(text: &str) -> &str {
    let trimmed = text.trim_start_matches([' ', '\t']);
    let end = trimmed.find([',', ' ', '\t']).unwrap_or(trimmed.len());
    let word = &trimmed[..end];
    let bare = word.trim_end_matches('=');
    let opaque = !bare.is_empty()
        && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
        && (trimmed[end..].is_empty() || trimmed[end..].trim_start().starts_with(','));
    if opaque { &trimmed[end..] } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(value: &str) -> String {
        let one = |challenge: &Challenge| {
            let parameters: Vec<String> =
                challenge.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{}[{}]", challenge.scheme, parameters.join("|"))
        };
        Challenge::parse(value).iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn challenges_are_read() {
        let check = |value: &str, expect: &str| assert_eq!(show(value), expect, "{value:?}");
        check("", "");
        check("Basic realm=\"x\"", "basic[realm=x]");
        check("Basic", "basic[]");
        check("basic realm=x", "basic[realm=x]");
        check(
            "Bearer realm=\"https://auth/token\",service=\"reg\",scope=\"repository:a/b:pull,push\"",
            "bearer[realm=https://auth/token|service=reg|scope=repository:a/b:pull,push]",
        );
        check("Bearer realm=\"a\", Basic realm=\"b\"", "bearer[realm=a] basic[realm=b]");
        check("Basic realm=\"b\", Bearer realm = \"a\" , error=x", "basic[realm=b] bearer[realm=a|error=x]");
        check("Negotiate, Basic realm=\"b\"", "negotiate[] basic[realm=b]");
        check("Negotiate YII==, Basic realm=\"b\"", "negotiate[] basic[realm=b]");
        check("Basic realm=\"a \\\"quoted\\\" \\\\ one\"", "basic[realm=a \"quoted\" \\ one]");
        check("Basic realm=\"unclosed", "basic[]");
        check(",,Basic realm=\"x\",,", "basic[realm=x]");
        check("realm=\"x\"", "");
        check("\"", "");
    }

    #[test]
    fn the_number_of_challenges_is_bounded() {
        assert_eq!(Challenge::parse(&"Basic realm=\"x\", ".repeat(1000)).len(), CHALLENGES_MAX);
        let many = format!("Bearer {}", "a=b, ".repeat(1000));
        assert!(Challenge::parse(&many).iter().all(|c| c.parameters.len() <= PARAMETERS_MAX));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
            let _ = Challenge::parse(&text);
        }

        #[test]
        fn quoted_values_come_back(value in "[ -~é]{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let parsed = Challenge::parse(&format!("Bearer realm=\"{quoted}\",x=y"));
            prop_assert_eq!(parsed[0].parameter("realm"), Some(value.as_str()));
            prop_assert_eq!(parsed[0].parameter("x"), Some("y"));
        }
    }
}
