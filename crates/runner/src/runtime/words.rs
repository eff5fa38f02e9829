//! What runtimes say, in the words that Docker has for it.

use super::Failure;

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

/// The last error of a log of JSON lines, else its last line.
pub(super) fn last_error(log: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(log);
    let mut last = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
        let of_level = |value: &serde_json::Value| value["level"] == "error" || value["level"] == "fatal";
        match value {
            Some(value) if of_level(&value) => last = value["msg"].as_str().map(str::to_owned),
            Some(_) => {}
            None => last = Some(line.to_owned()),
        }
    }
    last
}

/// Docker's words, and what sort of refusal it is.
pub(super) fn in_dockers_words(deed: Deed, runtime: &str, said: &str) -> (Failure, String) {
    let cause = cause(deed, said);
    let failure = match cause.as_str() {
        text if text.contains("executable file not found") || text.contains("no such file or directory") => {
            Failure::NotFound
        }
        text if text.contains("permission denied") || text.contains("is a directory") => {
            Failure::NotExecutable
        }
        _ => Failure::Other,
    };
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
fn cause(deed: Deed, said: &str) -> String {
    let said = said.trim_end_matches(": unknown");
    let own = ["runc run failed: ", "runc create failed: ", "exec failed: ", "container_linux.go: "];
    let said = own.iter().fold(said, |said, step| said.strip_prefix(step).unwrap_or(said));
    let in_init = match deed {
        Deed::Create => "unable to start container process: error during container init: ",
        _ => "unable to start container process: ",
    };
    if let Some(name) = said.strip_prefix("executable file `").and_then(|rest| rest.split_once('`')) {
        return format!("{in_init}exec: \"{}\": executable file not found in $PATH", name.0);
    }
    match said.strip_prefix("unable to start container process: exec: ") {
        Some(rest) => format!("{in_init}exec: {rest}"),
        None => said.to_owned(),
    }
}
