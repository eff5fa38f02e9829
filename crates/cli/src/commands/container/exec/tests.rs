//! What `exec` asks for, held against the requests that Docker's client 28 sent for the same arguments.
use std::ffi::OsString;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Wanted, wanted};
use crate::commands::container::asked::files_of_options;
use crate::flags::{Parsed, parse};
use crate::{Context, Environment, Failure, Terminal, Ui};

fn asked(argv: &[String], folder: &Path) -> Result<Wanted, Failure> {
    let inside = |word: &String| word.replace("@/", &format!("{}/", folder.display()));
    let mut words = vec![OsString::from("exec")];
    words.extend(argv.iter().map(inside).map(OsString::from));
    let env = Environment::Fixed(vec![("HOME", folder.into()), ("HOSTED", "here".into())]);
    let context = Context::new(Ui::captured(b"", Terminal::default()).0, env);
    let Parsed::Run(matches) = parse(crate::commands::root(), &words, &context.env)? else {
        return Err(Failure::silent(0));
    };
    wanted(&matches, &context)
}

/// In the words of Docker's API, without what says nothing.
fn request(wanted: &Wanted) -> Map<String, Value> {
    let (process, attach) = (&wanted.exec.process, wanted.exec.attach);
    let Value::Object(mut fields) = json!({
        "Cmd": process.argv,
        "Env": process.env,
        "User": process.user,
        "WorkingDir": process.workdir,
        "Privileged": process.privileged,
        "Tty": process.tty,
        "AttachStdin": attach.is_some_and(|attach| attach.stdin),
        "AttachStdout": attach.is_some_and(|attach| attach.stdout),
        "AttachStderr": attach.is_some_and(|attach| attach.stderr),
        "Detach": attach.is_none(),
        "DetachKeys": wanted.keys,
    }) else {
        panic!("an object")
    };
    fields.retain(|_, value| {
        !matches!(value, Value::Null | Value::Bool(false)) && *value != "" && *value != json!([])
    });
    fields
}

#[test]
fn options_ask_for_what_dockers_client_asks_for() {
    let folder = files_of_options();
    let at = folder.path().display().to_string();
    let mut wrong = Vec::new();
    for text in include_str!("../../../../tests/golden/exec.jsonl").lines() {
        let line: Value = serde_json::from_str(text).expect("a line of the table");
        let argv: Vec<String> = serde_json::from_value(line["argv"].clone()).expect("words");
        let is = match asked(&argv, folder.path()) {
            Ok(wanted) => json!({ "asks": request(&wanted) }),
            Err(failure) => {
                json!({"exit": failure.exit, "error": failure.message.unwrap_or_default().replace(&at, "@")})
            }
        };
        let should = match line["error"].as_str() {
            Some(error) => {
                let error = error.trim_end().replace("docker", "strata");
                json!({"exit": line["exit"], "error": error})
            }
            None => json!({"asks": line["asks"]}),
        };
        if is != should {
            wrong.push(format!("{}\n    is     {is}\n    should {should}", argv.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}
