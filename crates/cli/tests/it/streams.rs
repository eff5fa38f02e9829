//! What happens to the standard streams: a reader that goes away, a full disk, and the real process's edge.
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

use cli::{Capture, Context, Environment, Terminal, Ui};

/// A standard output that fails.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn help_into(kind: io::ErrorKind) -> (u8, String) {
    let err = Capture::default();
    let ui =
        Ui::new(Box::new(io::empty()), Box::new(Broken(kind)), Box::new(err.clone()), Terminal::default());
    let mut context = Context::new(ui, Environment::Fixed(Vec::new()));
    (cli::run(&["--help".into()], &mut context), err.text())
}

#[test]
fn a_reader_that_goes_away_is_a_success() {
    assert_eq!(help_into(io::ErrorKind::BrokenPipe), (0, String::new()));
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let (exit, err) = help_into(io::ErrorKind::StorageFull);
    assert_eq!((exit, &*err), (1, "write /dev/stdout: no storage space\n"));
}

#[test]
fn a_stream_that_nobody_reads_fails_its_writer() {
    let mut ui = Ui::new(
        Box::new(io::empty()),
        Box::new(Broken(io::ErrorKind::BrokenPipe)),
        Box::new(Capture::default()),
        Terminal::default(),
    );
    let written = io::copy(&mut io::repeat(0).take(1 << 20), &mut ui.out());
    assert_eq!(written.map_err(|e| e.kind()), Err(io::ErrorKind::BrokenPipe));
}

#[test]
fn the_process_survives_a_closed_pipe() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_strata"))
        .args(["completion", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("strata starts");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("stderr").read_to_string(&mut err).expect("stderr is text");
    assert_eq!((child.wait().expect("strata ends").code(), &*err), (Some(0), ""));
}

#[test]
fn the_process_reports_a_full_disk() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        return eprintln!("skipped: no /dev/full here");
    };
    let ran = Command::new(env!("CARGO_BIN_EXE_strata")).arg("--help").stdout(full).output();
    let ran = ran.expect("strata runs");
    let err = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!((ran.status.code(), &*err), (Some(1), "write /dev/stdout: no space left on device\n"));
}

#[test]
fn talk_comes_after_what_was_printed_before_it() {
    let both = Capture::default();
    let mut ui =
        Ui::new(Box::new(io::empty()), Box::new(both.clone()), Box::new(both.clone()), Terminal::default());
    ui.line("data");
    ui.talk("talk");
    ui.line("more data");
    assert!(ui.finish().is_ok());
    assert_eq!(both.text(), "data\ntalk\nmore data\n");
}

#[test]
fn only_y_is_a_yes() {
    let check = |typed: &'static [u8], expect: bool| {
        let (mut ui, out, _) = Ui::captured(typed, Terminal::default());
        assert_eq!(ui.confirm("WARNING! Gone.\nContinue?"), expect, "{typed:?}");
        assert_eq!(out.text(), "WARNING! Gone.\nContinue? [y/N] ");
    };
    check(b"y\n", true);
    check(b" Y \r\n", true);
    check(b"y", true);
    check(b"yes\n", false);
    check(b"n\n", false);
    check(b"\n", false);
    check(b"", false);
    check(b"\xff\n", false);
}

#[test]
fn colours_need_a_terminal_and_leave() {
    let check = |output, no_color, expect| {
        let (ui, ..) = Ui::captured(b"", Terminal { output, no_color, ..Terminal::default() });
        assert_eq!(ui.color(), expect);
    };
    check(true, false, true);
    check(true, true, false);
    check(false, false, false);
}
