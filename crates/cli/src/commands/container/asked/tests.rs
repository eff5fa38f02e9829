//! What `create` asks for, held against the requests that Docker's client 28 sent for the same arguments.
#![expect(clippy::disallowed_methods, reason = "tests write the files that options name")]
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use serde_json::{Map, Value};

use crate::commands::container::running::with_advice;
use crate::flags::{Parsed, parse};
use crate::{Context, Environment, Failure, Terminal, Ui};

/// One line of the table. `@` is the folder with the files.
struct Line {
    argv: Vec<String>,
    /// What differs from the request without options.
    asks: Option<BTreeMap<String, Value>>,
    exit: Option<u8>,
    error: Option<String>,
    /// Known to be otherwise here; a line that has become equal must lose the mark.
    differs: bool,
}

impl Line {
    fn parse(text: &str) -> Self {
        let line: Value = serde_json::from_str(text).expect("a line of the table");
        let words = line["argv"].as_array().expect("words").iter();
        let asks = line["asks"].as_object();
        Self {
            argv: words.map(|word| word.as_str().expect("a word").to_owned()).collect(),
            asks: asks.map(|asks| asks.clone().into_iter().collect()),
            exit: line["exit"].as_u64().and_then(|code| u8::try_from(code).ok()),
            error: line["error"].as_str().map(str::to_owned),
            differs: line["differs"] == true,
        }
    }
}

/// The folder that options name, as the recorded run had it.
pub(in crate::commands::container) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("env", "# remark\nA=1\n\nB=two words\nHOSTED\nUNSET_ONE\n"),
        ("badenv", "A b=1\n"),
        ("labels", "one=1\ntwo\n"),
        ("seccomp.json", "{ \"defaultAction\":  \"SCMP_ACT_ALLOW\" }\n"),
        ("badsec.json", "{"),
        ("cid", "x"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn asked(argv: &[String], folder: &Path) -> Result<Map<String, Value>, Failure> {
    let inside = |word: &String| word.replace("@/", &format!("{}/", folder.display()));
    let mut words = vec![OsString::from("create")];
    words.extend(argv.iter().map(inside).map(OsString::from));
    words.extend(["alpine", "true"].map(OsString::from));
    let env = Environment::Fixed(vec![("HOME", folder.into()), ("HOSTED", "here".into())]);
    let mut context = Context::new(Ui::captured(b"", Terminal::default()).0, env);
    let Parsed::Run(matches) = parse(crate::commands::root(), &words, &context.env)? else {
        return Err(Failure::silent(0));
    };
    super::check_possible(&matches)?;
    let engine = context.engine(&matches)?;
    let creation = super::creation(&matches, &mut context, &engine)
        .map_err(|failure| with_advice("create", failure, Failure::FLAG))?;
    let mut all = Map::new();
    let networks = serde_json::to_value(&creation.request.networks).expect("JSON");
    all.insert("NetworkingConfig.EndpointsConfig".to_owned(), networks);
    for (part, value) in [
        ("Config", serde_json::to_value(&creation.request.config)),
        ("HostConfig", serde_json::to_value(&creation.request.host_config)),
    ] {
        let Value::Object(fields) = value.expect("JSON") else { panic!("an object") };
        all.extend(fields.into_iter().map(|(key, value)| (format!("{part}.{key}"), value)));
    }
    Ok(all)
}

/// Sets as lists of their names, and structures without what says nothing: the record writes both otherwise.
fn alike(mut asks: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for (key, value) in &mut asks {
        match (key.as_str(), &mut *value) {
            ("Config.ExposedPorts" | "Config.Volumes", Value::Object(set)) => {
                *value = set.keys().cloned().map(Value::String).collect();
            }
            ("Config.Healthcheck", Value::Object(fields)) => drop_nothing(fields),
            ("HostConfig.Mounts" | "HostConfig.DeviceRequests", Value::Array(mounts)) => {
                mounts.iter_mut().filter_map(Value::as_object_mut).for_each(drop_nothing);
            }
            ("NetworkingConfig.EndpointsConfig", Value::Object(places)) => {
                places.values_mut().filter_map(Value::as_object_mut).for_each(drop_nothing);
            }
            _ => {}
        }
    }
    // Nothing to be protected by is told in two ways.
    asks.retain(|key, value| key != "HostConfig.SecurityOpt" || *value != Value::Array(Vec::new()));
    // One network of which nothing is asked is asked for by its name alone.
    asks.retain(|key, value| {
        key != "NetworkingConfig.EndpointsConfig" || *value != Value::Object(Map::new())
    });
    asks
}

fn drop_nothing(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Number(number) => number.as_i64() != Some(0),
    });
}

/// In words of the table: what is asked for beyond what is always asked for, or what is said.
fn answer(
    line: &Line,
    folder: &Path,
    plain: &Map<String, Value>,
) -> Result<BTreeMap<String, Value>, (u8, String)> {
    let work = std::env::current_dir().expect("a folder").display().to_string();
    let here = |text: &str| text.replace(&folder.display().to_string(), "@").replace(&work, "@");
    match asked(&line.argv, folder) {
        Ok(all) => {
            let beyond = all.into_iter().filter(|(key, value)| plain.get(key) != Some(value));
            let beyond: BTreeMap<String, Value> = beyond.collect();
            let text = here(&serde_json::to_string(&beyond).expect("JSON"));
            Ok(alike(serde_json::from_str(&text).expect("JSON")))
        }
        Err(failure) => Err((failure.exit, here(&failure.message.unwrap_or_default()))),
    }
}

fn expected(line: &Line) -> Result<BTreeMap<String, Value>, (u8, String)> {
    line.asks.clone().map(alike).ok_or_else(|| {
        let text = line.error.as_deref().unwrap_or_default().trim_end();
        (
            line.exit.unwrap_or_default(),
            text.replace("docker: ", "strata: ").replace("docker create", "strata create"),
        )
    })
}

#[test]
fn options_ask_for_what_dockers_client_asks_for() {
    let folder = folder();
    let plain = asked(&[], folder.path()).expect("a request");
    let mut wrong = Vec::new();
    for text in include_str!("../../../../tests/golden/create.jsonl").lines() {
        let line = Line::parse(text);
        let (is, should) = (answer(&line, folder.path(), &plain), expected(&line));
        if (is == should) == line.differs {
            wrong.push(format!("{}\n    is     {is:?}\n    should {should:?}", line.argv.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn only_run_gives_advice_once_options_are_understood() {
    let check = |command: &str, expect: (u8, &str)| {
        let folder = folder();
        let file = folder.path().join("cid");
        let words = [command, "--cidfile", &file.display().to_string(), "alpine", "true"].map(OsString::from);
        let env = Environment::Fixed(vec![("HOME", folder.path().into())]);
        let (ui, _, said) = Ui::captured(b"", Terminal::default());
        let exit = crate::run(&words, &mut Context::new(ui, env));
        assert_eq!((exit, &*said.text().replace(&file.display().to_string(), "cid")), expect, "{command}");
    };
    let found = "container ID file found, make sure the other container isn't running or delete cid\n";
    check("create", (1, found));
    check("run", (125, &format!("strata: {found}\nRun 'strata run --help' for more information\n")));
}
