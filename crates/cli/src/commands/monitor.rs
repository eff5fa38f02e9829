//! `strata __monitor`: the process that stays with a container, started by `run` and `start`.
use std::time::Duration;

use crate::flags::{Action, ArgRule, Command, Matches, Section};
use crate::{Context, Failure, Outcome};

/// `strata __monitor ID`
pub(super) static MONITOR: Command = Command {
    name: "__monitor",
    arguments: "CONTAINER",
    short: "Stay with a container while it runs",
    section: Section::Hidden,
    rule: ArgRule::Exactly(1),
    action: Action::Run(monitor),
    ..Command::USUAL
};

/// A signal meant for others, as when a machine shuts down, must not part it from its container.
const PATIENCE: Duration = Duration::from_secs(365 * 24 * 3600);

fn monitor(matches: &Matches, context: &mut Context) -> Outcome {
    context.patience.ask(PATIENCE);
    let engine = context.engine(matches)?;
    let launch = rustix::stdio::stdin().try_clone_to_owned();
    let launch = launch.map_err(|error| Failure::new(format!("a monitor is given a socket: {error}")))?;
    let id = matches.operand(0).unwrap_or_default();
    engine.monitor_container(id, launch).map_err(|error| Failure::client(&error))
}
