//! What runtimes say, in the words that Docker has for it.

use std::path::Path;

use serde_json::Value;

use super::Failure;

/// A configuration has some 20 KiB, and as much again for each hundred mounts.
const DOCUMENT_BYTES_MAX: u64 = 16 << 20;

/// What the runtime was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Making a container.
    Create,
    /// Running another program in it.
    Exec,
    /// Anything else.
    Other,
}

/// What was to be started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    name: String,
    cwd: String,
    is_dir: bool,
}

impl Program {
    /// That of a bundle's configuration.
    pub(super) fn of_bundle(config: &Path) -> Option<Program> {
        let document = read(config)?;
        let program = Program::of(&document["process"])?;
        let root = Path::new(document["root"]["path"].as_str()?);
        let is_dir = program.name.contains('/') && crate::oci::is_dir(root, &program.name);
        Some(Program { is_dir, ..program })
    }

    /// That of a document of a process.
    pub(super) fn of_process(process: &Path) -> Option<Program> {
        Program::of(&read(process)?)
    }

    fn of(process: &Value) -> Option<Program> {
        let name = process["args"][0].as_str()?.to_owned();
        Some(Program { name, cwd: process["cwd"].as_str()?.to_owned(), is_dir: false })
    }
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&disk::read_named(path, DOCUMENT_BYTES_MAX).ok()?).ok()
}

/// The last error of a log of JSON lines, else its last line.
pub(super) fn last_error(log: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(log);
    let mut last = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let value: Option<Value> = serde_json::from_str(line).ok();
        let is_error = |value: &Value| matches!(value["level"].as_str(), Some("error" | "fatal" | "ERROR"));
        match value {
            Some(value) if is_error(&value) => {
                let message = value["msg"].as_str().or(value["fields"]["message"].as_str());
                last = message.map(str::to_owned).or(last);
            }
            Some(_) => {}
            None => last = Some(line.to_owned()),
        }
    }
    last
}

/// Docker's words, and what sort of refusal it is.
pub(super) fn in_dockers_words(
    deed: Deed,
    runtime: &str,
    said: &str,
    program: Option<&Program>,
) -> (Failure, String) {
    let cause = cause(deed, said, program);
    let failure = Failure::by_words(&cause);
    let message = match deed {
        Deed::Create => format!(
            "failed to create task for container: failed to create shim task: OCI runtime create failed: {runtime} \
             create failed: {cause}"
        ),
        Deed::Exec => format!("OCI runtime exec failed: exec failed: {cause}"),
        Deed::Other => said.to_owned(),
    };
    (failure, message)
}

/// What is left when the names of the runtime's own steps are taken away.
fn cause(deed: Deed, said: &str, program: Option<&Program>) -> String {
    let said = said.trim_end_matches(": unknown");
    let own = ["runc run failed: ", "runc create failed: ", "exec failed: ", "container_linux.go: "];
    let said = own.iter().fold(said, |said, step| said.strip_prefix(step).unwrap_or(said));
    let started = "unable to start container process: ";
    let in_init = "error during container init: ";
    let begin = if deed == Deed::Create { format!("{started}{in_init}") } else { started.to_owned() };
    if let Some(cause) = of_crun(said, program) {
        return begin + &cause;
    }
    let Some(rest) = said.strip_prefix(started) else { return said.to_owned() };
    let rest = rest.strip_prefix(in_init).unwrap_or(rest);
    let denied = rest.strip_suffix("permission denied").filter(|_| !rest.contains("is a directory"));
    match denied {
        // Older runtimes do not look why.
        Some(before) if program.is_some_and(|program| program.is_dir) => {
            format!("{begin}{before}is a directory: permission denied")
        }
        _ => begin + rest,
    }
}

