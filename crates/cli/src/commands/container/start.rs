//! `strata start`: containers that were created or have ended run again.
use engine::control::Answer;
use engine::ops::container::NotStarted;

use super::detach_keys::DetachKeys;
use super::streams::{Attachment, End, SignalsGo, attach, check_terminal, wants};
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

/// `strata start`
pub(in crate::commands) static START: Command = CONTAINER_START;
/// `strata container start`
pub(in crate::commands) const CONTAINER_START: Command = Command {
    name: "start",
    arguments: "[OPTIONS] CONTAINER [CONTAINER...]",
    short: "Start one or more stopped containers",
    spellings: &["container start", "start"],
    flags: &[
        Flag::bool("attach", "Attach STDOUT/STDERR and forward signals").short('a'),
        DETACH_KEYS,
        Flag::bool("interactive", "Attach container's STDIN").short('i'),
    ],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Container,
    files: Files::Always,
    action: Action::Run(start),
    ..Command::USUAL
};

/// `--detach-keys`
pub(super) const DETACH_KEYS: Flag =
    Flag::text("detach-keys", "Override the key sequence for detaching a container");

fn start(matches: &Matches, context: &mut Context) -> Outcome {
    let attached = matches.bool("attach") || matches.bool("interactive");
    if !attached {
        return start_each(matches, context);
    }
    if matches.operand_count() > 1 {
        return Err(Failure::new("you cannot start and attach multiple containers at once"));
    }
    start_attached(matches, context)
}

fn start_each(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let mut failed = Vec::new();
    for name in matches.operands() {
        match engine.start_container(name, None) {
            Ok(_) => context.ui.line(name),
            Err(NotStarted { error, .. }) => {
                if let Some(text) = Failure::daemon(&error).message {
                    context.ui.talk(&text);
                }
                failed.push(name);
            }
        }
        context.ui.flush();
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("Error: failed to start containers: {}", failed.join(", "))))
}

fn start_attached(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let name = matches.operand(0).unwrap_or_default();
    let found = engine.container(name).map_err(|e| Failure::daemon(&e))?;
    let config = &found.container.config;
    let stdin = matches.bool("interactive") && config.open_stdin;
    check_terminal(context, stdin, config.tty)?;
    let keys = DetachKeys::parse(matches.text("detach-keys"))?;
    let attachment = Attachment { stdin, tty: config.tty, signals: SignalsGo::On, keys };
    let asked = wants(stdin, true, true, config.tty);
    let started = engine.start_container(name, Some(asked)).map_err(|not_started| {
        let daemon = Failure::daemon(&not_started.error).message.unwrap_or_default();
        Failure::new(format!("{daemon}\nError: failed to start containers: {name}"))
    })?;
    let connection = match started {
        Some(connection) => connection,
        None => engine.attach_container(name, asked).map_err(|e| Failure::daemon(&e))?,
    };
    finish(attach(context, connection, &attachment)?)
}

/// The exit code of a command that was attached.
pub(super) fn finish(end: End) -> Outcome {
    match end {
        End::Exited(0) | End::Left => Ok(()),
        End::Exited(code) => Err(Failure::silent(u8::try_from(code).unwrap_or(u8::MAX))),
        End::Failed(Answer::Failed { message, .. }) => Err(Failure::new(format!(
            "Error response from daemon: {}",
            crate::term::escape::layout(&message)
        ))),
        End::Failed(Answer::Done { .. }) => Ok(()),
    }
}
