//! No input makes the crate panic, whatever else it makes of it.

use go_template::{Functions, MissingKey, Numbers, Template, Value};
use proptest::prelude::*;

use crate::shapes;

/// Parses and, if it can, executes on all kinds of data.
fn try_all(text: &str) {
    let Ok(template) = Template::parse(text, &Functions::docker()) else { return };
    let image: serde_json::Value = serde_json::from_str(include_str!("image.json")).unwrap();
    let mut out = String::new();
    let _ = template.execute(shapes::image(&image), &mut out);
    let raw = template.with_missing_key(MissingKey::Error);
    let _ = raw.execute(Value::from_json(&image, Numbers::Json), &mut out);
    let zero = template.with_missing_key(MissingKey::Zero);
    let _ = zero.execute(Value::from_json(&image, Numbers::Float), &mut out);
    let _ = template.with_functions(&Functions::docker_headings()).execute(shapes::headings(), &mut out);
    let _ = template.execute(Value::Nil, &mut out);
}

/// A template from the recorded cases.
fn recorded() -> impl Strategy<Value = String> {
    let formats: Vec<String> = include_str!("cases.jsonl")
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|case| case["format"].as_str().map(str::to_owned))
        .collect();
    proptest::sample::select(formats)
}

/// Pieces that matter to the language.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "{{",
            "}}",
            "{{-",
            "-}}",
            "(",
            ")",
            "|",
            " ",
            "\n",
            ":=",
            "=",
            ",",
            ".",
            "$",
            "$x",
            "\"",
            "`",
            "'",
            "/*",
            "*/",
            "if ",
            "range ",
            "with ",
            "else ",
            "end",
            "define \"d\"",
            "template \"d\" ",
            "block \"d\" ",
            "break",
            "continue",
            "nil",
            "true",
            "1",
            "-1",
            "0x",
            "1e",
            "printf \"%v\" ",
            "index ",
            "slice ",
            "json ",
            ".Os",
            ".Config",
            ".RepoTags",
            "%",
            "%d",
            "[1]",
            "é",
            "\u{0}",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        try_all(&text);
        try_all(&format!("{{{{{text}}}}}"));
    }

    #[test]
    fn pieces_of_the_language_in_any_order(pieces in proptest::collection::vec(piece(), 0..20)) {
        let text = pieces.concat();
        try_all(&text);
        try_all(&format!("{{{{{text}}}}}"));
    }

    #[test]
    fn mutated_templates(text in recorded(), edits in proptest::collection::vec((any::<usize>(), piece(), any::<bool>()), 1..4)) {
        let mut characters: Vec<char> = text.chars().collect();
        for (at, piece, removes) in edits {
            let at = at % (characters.len() + 1);
            if removes && at < characters.len() {
                characters.remove(at);
            } else {
                let tail = characters.split_off(at);
                characters.extend(piece.chars().chain(tail));
            }
        }
        try_all(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn any_printf_format(format in "[%#+\\-0 *.\\[\\]1-9vTdsqxXobcUeEfFgGtpw! é]{0,12}", text in any::<String>(), number in any::<i64>(), float in any::<f64>()) {
        let template = Template::parse("{{printf (index . 0) (index . 1) (index . 2) (index . 3)}}", &Functions::docker()).unwrap();
        let data = Value::list(
            &go_template::Type::Any,
            [Value::from(&format), Value::from(&text), Value::int(number), Value::Float(float)],
        );
        template.execute(data, &mut String::new()).unwrap();
    }

    #[test]
    fn json_can_be_read_back(text in any::<String>(), number in any::<i64>(), float in proptest::num::f64::NORMAL) {
        let value = Value::list(&go_template::Type::Any, [Value::from(&text), Value::int(number), Value::Float(float)]);
        for escape in [go_template::HtmlEscape::On, go_template::HtmlEscape::Off] {
            let json = go_template::to_json(&value, escape).unwrap();
            let back: (String, i64, f64) = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&back.0, &text);
            prop_assert_eq!(back.1, number);
            prop_assert!((back.2 - float).abs() <= float.abs() * 1e-15);
        }
    }
}
