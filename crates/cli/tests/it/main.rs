//! The command as its users meet it: arguments in, text and exit code out.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]
#![expect(clippy::disallowed_methods, reason = "tests start the program and open files")]

mod bench;
mod completion;
mod containers;
mod golden;
mod interrupts;
mod laid;
mod local;
mod login;
mod streams;
mod transcript;
mod volumes;

use std::ffi::OsString;

use cli::{Capture, Context, Environment, Terminal, Ui};

/// What one run of the command left behind.
pub(crate) struct Ran {
    pub(crate) exit: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the command in this process with a home of `/root` and the given terminal.
pub(crate) fn strata(args: &[OsString], terminal: Terminal) -> Ran {
    let env = Environment::Fixed(vec![("HOME", "/root".into())]);
    let (ui, out, err): (Ui, Capture, Capture) = Ui::captured(b"", terminal);
    let mut context = Context::new(ui, env);
    let exit = cli::run(args, &mut context);
    Ran { exit, out: out.text(), err: err.text() }
}

/// Runs the command without a terminal.
pub(crate) fn strata_piped(args: &[&str]) -> Ran {
    let args: Vec<_> = args.iter().map(OsString::from).collect();
    strata(&args, Terminal::default())
}
