//! Tests that need more than every machine has: they say what is missing, and pass.

use std::io::Write;
use std::process::Command;

/// Says on stderr why a test does nothing here.
pub fn skip(reason: &str) {
    drop(writeln!(std::io::stderr(), "skipped: {reason}"));
}

/// Whether a program can be started; says so when not.
pub fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        skip(&format!("{program} is not installed"));
    }
    found
}

/// Whether the test runs as root; says so when not.
pub fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip("needs root");
    }
    root
}
