//! A container's life, from its start to the end of its last program.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::clear::{clear, clear_program};
use super::restart::Restarts;
use super::serve::{listen, serve};
use super::shared::Shared;
use super::stage::{Running, begin};
use super::streams::{Attached, Streams};
use super::{Job, cgroup, memory};
use crate::control::{Answer, Ask, Attach, FailureKind, Listener};
use crate::error::{Error, Result};
use crate::logs::{LogOptions, Writer, file_name};
use crate::process;
use crate::record::{Containers, State, Status, become_monitor, read_state};
use crate::runtime::Runtime;
use crate::socket;

/// How long an earlier monitor may take to leave once its container is at rest, or a command that copies files of it.
const HANDOVER: Duration = Duration::from_secs(60);

/// How long those who asked something may take to hear the answer.
const FAREWELL: Duration = Duration::from_secs(2);

/// Lives through all of it.
pub(super) fn live(
    job: &Job,
    launch: OwnedFd,
    remove: &dyn Fn() -> std::result::Result<(), String>,
) -> Result<()> {
    let mut launch = Listener::from_fd(launch);
    let asked = launch.ask().map_err(|source| Error::Process { doing: "hear what is asked for", source })?;
    let Some(Ask::Launch { attach }) = asked else {
        let source = std::io::ErrorKind::InvalidData.into();
        return Err(Error::Process { doing: "hear what is asked for", source });
    };
    let _monitor = match take_over(job) {
        Ok(Some(monitor)) => monitor,
        Ok(None) => {
            // Somebody else started it in the meantime.
            let _ = launch.answer(&Answer::Done { exit_code: 0 });
            return Ok(());
        }
        Err(error) => {
            let _ = launch.answer(&Answer::Failed { kind: FailureKind::Other, message: error.to_string() });
            return Err(error);
        }
    };
    let (shared, running) = match first_start(job, attach, &launch) {
        Ok(started) => started,
        Err(error) => return not_started(job, &mut launch, &error, remove),
    };
    go_on(job, &shared, running);
    end(job, &shared, remove);
    Ok(())
}

