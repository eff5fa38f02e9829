//! From the argument vector to the one thing it asks for.
use std::ffi::OsString;

use super::matches::{Setting, add_presets};
use super::scan::{Reach, Scanned, scan};
use super::{Action, ArgRule, Command, Matches};
use crate::{Environment, Failure};

/// What a command line asks for.
#[derive(Debug)]
pub enum Parsed {
    /// To run a command.
    Run(Matches),
    /// To be shown help.
    Help(HelpRequest),
    /// To be told the program's version.
    Version,
}

/// Which help to show, and how.
#[derive(Debug)]
pub struct HelpRequest {
    /// The command explained.
    pub command: &'static Command,
    /// How it was called.
    pub path: Vec<&'static str>,
    /// It was asked for, so it is data; otherwise it is what is said to someone who left something out.
    pub asked: bool,
    /// `-h` was used, which deserves a notice.
    pub notice: bool,
}

/// Reads the arguments after the program's own name.
///
/// # Errors
/// What to print and the exit code, when the arguments ask for nothing that can be done.
pub fn parse(root: &'static Command, args: &[OsString], env: &Environment) -> Result<Parsed, Failure> {
    let mut walk = Walk { command: root, path: vec![root.name], globals: Vec::new(), help: false };
    let mut args = args.to_vec();
    while let Action::Group(_) = walk.command.action {
        match walk.descend(&args)? {
            Step::Into(rest) => args = rest,
            Step::Done(parsed) => return Ok(parsed),
        }
    }
    walk.finish(&args, env)
}

struct Walk {
    command: &'static Command,
    path: Vec<&'static str>,
    globals: Vec<Setting>,
    help: bool,
}

enum Step {
    Into(Vec<OsString>),
    Done(Parsed),
}

impl Walk {
    /// Reads a group's own flags and goes into the command that the first operand names.
    fn descend(&mut self, args: &[OsString]) -> Result<Step, Failure> {
        let mut scanned = self.scan(args, Reach::FirstOperand)?;
        let child = scanned.operands.first().and_then(|o| o.to_str()).and_then(|o| self.command.child(o));
        let Some(child) = child else { return self.stay(args).map(Step::Done) };
        self.help |= scanned.help;
        self.globals.append(&mut scanned.settings);
        self.command = child;
        self.path.push(child.name);
        scanned.operands.remove(0);
        Ok(Step::Into(scanned.operands))
    }

    /// A group that was called without one of its commands.
    fn stay(&mut self, args: &[OsString]) -> Result<Parsed, Failure> {
        let scanned = self.scan(args, Reach::Everywhere)?;
        if scanned.help || self.help {
            return Ok(self.help_request(true, scanned.help_short));
        }
        if scanned.settings.iter().any(|s| s.flag.long == "version" && s.value == super::Value::Bool(true)) {
            return Ok(Parsed::Version);
        }
        match scanned.operands.first() {
            None => Ok(self.help_request(false, false)),
            Some(word) => Err(self.unknown_command(word)),
        }
    }

    fn finish(mut self, args: &[OsString], env: &Environment) -> Result<Parsed, Failure> {
        let reach = if self.command.interspersed { Reach::Everywhere } else { Reach::FirstOperand };
        let Scanned { mut settings, operands, help, help_short } = self.scan(args, reach)?;
        if help || self.help {
            return Ok(self.help_request(true, help_short));
        }
        self.check_operands(&operands)?;
        add_presets(&mut settings, self.command.flags, env);
        settings.append(&mut self.globals);
        add_presets(&mut settings, crate::commands::root().flags, env);
        Ok(Parsed::Run(Matches { command: self.command, called: self.path, settings, operands }))
    }

    fn scan(&self, args: &[OsString], reach: Reach) -> Result<Scanned, Failure> {
        scan(args, self.command.flags, reach)
            .map_err(|message| self.usage_failure(Failure::FLAG, &message, "Run"))
    }

    fn help_request(&self, asked: bool, notice: bool) -> Parsed {
        Parsed::Help(HelpRequest { command: self.command, path: self.path.clone(), asked, notice })
    }

    fn check_operands(&self, operands: &[OsString]) -> Result<(), Failure> {
        if let Some((rule, call)) = broken_rule(self.command.rule, operands.len()) {
            let message = format!("{}: '{}' {rule}", self.path[0], self.called_as());
            return Err(self.usage_failure(Failure::ERROR, &message, call));
        }
        let bad = operands.iter().find(|o| !self.command.path_operands && o.to_str().is_none());
        match bad {
            Some(bad) => {
                let typed = super::value::quoted(bad);
                Err(Failure::new(format!("invalid argument {typed}: not valid UTF-8")))
            }
            None => Ok(()),
        }
    }

    fn unknown_command(&self, word: &OsString) -> Failure {
        let called_as = self.called_as();
        let word = crate::term::escape::cell(&word.to_string_lossy()).into_owned();
        let message = format!("{}: unknown command: {called_as} {word}", self.path[0]);
        if self.path.len() == 1 {
            return Failure::new(format!("{message}\n\nRun '{called_as} --help' for more information"));
        }
        self.usage_failure(Failure::ERROR, &message, "Run")
    }

    /// A message with the command's use line below it. `call` is how Docker opens the last line.
    fn usage_failure(&self, exit: u8, message: &str, call: &str) -> Failure {
        let called_as = self.called_as();
        let gap = if self.command.arguments.is_empty() { "" } else { " " };
        let arguments = self.command.arguments;
        Failure::with_exit(
            exit,
            format!(
                "{message}\n\nUsage:  {called_as}{gap}{arguments}\n\n\
                 {call} '{called_as} --help' for more information"
            ),
        )
    }

    fn called_as(&self) -> String {
        self.path.join(" ")
    }
}

/// The complaint about this many operands, and the word that opens the last line; `SRun` is what Docker 28
/// prints.
fn broken_rule(rule: ArgRule, count: usize) -> Option<(String, &'static str)> {
    let arguments = |n: usize| if n == 1 { "argument" } else { "arguments" };
    match rule {
        ArgRule::None if count > 0 => Some(("accepts no arguments".to_owned(), "Run")),
        ArgRule::Exactly(n) if count != n => Some((format!("requires {n} {}", arguments(n)), "Run")),
        ArgRule::AtLeast(n) if count < n => Some((format!("requires at least {n} {}", arguments(n)), "See")),
        ArgRule::AtMost(n) if count > n => Some((format!("requires at most {n} {}", arguments(n)), "SRun")),
        ArgRule::Between(low, high) if count < low || count > high => {
            Some((format!("requires at least {low} and at most {high} {}", arguments(high)), "Run"))
        }
        _ => None,
    }
}
