//! Every template in `cases.jsonl` was given to the docker 28.2.2 command line, which talked to a server
//! that answers with `image.json` and lists like those in `shapes.rs`. Output, errors and exit codes have
//! to be the same. (Addresses, which Go prints for pointers inside structs, were replaced by ours.)

use go_template::{Error, Functions, MissingKey, Numbers, Object, Template, Value};

use crate::shapes;

struct Answer {
    stdout: String,
    stderr: String,
    exit: i64,
}

impl Answer {
    fn failed(stdout: &str, prefix: &str, error: &Error, exit: i64) -> Answer {
        Answer { stdout: stdout.to_owned(), stderr: format!("{prefix}{error}\n"), exit }
    }

    fn printed(stdout: String) -> Answer {
        Answer { stdout, stderr: String::new(), exit: 0 }
    }
}

#[test]
fn answers_are_dockers() {
    let image: serde_json::Value = serde_json::from_str(include_str!("image.json")).unwrap();
    let mut wrong = Vec::new();
    let mut total = 0;
    for line in include_str!("cases.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let format = case["format"].as_str().unwrap();
        let answer = match case["on"].as_str().unwrap() {
            "inspect" => inspect(&image, format),
            "images" => list(&image_rows(), format, "template parsing error: "),
            "ps" => list(&container_rows(), format, "failed to execute template: "),
            "info" => info(format),
            other => panic!("unknown command {other}"),
        };
        total += 1;
        let ours = (answer.stdout.as_str(), answer.stderr.as_str(), answer.exit);
        let theirs = (
            case["stdout"].as_str().unwrap(),
            case["stderr"].as_str().unwrap(),
            case["exit"].as_i64().unwrap(),
        );
        if ours != theirs {
            wrong.push(format!("{format}\n  ours   {ours:?}\n  docker {theirs:?}"));
        }
    }
    assert!(total > 150, "only {total} cases");
    assert!(wrong.is_empty(), "{} of {total} differ\n{}", wrong.len(), wrong.join("\n"));
}

/// First on the typed image, then on the raw document.
fn inspect(image: &serde_json::Value, format: &str) -> Answer {
    let template = match Template::parse(format, &Functions::docker()) {
        Ok(template) => template,
        Err(error) => return Answer::failed("", "template parsing error: ", &error, 64),
    };
    let mut out = String::new();
    if template.execute(shapes::image(image), &mut out).is_ok() {
        return Answer::printed(out + "\n");
    }
    out.clear();
    let raw = template.with_missing_key(MissingKey::Error);
    match raw.execute(Value::from_json(image, Numbers::Json), &mut out) {
        Ok(()) => Answer::printed(out + "\n"),
        Err(error) => Answer::failed("\n", "template parsing error: ", &error, 1),
    }
}

fn image_rows() -> [&'static dyn Object; 2] {
    [
        &shapes::ImageRow { repository: "redis", tag: "latest", id: "b0e7dc4060f0", size: "2.37MB" },
        &shapes::ImageRow { repository: "<none>", tag: "<none>", id: "a8239ec64567", size: "999B" },
    ]
}

fn container_rows() -> [&'static dyn Object; 1] {
    [&shapes::ContainerRow { labels: &[("com.a", "1"), ("com.b", "<two>")] }]
}

fn list(rows: &[&dyn Object], format: &str, failed: &str) -> Answer {
    let table = format.strip_prefix("table");
    let text = table.unwrap_or(format).trim_matches(' ').replace("\\t", "\t").replace("\\n", "\n");
    let template = match Template::parse(&text, &Functions::docker()) {
        Ok(template) => template,
        Err(error) => return Answer::failed("", "template parsing error: ", &error, 1),
    };
    let mut out = String::new();
    if table.is_some() {
        // Docker ignores what goes wrong in the heading.
        let _ = template.with_functions(&Functions::docker_headings()).execute(shapes::headings(), &mut out);
        out.push('\n');
    }
    for row in rows {
        if let Err(error) = template.execute(Value::Object(*row), &mut out) {
            return Answer::failed("", failed, &error, 1);
        }
        out.push('\n');
    }
    Answer::printed(out)
}

fn info(format: &str) -> Answer {
    let template = match Template::parse(format, &Functions::docker()) {
        Ok(template) => template,
        Err(error) => return Answer::failed("", "template parsing error: ", &error, 64),
    };
    let mut out = String::new();
    match template.execute(shapes::info(), &mut out) {
        Ok(()) => Answer::printed(out + "\n"),
        Err(error) => Answer::failed("\n", "", &error, 1),
    }
}