/// Becomes the container's monitor; nothing when it runs already under another one.
fn take_over(job: &Job) -> Result<Option<disk::Lock>> {
    let end = Instant::now() + HANDOVER;
    loop {
        let locked = become_monitor(&job.dir);
        if !matches!(locked, Ok(None)) {
            // Somebody may have removed it in the meantime: then what is open here is a folder without a name.
            let is_there = Containers::open(&job.root)?.has(&job.container.id)?;
            return if is_there { locked } else { Err(Error::NoSuchContainer(job.container.id.to_string())) };
        }
        if read_state(&job.dir)?.status.is_running() {
            return Ok(None);
        }
        if Instant::now() > end {
            return Err(Error::Busy(job.container.id.to_string()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

type Started = (Arc<Shared>, Running);

fn first_start(job: &Job, attach: Option<Attach>, launch: &Listener) -> Result<Started> {
    let before = read_state(&job.dir)?;
    // A monitor that was killed may have left its things.
    clear(&job.container, &before, &job.root, &job.run, job.path.as_deref())?;
    let runtime = Runtime::find(&job.container.host_config.runtime, job.path.as_deref(), job.run.runtime())?;
    let streams = Streams::new(log(job)?);
    let state = State { restart_count: 0, stopped_by_user: false, error: String::new(), ..before };
    let shared = Arc::new(Shared::new(
        job.container.clone(),
        job.dir.try_clone()?,
        job.run.clone(),
        runtime,
        streams,
        state,
    ));
    disk::create_private(&job.run.container(&job.container.id))?;
    let socket = socket::bind(&job.run.socket(&job.container.id))
        .map_err(|source| Error::Process { doing: "listen on the monitor's socket", source })?;
    let attached =
        attach.map(|wants| Ok::<_, Error>(Arc::new(Attached::new(wants, clone(launch)?)))).transpose()?;
    if let Some(attached) = &attached {
        shared.streams.attach(attached);
    }
    let running = begin(job, &shared, attach.and_then(|attach| attach.size), &mut || {
        let _ = clone(launch).map(|mut launch| launch.begun());
    })?;
    serve(&shared, socket);
    if let Some(attached) = attached {
        let (shared, mut launch) = (Arc::clone(&shared), clone(launch)?);
        std::thread::spawn(move || listen(&shared, &attached, &mut launch));
    }
    Ok((shared, running))
}

fn clone(listener: &Listener) -> Result<Listener> {
    listener.try_clone().map_err(|source| Error::Process { doing: "talk to two at once", source })
}

fn log(job: &Job) -> Result<Option<Writer>> {
    let asked = &job.container.host_config.log_config;
    if asked.kind == "none" {
        return Ok(None);
    }
    let options = LogOptions::of(asked, &job.container.config)?;
    Writer::open(job.dir.try_clone()?, file_name(&job.container.id), options).map(Some)
}

/// Says why the program did not start; the container is as before, but for that.
fn not_started(
    job: &Job,
    launch: &mut Listener,
    error: &Error,
    remove: &dyn Fn() -> std::result::Result<(), String>,
) -> Result<()> {
    let (kind, exit_code) = match error {
        Error::Runtime(failed) => failed.kind_and_exit_code(),
        other => (other.failure_kind(), 128),
    };
    let mut state = read_state(&job.dir)?;
    let cleared = clear(&job.container, &state, &job.root, &job.run, job.path.as_deref());
    state.status = if state.finished_at.is_some() { Status::Exited } else { Status::Created };
    state.exit_code = exit_code;
    state.error = error.to_string();
    crate::record::write_state(&job.dir, &state)?;
    if job.container.host_config.auto_remove {
        let _ = remove();
    }
    let _ = launch.answer(&Answer::Failed { kind, message: error.to_string() });
    cleared
}

/// Waits for the end, and starts it again for as long as its policy wants that.
fn go_on(job: &Job, shared: &Arc<Shared>, first: Running) {
    let mut restarts = Restarts::new(&job.container.host_config.restart_policy);
    let mut running = first;
    loop {
        let began = Instant::now();
        let exit_code = wait(shared, running);
        let cleared = clear_all(job, shared);
        let pause = restarts.after(exit_code, began.elapsed()).filter(|_| !shared.now().is_stopping);
        let Some(pause) = pause else { return };
        let _ = shared.write(|state| {
            state.status = Status::Restarting;
            ended(state, exit_code);
        });
        shared.streams.end(&Answer::Done { exit_code });
        if cleared.is_err() || shared.wait(Some(pause), |now| now.is_stopping) {
            return;
        }
        let _ = shared.write(|state| state.restart_count += 1);
        match begin(job, shared, None, &mut || {}) {
            Ok(next) => running = next,
            Err(error) => {
                let _ = shared.write(|state| state.error = error.to_string());
                let _ = clear_all(job, shared);
                return;
            }
        }
    }
}

/// Waits for the program's end and for the last of its output; its exit code.
fn wait(shared: &Arc<Shared>, running: Running) -> i32 {
    let Running { pid, cgroup, copiers, health, .. } = running;
    memory::give_back();
    let exit_code = process::wait(pid).unwrap_or(crate::record::EXIT_UNSEEN);
    if let Some(health) = health {
        health.stop();
    }
    let out_of_memory = cgroup::was_out_of_memory(&cgroup);
    // Whatever else is in the container goes with it, and with it who could still write.
    let _ = shared.runtime.delete(shared.container.id.as_str(), true);
    copiers.into_iter().for_each(join);
    shared.streams.connect(None, None);
    shared.change(|now| {
        now.state.oom_killed = out_of_memory;
        ended(&mut now.state, exit_code);
    });
    exit_code
}

fn join(copier: JoinHandle<()>) {
    // One that panicked has said so, and copies no more.
    let _ = copier.join();
}

fn ended(state: &mut State, exit_code: i32) {
    state.pid = 0;
    state.pid_began = 0;
    state.exit_code = exit_code;
    state.finished_at = Some(Timestamp::now());
    state.network = Default::default();
}

fn clear_all(job: &Job, shared: &Shared) -> Result<()> {
    let state = shared.now().state.clone();
    clear_program(&job.container, &state, &job.root, &job.run, job.path.as_deref())
}

/// The container comes to rest: on disk, for everybody who waits, and gone when that was asked for.
fn end(job: &Job, shared: &Shared, remove: &dyn Fn() -> std::result::Result<(), String>) {
    let exit_code = shared.now().state.exit_code;
    if job.container.host_config.auto_remove {
        let _ = shared.write(|state| state.status = Status::Removing);
        match remove() {
            Ok(()) => shared.change(|now| now.is_removed = true),
            Err(error) => {
                let _ = shared.write(|state| {
                    state.status = Status::Dead;
                    state.error = error;
                });
            }
        }
    } else {
        let by_user = shared.now().is_stopping;
        // A disk that is full does not change what is so: without a monitor the container counts as ended.
        let _ = shared.write(|state| {
            state.status = Status::Exited;
            state.stopped_by_user = by_user;
        });
        let _ = clear(&job.container, &State::default(), &job.root, &job.run, job.path.as_deref());
    }
    shared.change(|now| {
        now.is_over = true;
        if now.state.status.is_running() {
            now.state.status = Status::Exited;
        }
    });
    shared.streams.end(&Answer::Done { exit_code });
    // Those who wait are answered by threads of their own.
    shared.wait(Some(FAREWELL), |now| now.conversations == 0);
}
