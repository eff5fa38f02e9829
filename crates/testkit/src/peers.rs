//! The programs that everybody uses, each with a place of its own, so that nothing of this machine's is touched.

mod docker;
mod emulator;
mod storage;

use std::process::{Command, Output};

use crate::scratch::split;
use crate::skip;

pub use docker::Docker;
pub use emulator::Arm64;
pub use storage::Storage;

/// In place of the passwords that whoever runs the tests may have.
const NO_PASSWORDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/peers/no-passwords.json");

/// Runs a command line and gives what it printed.
///
/// # Panics
/// With what it said, when it failed.
#[track_caller]
pub fn run(line: &str) -> String {
    let output = try_run(line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a program that prints UTF-8")
}

/// Runs a command line, which may fail.
///
/// # Panics
/// When the program cannot be started.
pub fn try_run(line: &str) -> Output {
    let words = split(line);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("REGISTRY_AUTH_FILE", NO_PASSWORDS);
    command.output().unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// Whether all these programs are there; says which is not.
pub fn installed(programs: &[&str]) -> bool {
    programs.iter().all(|program| skip::installed(program))
}
