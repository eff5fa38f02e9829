//! Clearing up after a program: nothing of a start stays on the machine. Everything here may be done twice, and
//! after a kill at any moment.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use disk::Dir;

use crate::error::Result;
use crate::mounts::unmount_below;
use crate::network::Networks;
use crate::process;
use crate::record::{Container, ContainerId, Containers, Found, MountKind, State, Status, write_state};
use crate::run_dir::RunDir;
use crate::runtime::Runtime;
use crate::signal;
use crate::volumes::Volumes;

/// How long a killed program may take to be gone.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// Undoes everything that a start left: the runtime's, the network, mounts, and the container's run folder.
///
/// # Errors
/// When something cannot be undone; what can be is.
pub fn clear(
    container: &Container,
    state: &State,
    root: &Dir,
    run: &RunDir,
    path: Option<&OsStr>,
) -> Result<()> {
    let cleared = clear_program(container, state, root, run, path);
    let folder = run.container(&container.id);
    let released = if folder.exists() { release_volumes(container, root, run) } else { Ok(()) };
    if folder.exists() {
        disk::open_private(run.path())?.remove_all(container.id.as_str())?;
    }
    cleared.and(released)
}

/// The same but for the run folder, in which the monitor goes on listening.
pub(super) fn clear_program(
    container: &Container,
    state: &State,
    root: &Dir,
    run: &RunDir,
    path: Option<&OsStr>,
) -> Result<()> {
    let folder = run.container(&container.id);
    if !folder.exists() && state.network.sandbox.is_empty() {
        return Ok(());
    }
    let forgotten = forget_in_runtime(container, state, run, path);
    let network = Networks::open(root)?.tear_down(run, container, path);
    let unmounted = unmount_below(&folder);
    forgotten.and(network).and(unmounted)
}

/// Lets go of the volumes that are mounted only while somebody uses them.
fn release_volumes(container: &Container, root: &Dir, run: &RunDir) -> Result<()> {
    let (Some(volumes), Some(containers)) = (Volumes::open_existing(root)?, Containers::open_existing(root)?)
    else {
        return Ok(());
    };
    let used = container.mounts.iter().filter(|mount| mount.kind == MountKind::Volume);
    used.map(|mount| volumes.release(&mount.name, &container.id, &containers, run)).fold(Ok(()), Result::and)
}

/// Has the runtime forget the container, which kills what is left of it.
fn forget_in_runtime(container: &Container, state: &State, run: &RunDir, path: Option<&OsStr>) -> Result<()> {
    if !run.runtime().join(container.id.as_str()).exists() {
        return Ok(());
    }
    let asked = match state.runtime.as_str() {
        "" => container.host_config.runtime.as_str(),
        used => used,
    };
    Ok(Runtime::find(asked, path, run.runtime())?.delete(container.id.as_str(), true)?)
}

/// Kills the program of a container whose monitor is gone, and writes down that it ended.
///
/// # Errors
/// When it does not die, or the state cannot be written.
pub fn kill_unwatched(found: &Found, run: &RunDir) -> Result<()> {
    let state = &found.state;
    let is_alive = || process::is_alive(state.pid, state.pid_began, &state.boot);
    let end = Instant::now() + KILL_PATIENCE;
    while is_alive() && Instant::now() < end {
        process::signal(state.pid, signal::KILL);
        thaw(&found.container, state, run);
        std::thread::sleep(Duration::from_millis(10));
    }
    let ended = State {
        status: Status::Exited,
        pid: 0,
        pid_began: 0,
        exit_code: if state.exit_code == 0 { 128 + signal::KILL } else { state.exit_code },
        finished_at: Some(jiff::Timestamp::now()),
        ..state.clone()
    };
    write_state(&found.dir()?, &ended)
}

/// The frozen do not die. Whether that worked shows when it is gone.
fn thaw(container: &Container, state: &State, run: &RunDir) {
    if state.status == Status::Paused
        && let Ok(runtime) = Runtime::find(&state.runtime, None, run.runtime())
    {
        let _ = runtime.resume(container.id.as_str());
    }
}

/// Undoes everything that is left of a container of which nothing but the id is known.
///
/// # Errors
/// When something cannot be undone.
pub fn clear_folder(id: &ContainerId, root: &Dir, run: &RunDir, path: Option<&OsStr>) -> Result<()> {
    if run.runtime().join(id.as_str()).exists() {
        Runtime::find("", path, run.runtime())?.delete(id.as_str(), true)?;
    }
    Networks::open(root)?.tear_down_of(run, id, path)?;
    unmount_below(&run.container(id))?;
    if run.container(id).exists() {
        disk::open_private(run.path())?.remove_all(id.as_str())?;
    }
    Ok(())
}