/// crun's words for what runc has words for.
fn of_crun(said: &str, program: Option<&Program>) -> Option<String> {
    let quoted = |prefix: &str| said.strip_prefix(prefix)?.split_once('`');
    let name = program.map(|program| program.name.as_str()).unwrap_or_default();
    if let Some((name, _)) = quoted("executable file `") {
        return Some(match name.contains('/') {
            true => format!("exec: \"{name}\": stat {name}: no such file or directory"),
            false => format!("exec: \"{name}\": executable file not found in $PATH"),
        });
    }
    if let Some(reason) = said.strip_prefix("open executable: ") {
        let is_dir = program.is_some_and(|program| program.is_dir);
        let directory = if is_dir { "is a directory: " } else { "" };
        return Some(format!("exec: \"{name}\": {directory}{}", reason.to_ascii_lowercase()));
    }
    if let Some((cwd, reason)) = quoted("chdir `")
        && program.is_some_and(|program| program.cwd == cwd)
    {
        let reason = reason.trim_start_matches(": ").to_ascii_lowercase();
        return Some(format!("chdir to cwd ({cwd:?}) set in config.json failed: {reason}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_end_with_what_went_wrong() {
        let check = |log: &str, expect: Option<&str>| {
            assert_eq!(last_error(log.as_bytes()).as_deref(), expect, "{log}");
        };
        check("", None);
        check("{\"level\":\"warning\",\"msg\":\"x\"}\n", None);
        check(
            "{\"level\":\"error\",\"msg\":\"a\"}\n{\"level\":\"error\",\"msg\":\"b\"}\n{\"level\":\"debug\",\"msg\":\"c\"}\n",
            Some("b"),
        );
        check("{\"msg\":\"crun\",\"level\":\"error\",\"time\":\"t\"}\n", Some("crun"));
        check("{\"level\":\"ERROR\",\"fields\":{\"message\":\"youki\"}}\n", Some("youki"));
        check("{\"level\":\"error\",\"msg\":\"a\"}\nplain words\n\n", Some("plain words"));
    }

    const NOT_FOUND: &str = "exec: \"nosuchcmd\": executable file not found in $PATH";
    const CREATE: &str = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc \
                          create failed: ";
    const EXEC: &str = "OCI runtime exec failed: exec failed: unable to start container process: ";

    #[test]
    fn words_of_every_runtime_are_dockers() {
        let check = |deed: Deed, said: &str, is_dir: bool, failure: Failure, expect: &str| {
            let program = Program { name: "/bin/x".to_owned(), cwd: "/nope".to_owned(), is_dir };
            let found = in_dockers_words(deed, "runc", said, Some(&program));
            assert_eq!(found, (failure, expect.to_owned()), "{said}");
        };
        let run = |said: &str| format!("runc run failed: unable to start container process: {said}");
        let init = |cause: &str| {
            format!("{CREATE}unable to start container process: error during container init: {cause}")
        };
        let create =
            |said: &str, failure, cause: &str| check(Deed::Create, said, false, failure, &init(cause));
        create(&run(NOT_FOUND), Failure::NotFound, NOT_FOUND);
        create(&run(&format!("error during container init: {NOT_FOUND}")), Failure::NotFound, NOT_FOUND);
        create(
            "executable file `nosuchcmd` not found in $PATH: No such file or directory",
            Failure::NotFound,
            NOT_FOUND,
        );
        let no_file = "exec: \"/nosuch\": stat /nosuch: no such file or directory";
        create(&run(no_file), Failure::NotFound, no_file);
        create(
            "executable file `/nosuch` not found in $PATH: No such file or directory",
            Failure::NotFound,
            no_file,
        );
        let denied = "exec: \"/bin/x\": permission denied";
        create(&run(denied), Failure::NotExecutable, denied);
        create("open executable: Permission denied", Failure::NotExecutable, denied);
        let folder = "exec: \"/bin/x\": is a directory: permission denied";
        check(Deed::Create, &run(denied), true, Failure::NotExecutable, &init(folder));
        check(Deed::Create, &run(folder), true, Failure::NotExecutable, &init(folder));
        check(
            Deed::Create,
            "open executable: Permission denied",
            true,
            Failure::NotExecutable,
            &init(folder),
        );
        let other = "container with given ID already exists";
        check(
            Deed::Create,
            &format!("runc run failed: {other}"),
            false,
            Failure::Other,
            &format!("{CREATE}{other}"),
        );

        let exec = |said: &str, failure, cause: &str| {
            check(Deed::Exec, said, false, failure, &format!("{EXEC}{cause}"))
        };
        exec(
            &format!("exec failed: unable to start container process: {NOT_FOUND}"),
            Failure::NotFound,
            NOT_FOUND,
        );
        exec(
            "executable file `nosuchcmd` not found in $PATH: No such file or directory",
            Failure::NotFound,
            NOT_FOUND,
        );
        let chdir = "chdir to cwd (\"/nope\") set in config.json failed: no such file or directory";
        exec(&format!("exec failed: unable to start container process: {chdir}"), Failure::NotFound, chdir);
        exec("chdir `/nope`: No such file or directory", Failure::NotFound, chdir);
        check(Deed::Other, "container does not exist", false, Failure::Other, "container does not exist");
    }
}
