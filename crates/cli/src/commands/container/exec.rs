//! `strata exec`: another program in a container that runs.
use engine::control::{Answer, Exec, ExecAsked, FailureKind};

use super::asked;
use super::detach_keys::DetachKeys;
use super::start::{DETACH_KEYS, finish};
use super::streams::{Attachment, End, SignalsGo, attach, check_terminal, wants};
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand, Section};
use crate::options::Typed;
use crate::term::escape;
use crate::{Context, Failure, Outcome};

/// `strata exec`
pub(in crate::commands) static EXEC: Command = Command { section: Section::Common(1), ..CONTAINER_EXEC };
/// `strata container exec`
pub(in crate::commands) const CONTAINER_EXEC: Command = Command {
    name: "exec",
    arguments: "[OPTIONS] CONTAINER COMMAND [ARG...]",
    short: "Execute a command in a running container",
    spellings: &["container exec", "exec"],
    flags: &[
        Flag::bool("detach", "Detached mode: run command in the background").short('d'),
        DETACH_KEYS,
        Flag::typed("env", Typed::Env, "Set environment variables").short('e'),
        Flag::list("env-file", "Read in a file of environment variables"),
        Flag::bool("interactive", "Keep STDIN open even if not attached").short('i'),
        Flag::bool("privileged", "Give extended privileges to the command"),
        Flag::bool("tty", "Allocate a pseudo-TTY").short('t'),
        Flag::text("user", r#"Username or UID (format: "<name|uid>[:<group|gid>]")"#).short('u'),
        Flag::text("workdir", "Working directory inside the container").short('w'),
    ],
    rule: ArgRule::AtLeast(2),
    interspersed: false,
    operand: Operand::Container,
    action: Action::Run(exec),
    ..Command::USUAL
};

/// What the words ask for.
#[derive(Debug)]
struct Wanted {
    exec: Exec,
    /// Whether what is typed goes to the program.
    stdin: bool,
    /// The keys that leave, as typed.
    keys: String,
}

fn wanted(matches: &Matches, context: &Context) -> Result<Wanted, Failure> {
    let given = |flag: &str| matches.text_given(flag).map(str::to_owned);
    let process = ExecAsked {
        argv: matches.operands().skip(1).map(str::to_owned).collect(),
        env: asked::env(matches, context)?,
        workdir: given("workdir"),
        user: given("user"),
        privileged: matches.bool("privileged"),
        tty: matches.bool("tty"),
    };
    let (detach, stdin) = (matches.bool("detach"), matches.bool("interactive") && !matches.bool("detach"));
    check_terminal(context, stdin, process.tty)?;
    let attach = (!detach).then(|| wants(stdin, true, true, process.tty));
    let keys = matches.text("detach-keys").to_owned();
    Ok(Wanted { exec: Exec { process, attach }, stdin, keys })
}

fn exec(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let Wanted { exec, stdin, keys } = wanted(matches, context)?;
    let keys = DetachKeys::parse(&keys)?;
    let (detach, tty) = (exec.attach.is_none(), exec.process.tty);
    let name = matches.operand(0).unwrap_or_default();
    let connection = engine.exec_in_container(name, exec).map_err(|error| Failure::daemon(&error))?;
    let attachment = Attachment { stdin, tty, signals: SignalsGo::Here, keys };
    match attach(context, connection, &attachment)? {
        End::Exited(_) if detach => Ok(()),
        End::Failed(Answer::Failed { kind, message }) => not_started(context, kind, &message),
        End::Left => Ok(()),
        end => finish(end),
    }
}

/// What the runtime says goes where the program's output would have gone, as Docker has it.
fn not_started(context: &mut Context, kind: FailureKind, message: &str) -> Outcome {
    let message = escape::layout(message);
    let exit = match kind {
        FailureKind::ProgramNotFound => 127,
        FailureKind::ProgramNotExecutable => 126,
        _ => return Err(Failure::new(format!("Error response from daemon: {message}"))),
    };
    context.ui.line(&message);
    Err(Failure::silent(exit))
}

#[cfg(test)]
mod tests;
