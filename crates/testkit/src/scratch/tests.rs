use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::*;
use crate::skip::{installed, root};

/// A scratch whose program is a shell script; its words stand behind `sh -c SCRIPT strata`.
fn script(text: &str) -> Scratch {
    Scratch::new("/bin/sh").globals(&["-c", text, "strata"])
}

#[test]
fn keeps_streams_and_status_apart() {
    let outcome = script("echo out \"$2\"; echo err >&2; exit 3").run("one 'two  words'");
    outcome.expect_exit(3).expect_stdout("out two  words\n").expect_stderr("err\n");
    assert!(outcome.command.starts_with("strata"), "{}", outcome.command);
    let killed = script("kill -9 $$").run("");
    assert_eq!(killed.ended, Ended::Signal(9));
    assert_eq!(script("cat").run_with_input("", "in\n").stdout, "in\n");
    let outcome = script("echo $$ one; echo $$ >&2").run("");
    let pid = outcome.stderr.trim().to_owned();
    outcome.replacing(&pid, "PID").expect_stdout("PID one\n").expect_stderr("PID\n");
    let outcome = script("printf 'a\\377'").run("");
    assert_eq!((outcome.stdout.as_str(), &outcome.stdout_bytes[..]), ("a\u{fffd}", &b"a\xff"[..]));
}

#[test]
fn the_environment_is_fixed() {
    let scratch = script("env").env("MORE", "x").without_env("TMPDIR");
    let outcome = scratch.run("");
    let names: Vec<&str> = outcome.stdout.lines().filter_map(|line| line.split('=').next()).collect();
    let mut expect = ["DOCKER_CONFIG", "HOME", "LANG", "MORE", "PATH", "PWD", "STRATA_ROOT", "TZ"].to_vec();
    expect.retain(|name| names.contains(name) || *name != "PWD");
    let mut sorted: Vec<&str> = names.into_iter().filter(|name| *name != "_" && *name != "SHLVL").collect();
    sorted.sort_unstable();
    assert_eq!(sorted, expect);
    let scratch = script("pwd");
    scratch.run("").expect_stdout(&format!("{}\n", scratch.work().display()));
}

#[test]
fn shells_find_the_program_with_its_options() {
    let scratch = script("echo \"$@\" | tr a b");
    scratch.shell("strata a \"$(strata a)\" | cat; exit 4").expect_exit(4).expect_stdout("b b\n");
    let plain = Scratch::new("/bin/echo");
    let expect = format!("--daemon-config {} images\n", plain.path("daemon.json").display());
    plain.run("images").expect_stdout(&expect);
    plain.shell("strata images").expect_stdout(&expect);
}

#[test]
fn mirrors_are_in_the_configuration() {
    let registry = Registry::new();
    let scratch = Scratch::new("/bin/true").mirror(&registry);
    let text = fs::read_to_string(scratch.path("daemon.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["registry-mirrors"][0], registry.url());
    assert_eq!(value["registry-mirrors"][1], format!("gcr.io={}", registry.url()));
}

#[test]
fn kills_when_the_condition_holds() {
    let scratch = script("echo begun > begun; exec sleep 60");
    let file = scratch.work().join("begun");
    let (outcome, killed) = scratch.start("").kill_when(|| file.exists());
    assert_eq!((outcome.ended, killed), (Ended::Signal(9), true));
    let (outcome, killed) = script("exit 2").start("").kill_when(|| false);
    assert_eq!((outcome.ended, killed), (Ended::Exit(2), false));
}

#[test]
fn measures_the_child_alone() {
    // Memory of ours that must not be counted.
    let ballast = vec![1_u8; 200 << 20];
    let small = script("sleep 0.05").run("").usage;
    assert!(small.peak_rss_bytes > 100 << 10 && small.peak_rss_bytes < 50 << 20, "{small:?}");
    let busy = script(
        "head -c 1000000 /dev/zero | cat > sink; i=0; while [ $i -lt 200 ]; do echo x; i=$((i+1)); done; sleep 0.05",
    );
    let usage = busy.run("").usage;
    assert!(usage.write_calls >= 200 && usage.write_calls < 2000, "{usage:?}");
    assert_eq!(ballast[ballast.len() / 2], 1);
}

#[test]
fn runs_as_an_ordinary_user() {
    if !root() {
        return;
    }
    let scratch = script("id -u; id -g; id -G; umask; echo x > made").as_nobody().unwrap();
    scratch.run("").expect_success().expect_stdout("65534\n65534\n65534\n0077\n");
    let meta = fs::metadata(scratch.work().join("made")).unwrap();
    assert_eq!((meta.uid(), meta.mode() & 0o777), (65534, 0o600));
    // A program where an ordinary user cannot go.
    let hidden = tempfile::tempdir().unwrap();
    let program = hidden.path().join("program");
    fs::copy("/bin/echo", &program).unwrap();
    let scratch = Scratch::new(&program).as_nobody().unwrap().globals(&[]);
    scratch.run("hello").expect_success().expect_stdout("hello\n");
}

#[test]
fn gives_a_terminal() {
    if !installed("setsid") {
        return;
    }
    let scratch = script(
        "test -t 0 && test -t 1 && test -t 2 && stty size; printf '? '; read x; echo got $x > /dev/tty",
    );
    let mut terminal = scratch.on_terminal("", 57, 13);
    assert!(terminal.wait_for("? ", Duration::from_secs(10)), "{}", terminal.output());
    terminal.type_keys("yes\n");
    let outcome = terminal.wait();
    outcome.expect_success().expect_stdout("13 57\r\n? yes\r\ngot yes\r\n");
    let scratch = script("trap 'echo stopped; exit 7' INT; echo ready; while :; do sleep 0.01; done");
    let mut terminal = scratch.on_terminal("", 80, 24);
    assert!(terminal.wait_for("ready", Duration::from_secs(10)));
    terminal.type_keys("\x03");
    let outcome = terminal.wait();
    outcome.expect_exit(7);
    assert!(outcome.stdout.contains("stopped"), "{outcome}");
}
