//! No text makes the crate panic, whatever else it makes of it.

use dockerfile::Changes;
use proptest::prelude::*;
use serde_json::{Map, Value};

fn try_all(text: &str) -> Option<Map<String, Value>> {
    let changes = Changes::parse(&[text.to_owned()]).ok()?;
    let mut run = Map::new();
    changes.apply(&mut run).ok()?;
    Some(run)
}

fn piece() -> impl Strategy<Value = String> {
    let known = [
        "CMD ",
        "ENTRYPOINT ",
        "ENV ",
        "EXPOSE ",
        "LABEL ",
        "ONBUILD ",
        "USER ",
        "VOLUME ",
        "WORKDIR ",
        "HEALTHCHECK ",
        "STOPSIGNAL ",
        "SHELL ",
        "NONE",
        "--interval=",
        "--",
        "\n",
        "\r\n",
        " ",
        "\\",
        "`",
        "\"",
        "'",
        "$",
        "${",
        "}",
        ":-",
        ":?",
        "+",
        "[",
        "]",
        ",",
        "=",
        "A",
        "$A",
        "80",
        "-",
        "/udp",
        ":",
        "# escape=`",
        "#",
        "5s",
        "é",
        "\u{feff}",
        "\0",
        "\u{2003}",
        "..",
    ];
    prop_oneof![
        4 => proptest::sample::select(known.map(str::to_owned).to_vec()),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn nothing_panics(pieces in proptest::collection::vec(piece(), 0..30)) {
        let _ = try_all(&pieces.concat());
    }

    #[test]
    fn any_value_comes_through_quotes(value in "[^\\x00\\n\\r]*") {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        let run = try_all(&format!("ENV A=\"{quoted}\"")).unwrap();
        prop_assert_eq!(&run["Env"][0], &Value::from(format!("A={value}")));
    }

    #[test]
    fn any_words_come_through_json(words in proptest::collection::vec(any::<String>(), 1..5)) {
        let run = try_all(&format!("CMD {}", serde_json::to_string(&words).unwrap())).unwrap();
        prop_assert_eq!(&run["Cmd"], &Value::from(words));
    }
}
