//! Ending a program: asked for, or by signal.

use std::time::Duration;

use super::shared::Shared;
use crate::control::{Answer, FailureKind};
use crate::record::Status;
use crate::signal;

/// Between the stop signal and the kill, when nobody says otherwise.
const STOP_SECONDS: i64 = 10;
/// How long a kill may take: the kernel has to end every process and let go of their memory.
const KILL_PATIENCE: Duration = Duration::from_secs(30);

/// Asks the program to end, kills it when it does not, and waits until the container is at rest.
pub(super) fn stop(shared: &Shared, signal: Option<i32>, seconds: Option<i64>) -> Answer {
    let container = &shared.container;
    let signal = signal.or_else(|| signal::parse(container.stop_signal())).unwrap_or(signal::TERM);
    let seconds = seconds.or(container.config.stop_timeout).unwrap_or(STOP_SECONDS);
    let patience = u64::try_from(seconds).ok().map(Duration::from_secs);
    shared.change(|now| now.is_stopping = true);
    shared.signal(signal);
    thaw(shared);
    if shared.wait(patience, |now| !now.state.status.is_running()) {
        return DONE;
    }
    shared.signal(signal::KILL);
    if shared.wait(Some(KILL_PATIENCE), |now| !now.state.status.is_running()) {
        return DONE;
    }
    let message = format!(
        "cannot stop container: {}: tried to kill container, but did not receive an exit event",
        container.id
    );
    Answer::Failed { kind: FailureKind::Other, message }
}

const DONE: Answer = Answer::Done { exit_code: 0 };

/// Sends a signal. A signal that asks for the end, as any does where the image names none, also ends its policy.
pub(super) fn kill(shared: &Shared, signal: i32) -> Answer {
    let container = &shared.container;
    let named = container.config.stop_signal.as_deref().filter(|text| !text.is_empty());
    let ends = signal == signal::KILL || named.is_none_or(|text| signal::parse(text) == Some(signal));
    let is_restarting = shared.now().state.status == Status::Restarting;
    if ends {
        shared.change(|now| now.is_stopping = true);
    }
    if is_restarting {
        let message =
            format!("Container {} is restarting, wait until the container is running", container.id);
        return Answer::Failed { kind: FailureKind::Conflict, message };
    }
    shared.signal(signal);
    if ends {
        thaw(shared);
    }
    DONE
}

/// A frozen program hears no signal.
fn thaw(shared: &Shared) {
    if shared.is_paused() && shared.runtime.resume(shared.container.id.as_str()).is_ok() {
        let _ = shared.write(|state| {
            if state.status == Status::Paused {
                state.status = Status::Running;
            }
        });
    }
}

/// Freezes the program, or lets it go on.
pub(super) fn pause(shared: &Shared, freeze: bool) -> Answer {
    let id = shared.container.id.as_str();
    let refuse = |message: String| Answer::Failed { kind: FailureKind::Conflict, message };
    match (freeze, shared.now().state.status) {
        (true, Status::Paused) => return refuse(format!("Container {id} is already paused")),
        (true, Status::Restarting) => {
            return refuse(format!("Container {id} is restarting, wait until the container is running"));
        }
        (false, Status::Running | Status::Restarting) => {
            return refuse(format!("Container {id} is not paused"));
        }
        _ => {}
    }
    if freeze && crate::user_namespace::is_inside() {
        let why = "that takes a cgroup, which containers of an ordinary user do not have";
        return refuse(format!("cannot pause container {id}: {why}"));
    }
    let done = if freeze { shared.runtime.pause(id) } else { shared.runtime.resume(id) };
    let status = if freeze { Status::Paused } else { Status::Running };
    let other = |message: String| Answer::Failed { kind: FailureKind::Other, message };
    match done {
        Err(error) => other(error.to_string()),
        Ok(()) => match shared.write(|state| state.status = status) {
            Ok(()) => DONE,
            Err(error) => other(error.to_string()),
        },
    }
}
