//! What a command said, as lines: expected or actual.

use std::fmt::Write as _;

use super::pattern::{line_fits, lines_fit};
use super::values::Values;
use crate::scratch::{Ended, Outcome, render};

const STDOUT: &str = "1> ";
const STDERR: &str = "2> ";
const NO_NEWLINE: &str = "<no newline at end>";

/// Both streams and the status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Transcript {
    stdout: Vec<String>,
    stderr: Vec<String>,
    status: i32,
}

impl Transcript {
    /// Reads the lines below a command.
    pub(crate) fn parse(lines: &[String]) -> Transcript {
        let mut transcript = Transcript { stdout: Vec::new(), stderr: Vec::new(), status: 0 };
        for line in lines {
            if let Some(rest) = line.strip_prefix(STDERR) {
                transcript.stderr.push(rest.to_owned());
            } else if line == STDERR.trim_end() {
                transcript.stderr.push(String::new());
            } else if let Some(status) = status_of(line) {
                transcript.status = status;
            } else {
                transcript.stdout.push(line.strip_prefix(STDOUT).unwrap_or(line).to_owned());
            }
        }
        transcript
    }

    /// What was really said.
    pub(crate) fn of(outcome: &Outcome) -> Transcript {
        let stderr = lines_of(&outcome.stderr);
        Transcript { stdout: lines_of(&outcome.stdout), stderr, status: status(outcome) }
    }

    /// What was to be seen on a terminal in the end.
    pub(crate) fn on_terminal(outcome: &Outcome, columns: u16, rows: u16) -> Transcript {
        let stdout = render(&outcome.stdout, columns, rows);
        Transcript { stdout, stderr: Vec::new(), status: status(outcome) }
    }

    /// Whether `actual` is as this one has it; otherwise a description of the difference.
    pub(crate) fn compare(&self, actual: &Transcript, values: &mut Values) -> Result<(), String> {
        let mut difference = String::new();
        for (name, expected, actual) in
            [("stdout", &self.stdout, &actual.stdout), ("stderr", &self.stderr, &actual.stderr)]
        {
            if let Err((line, at)) = lines_fit(expected, actual, values) {
                describe(&mut difference, name, &expected[line..], actual, at);
            }
        }
        if self.status != actual.status {
            let _ = writeln!(difference, "  status: expected {}, was {}", self.status, actual.status);
        }
        if difference.is_empty() { Ok(()) } else { Err(difference) }
    }

    /// The lines that should stand below the command: those of this one that fit, else what was said.
    pub(crate) fn updated(&self, actual: &Transcript, values: &mut Values) -> Vec<String> {
        let mut lines = merged(&self.stdout, &actual.stdout, values);
        for line in lines.iter_mut().filter(|line| needs_sign(line)) {
            line.insert_str(0, STDOUT);
        }
        let stderr = merged(&self.stderr, &actual.stderr, values);
        lines.extend(stderr.into_iter().map(|line| format!("{STDERR}{line}")));
        if actual.status != 0 {
            lines.push(format!("[exit {}]", actual.status));
        }
        lines
    }
}

/// Expected lines where they fit, actual ones elsewhere.
fn merged(expected: &[String], actual: &[String], values: &mut Values) -> Vec<String> {
    if lines_fit(expected, actual, values).is_ok() {
        return expected.to_vec();
    }
    let mut line_for = |(at, text): (usize, &String)| match expected.get(at) {
        Some(line) if line_fits(line, text, values) => line.clone(),
        _ => values.unfill(text),
    };
    actual.iter().enumerate().map(&mut line_for).collect()
}

fn describe(out: &mut String, name: &str, expected: &[String], actual: &[String], at: usize) {
    let _ = writeln!(out, "  {name}, from line {}:", at + 1);
    for line in expected {
        let _ = writeln!(out, "    - {line}");
    }
    for line in &actual[at..] {
        let _ = writeln!(out, "    + {line}");
    }
}

/// The status as a shell gives it.
fn status(outcome: &Outcome) -> i32 {
    match outcome.ended {
        Ended::Exit(status) => status,
        Ended::Signal(signal) => 128 + signal,
    }
}

fn lines_of(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    match lines.pop() {
        Some(last) if !last.is_empty() => lines.push(last + NO_NEWLINE),
        _ => {}
    }
    lines
}

fn status_of(line: &str) -> Option<i32> {
    line.strip_prefix("[exit ")?.strip_suffix(']')?.parse().ok()
}

/// Whether a line of stdout would be taken for something else.
fn needs_sign(line: &str) -> bool {
    ["$ ", STDOUT, STDERR].iter().any(|sign| line.starts_with(sign))
        || line == STDERR.trim_end()
        || line == "```"
        || status_of(line).is_some()
}
