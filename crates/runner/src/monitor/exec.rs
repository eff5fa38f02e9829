//! Another program in a container that runs.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustix::fd::{AsFd, OwnedFd};

use super::ends::{Connected, Ends};
use super::shared::Shared;
use super::stage::read_pid;
use crate::control::{Answer, Attach, Exec, FailureKind, Input, Listener};
use crate::error::{Error, Result};
use crate::logs::Stream;
use crate::oci;
use crate::process;
use crate::runtime::console;

/// Read from a program at once.
const CHUNK_BYTES: usize = 64 << 10;

/// A program that was started.
pub(super) struct Started {
    pub(super) pid: i32,
    pub(super) connected: Connected,
}

/// Starts a program in the container, with standard input only where it is wanted.
pub(super) fn start(shared: &Shared, asked: &oci::ExecAsked, stdin: bool) -> Result<Started> {
    let container = &shared.container;
    let folder = disk::open_private(&shared.run.container(&container.id))?;
    let number: String = disk::random_bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
    let (document, pid_file) = (format!("exec-{number}.json"), format!("exec-{number}.pid"));
    let told = shared.now().told.clone();
    let process = oci::exec_process(asked, container, &told, &shared.run.rootfs(&container.id))?;
    folder.replace_for_now(&document, process.to_string().as_bytes(), 0o600)?;
    let (ends, theirs) = Ends::make(&folder, &format!("exec-{number}"), asked.tty, stdin)?;
    let console = ends.console_socket();
    let (document_path, pid_path) = (folder.join(&document), folder.join(&pid_file));
    let started =
        shared.runtime.exec(container.id.as_str(), &document_path, &pid_path, console.as_deref(), theirs);
    folder.remove_file(&document)?;
    started?;
    let pid = read_pid(&folder, &pid_file)?;
    folder.remove_file(&pid_file)?;
    Ok(Started { pid, connected: ends.connected()? })
}

/// Runs a program for somebody, until its end where they are attached to it.
pub(super) fn exec(shared: &Arc<Shared>, asked: &Exec, mut listener: Listener) -> std::io::Result<()> {
    let wants = asked.attach.unwrap_or_default();
    let started = match start(shared, &asked.process, wants.stdin) {
        Ok(started) => started,
        Err(error) => return listener.answer(&failed(&error)),
    };
    if asked.attach.is_none() {
        listener.answer(&Answer::Done { exit_code: 0 })?;
        drain(started);
        return Ok(());
    }
    listener.begun()?;
    let out = Arc::new(Mutex::new(listener.try_clone()?));
    let Started { pid, connected: Connected { stdin, terminal, outputs } } = started;
    if let (Some(terminal), Some((rows, columns))) = (&terminal, wants.size) {
        let _ = console::resize(terminal.as_fd(), rows, columns);
    }
    let copiers: Vec<JoinHandle<()>> =
        outputs.into_iter().map(|(from, stream)| copy(from, stream, wants, Arc::clone(&out))).collect();
    std::thread::spawn(move || pass_input(&mut listener, stdin, terminal.as_ref(), pid));
    let exit_code = process::wait(pid).unwrap_or(crate::record::EXIT_UNSEEN);
    copiers.into_iter().for_each(|copier| drop(copier.join()));
    let mut out = lock(&out);
    out.answer(&Answer::Done { exit_code })?;
    out.hang_up();
    Ok(())
}

/// What a failure to start says, and counts as.
fn failed(error: &Error) -> Answer {
    let kind = match (error.failure_kind(), error) {
        // Whatever keeps a program from being started counts as this, as Docker has it.
        (FailureKind::Other, Error::Runtime(_) | Error::Oci(_)) => FailureKind::ProgramNotExecutable,
        (kind, _) => kind,
    };
    Answer::Failed { kind, message: error.to_string() }
}

/// Nobody is attached: what it writes is read and forgotten, so that it does not wait for a reader.
fn drain(started: Started) {
    let Started { pid, connected } = started;
    drop(connected.stdin);
    for (from, _) in connected.outputs {
        std::thread::spawn(move || std::io::copy(&mut File::from(from), &mut std::io::sink()));
    }
    let _ = process::wait(pid);
}

fn copy(from: OwnedFd, stream: Stream, wants: Attach, out: Arc<Mutex<Listener>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut from = File::from(from);
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => return,
                Ok(read) => {
                    // When nobody listens any more the program still wants to be read.
                    let _ = match stream {
                        Stream::Stdout if wants.stdout => lock(&out).stdout(&chunk[..read]),
                        Stream::Stderr if wants.stderr => lock(&out).stderr(&chunk[..read]),
                        _ => Ok(()),
                    };
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    })
}

/// Passes on what the asker sends, until they hang up.
fn pass_input(listener: &mut Listener, stdin: Option<OwnedFd>, terminal: Option<&OwnedFd>, pid: i32) {
    let mut stdin = stdin.map(File::from);
    while let Ok(Some(input)) = listener.input() {
        match input {
            Input::Stdin(bytes) => {
                if let Some(stdin) = &mut stdin {
                    let _ = stdin.write_all(&bytes);
                }
            }
            Input::StdinEnd if terminal.is_none() => stdin = None,
            Input::StdinEnd => {}
            Input::Resize(rows, columns) => {
                if let Some(terminal) = terminal {
                    let _ = console::resize(terminal.as_fd(), rows, columns);
                }
            }
            Input::Signal(signal) => process::signal(pid, signal),
        }
    }
}

fn lock(out: &Mutex<Listener>) -> MutexGuard<'_, Listener> {
    out.lock().unwrap_or_else(PoisonError::into_inner)
}
