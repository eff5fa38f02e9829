//! The programs that everybody uses, where they are installed.

use std::process::Command;

use testkit::Scratch;
use testkit::scratch::split;
use testkit::skip::installed;

use crate::server::{Server, push, scratch};

/// Runs a program at home in the scratch; what it printed.
fn run(scratch: &Scratch, line: &str) -> String {
    let words = split(line);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(scratch.work());
    command.env("HOME", scratch.home()).env("XDG_RUNTIME_DIR", scratch.home());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn skopeo_copies_what_strata_pushed() {
    if !installed("skopeo") {
        return;
    }
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    let digest = push(&scratch, &server, "team/app:1", 1);
    let host = &server.host;
    let (from, to) = (format!("docker://{host}/team/app:1"), format!("docker://{host}/copy/app:2"));
    run(
        &scratch,
        &format!(
            "skopeo copy -q --preserve-digests --src-tls-verify=false --dest-tls-verify=false {from} {to}"
        ),
    );
    let seen = run(&scratch, &format!("skopeo inspect --tls-verify=false --format {{{{.Digest}}}} {to}"));
    assert_eq!(seen.trim(), digest);
    scratch.run("registry ls copy/app --root ../registry").expect_stdout("2\n");
}

#[test]
fn podman_finds_what_was_described() {
    if !installed("podman") {
        return;
    }
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    push(&scratch, &server, "library/app:latest", 1);
    scratch.run("registry describe library/app --description Good --root ../registry").expect_success();
    let root = scratch.path("podman");
    let line = format!(
        "podman --root {} search --tls-verify=false --format '{{{{.Name}}}} {{{{.Description}}}}' {}/app",
        root.display(),
        server.host
    );
    let found = run(&scratch, &line);
    assert!(found.contains("app Good"), "{found}");
}
