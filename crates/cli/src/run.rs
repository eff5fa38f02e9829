//! From the process's arguments to its exit code.
use std::ffi::OsString;
use std::process::ExitCode;

use crate::flags::{Action, HelpRequest, Matches, Parsed, help, parse};
use crate::interrupt::until_interrupted;
use crate::user_namespace;
use crate::{Context, Environment, Failure, Outcome, Ui, commands};

/// Runs the process's own arguments against its own streams.
#[expect(clippy::disallowed_methods, reason = "the one reader of the command line")]
pub fn main() -> ExitCode {
    let env = Environment::Process;
    let ui = Ui::process(&env);
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    ExitCode::from(until_interrupted(Context::new(ui, env), move |context| run(&args, context)))
}

/// Does what the arguments ask for, says what went wrong, and returns the exit code.
pub fn run(args: &[OsString], context: &mut Context) -> u8 {
    let outcome = obey(args, context);
    // What fails because the user stopped it is not worth words: it is what was wanted.
    let outcome = outcome.map_err(|failure| match context.cancel.is_cancelled() {
        true => Failure::silent(Failure::INTERRUPTED),
        false => failure,
    });
    settle(outcome, &mut context.ui)
}

/// Says what is left to say about an outcome, and returns the exit code. What failed because nobody reads the
/// stream any more did not fail.
fn settle(outcome: Outcome, ui: &mut Ui) -> u8 {
    // Whatever comes of it: who reads the exit code may end the process at once.
    let finished = ui.finish();
    let Err(failure) = outcome.and(finished) else { return 0 };
    if ui.stream_was_left() {
        return 0;
    }
    let failure = ui.stream_failure().unwrap_or(failure);
    if let Some(message) = &failure.message {
        ui.talk(message);
    }
    failure.exit
}

fn obey(args: &[OsString], context: &mut Context) -> Outcome {
    match parse(commands::root(), args, &context.env)? {
        Parsed::Help(request) => {
            show_help(&request, context);
            Ok(())
        }
        Parsed::Version => {
            context.ui.line(&commands::version_line());
            Ok(())
        }
        Parsed::Run(matches) => match user_namespace::run_in_one(args, &matches, context)? {
            Some(0) => Ok(()),
            Some(exit) => Err(Failure::silent(exit)),
            None => execute(&matches, context),
        },
    }
}

fn execute(matches: &Matches, context: &mut Context) -> Outcome {
    check_log_level(matches)?;
    for (long, what) in [("host", "-H/--host"), ("context", "-c/--context")] {
        if matches.given(long) {
            context.ui.talk(&format!("WARNING: {what} is ignored: there is no daemon to talk to"));
        }
    }
    match matches.command.action {
        Action::Run(command) => command(matches, context),
        Action::Group(_) => Ok(()),
    }
}

fn check_log_level(matches: &Matches) -> Outcome {
    const LEVELS: [&str; 8] = ["panic", "fatal", "error", "warn", "warning", "info", "debug", "trace"];
    let level = matches.text("log-level");
    if level.is_empty() || LEVELS.contains(&level.to_lowercase().as_str()) {
        return Ok(());
    }
    Err(Failure::new(format!("Unable to parse logging level: {}", crate::term::escape::line(level))))
}

fn show_help(request: &HelpRequest, context: &mut Context) {
    const NOTICE: &str = "Flag shorthand -h has been deprecated, use --help";
    let text = help(request.command, &request.path, context.ui.help_columns(), &context.env);
    // Docker gives the notice on standard error for the program itself, on standard output for its commands.
    match (request.notice, request.path.len()) {
        (true, 1) => context.ui.talk(NOTICE),
        (true, _) => context.ui.line(NOTICE),
        (false, _) => {}
    }
    if request.asked { context.ui.print(&text) } else { context.ui.talk_bare(&text) }
}

#[cfg(test)]
mod tests {
    use std::io::{self, PipeWriter, Read};

    use super::*;
    use crate::{Capture, Terminal};

    /// Streams an archive's worth of zeros into `out` and settles what comes of it.
    fn stream_into(out: PipeWriter) -> (u8, String) {
        let err = Capture::default();
        let input = Box::new(io::empty());
        let mut ui = Ui::new(input, Box::new(out), Box::new(err.clone()), Terminal::default());
        let copied = io::copy(&mut io::repeat(0).take(1 << 20), &mut ui.out());
        let outcome = copied.map(|_| ()).map_err(|_| Failure::new("save: no"));
        (settle(outcome, &mut ui), err.text())
    }

    #[test]
    fn a_stream_whose_reader_left_did_not_fail() {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        assert_eq!(stream_into(writer), (0, String::new()));
    }

    #[test]
    fn other_failures_are_said_and_counted() {
        let check = |failure: Failure, exit, said: &str| {
            let (mut ui, _, err) = Ui::captured(b"", Terminal::default());
            assert_eq!((settle(Err(failure), &mut ui), &*err.text()), (exit, said));
        };
        check(Failure::new("a cause"), 1, "a cause\n");
        check(Failure::with_exit(Failure::TEMPLATE, "a template"), 64, "a template\n");
        check(Failure::silent(10), 10, "");
    }

    #[test]
    fn what_was_printed_is_out_before_the_exit_code_is() {
        let (mut ui, out, _) = Ui::captured(b"", Terminal::default());
        ui.line("redis:latest");
        assert_eq!(settle(Err(Failure::silent(10)), &mut ui), 10);
        assert_eq!(out.text(), "redis:latest\n");
    }
}
