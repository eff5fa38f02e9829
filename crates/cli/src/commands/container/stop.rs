//! `strata stop`, `restart`, `kill`, `pause` and `unpause`.
use engine::ops::container::StopContainer;

use super::each::each;
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::text("signal", "Signal to send to the container").short('s'),
    Flag::int("timeout", "Seconds to wait before killing the container").short('t'),
    Flag::int("time", "Seconds to wait before killing the container").hidden(),
];

/// `strata stop`
pub(in crate::commands) static STOP: Command = CONTAINER_STOP;
/// `strata container stop`
pub(in crate::commands) const CONTAINER_STOP: Command = Command {
    name: "stop",
    arguments: "[OPTIONS] CONTAINER [CONTAINER...]",
    short: "Stop one or more running containers",
    spellings: &["container stop", "stop"],
    flags: FLAGS,
    action: Action::Run(stop),
    ..SEVERAL
};

/// `strata restart`
pub(in crate::commands) static RESTART: Command = CONTAINER_RESTART;
/// `strata container restart`
pub(in crate::commands) const CONTAINER_RESTART: Command = Command {
    name: "restart",
    arguments: "[OPTIONS] CONTAINER [CONTAINER...]",
    short: "Restart one or more containers",
    spellings: &["container restart", "restart"],
    flags: FLAGS,
    files: Files::Always,
    action: Action::Run(restart),
    ..SEVERAL
};

/// `strata kill`
pub(in crate::commands) static KILL: Command = CONTAINER_KILL;
/// `strata container kill`
pub(in crate::commands) const CONTAINER_KILL: Command = Command {
    name: "kill",
    arguments: "[OPTIONS] CONTAINER [CONTAINER...]",
    short: "Kill one or more running containers",
    spellings: &["container kill", "kill"],
    flags: &[Flag::text("signal", "Signal to send to the container").short('s')],
    action: Action::Run(kill),
    ..SEVERAL
};

/// `strata pause`
pub(in crate::commands) static PAUSE: Command = CONTAINER_PAUSE;
/// `strata container pause`
pub(in crate::commands) const CONTAINER_PAUSE: Command = Command {
    name: "pause",
    arguments: "CONTAINER [CONTAINER...]",
    short: "Pause all processes within one or more containers",
    spellings: &["container pause", "pause"],
    action: Action::Run(|matches, context| {
        each(matches, context, |engine, name| engine.pause_container(name))
    }),
    ..SEVERAL
};

/// `strata unpause`
pub(in crate::commands) static UNPAUSE: Command = CONTAINER_UNPAUSE;
/// `strata container unpause`
pub(in crate::commands) const CONTAINER_UNPAUSE: Command = Command {
    name: "unpause",
    arguments: "CONTAINER [CONTAINER...]",
    short: "Unpause all processes within one or more containers",
    spellings: &["container unpause", "unpause"],
    action: Action::Run(|matches, context| {
        each(matches, context, |engine, name| engine.unpause_container(name))
    }),
    ..SEVERAL
};

const SEVERAL: Command = Command { rule: ArgRule::AtLeast(1), operand: Operand::Container, ..Command::USUAL };

fn request(matches: &Matches) -> Result<StopContainer, Failure> {
    if matches.given("time") && matches.given("timeout") {
        return Err(Failure::new("conflicting options: cannot specify both --timeout and --time"));
    }
    let flag = if matches.given("time") { "time" } else { "timeout" };
    let seconds = matches.given(flag).then(|| matches.int(flag));
    Ok(StopContainer { signal: matches.text_given("signal").map(str::to_owned), seconds })
}

fn stop(matches: &Matches, context: &mut Context) -> Outcome {
    let request = request(matches)?;
    each(matches, context, |engine, name| engine.stop_container(name, &request))
}

fn restart(matches: &Matches, context: &mut Context) -> Outcome {
    let request = request(matches)?;
    each(matches, context, |engine, name| {
        engine.restart_container(name, &request).map_err(|not_started| not_started.error)
    })
}

fn kill(matches: &Matches, context: &mut Context) -> Outcome {
    let signal = matches.text_given("signal").unwrap_or("KILL");
    each(matches, context, |engine, name| engine.kill_container(name, signal))
}
