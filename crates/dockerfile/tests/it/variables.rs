//! Replacing variables.

use serde_json::json;

use crate::applied;

/// Expands a word as the user's name, with `A=a`, `E=` and `S=x y` set.
fn check(word: &str, expect: Result<&str, &str>) {
    let result = applied(&[&format!("LABEL k={word}")], json!({"Env": ["A=a", "E=", "S=x y"]}));
    let value = result.map(|run| run["Labels"]["k"].as_str().unwrap_or_default().to_owned());
    assert_eq!(value, expect.map(str::to_owned).map_err(str::to_owned), "{word}");
}

#[test]
fn names_are_replaced() {
    check("$A", Ok("a"));
    check("${A}b", Ok("ab"));
    check("x$A.$E.$N.", Ok("xa..."));
    check("$S", Ok("x y"));
    check("'$A'", Ok("$A"));
    check("\"$A '$A'\"", Ok("a 'a'"));
    check("\\$A", Ok("$A"));
    check("\"\\$A \\x\"", Ok("$A \\x"));
    check("$", Ok("$"));
    check("$$", Ok(""));
    check("$1x$@$-", Ok("x"));
    check("a$.b", Ok("a$.b"));
}

#[test]
fn there_are_other_words() {
    check("${N:-w}${E:-w}${A:-w}", Ok("wwa"));
    check("${N-w}${E-w}${A-w}", Ok("wa"));
    check("${N:+w}.${E:+w}.${A:+w}", Ok("..w"));
    check("${N+w}.${E+w}.${A+w}", Ok(".w.w"));
    check("${A:?m}", Ok("a"));
    check("${E?m}", Ok(""));
    check("${N:-${E:-\"${A} b\"}}", Ok("a b"));
    check("${N:-\\}}", Ok("}"));
}

#[test]
fn what_is_wrong_is_said_in_docker_s_words() {
    let failed = |word: &str, reason: &str| {
        check(word, Err(&format!("failed to process {word:?}: {reason}")));
    };
    failed("${N:?gone}", "N: gone");
    failed("${N:?}", "N: is not allowed to be unset");
    failed("${E:?}", "E: is not allowed to be empty");
    failed("${A", "syntax error: missing '}'");
    failed("${A:-x", "syntax error: missing '}'");
    failed("${", "syntax error: missing '}'");
    failed("${}", "syntax error: bad substitution");
    failed("${:x}", "syntax error: bad substitution");
    failed("${A^}", "unsupported modifier (^) in substitution");
    failed("${A:x}", "unsupported modifier (:x) in substitution");
    failed("'a", "unexpected end of statement while looking for matching single-quote");
    failed("\"a", "unexpected end of statement while looking for matching double-quote");
}
