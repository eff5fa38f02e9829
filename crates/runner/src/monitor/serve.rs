//! Answering whoever asks.

use std::io;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use super::shared::Shared;
use super::streams::Attached;
use super::{exec, stop};
use crate::control::{Answer, Ask, Attach, FailureKind, Input, Listener, Wait};

/// Takes conversations, each with a thread of its own, for as long as the process lives.
pub(super) fn serve(shared: &Arc<Shared>, socket: UnixListener) {
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            match stream {
                Ok(stream) => {
                    let shared = Arc::clone(&shared);
                    shared.change(|now| now.conversations += 1);
                    std::thread::spawn(move || {
                        converse(&shared, Listener::new(stream));
                        shared.change(|now| now.conversations -= 1);
                    });
                }
                // Out of descriptors, perhaps: others may let go of some.
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(50)),
            }
        }
    });
}

/// One conversation. Whoever hangs up in its middle is not told anything.
fn converse(shared: &Arc<Shared>, mut listener: Listener) {
    let Ok(Some(ask)) = listener.ask() else { return };
    let answer = match ask {
        Ask::Attach(wants) => {
            let _ = attach(shared, wants, listener);
            return;
        }
        Ask::Exec(exec) => {
            let _ = exec::exec(shared, &exec, listener);
            return;
        }
        Ask::Stop { signal, seconds } => stop::stop(shared, signal, seconds),
        Ask::Kill { signal } => stop::kill(shared, signal),
        Ask::Pause => stop::pause(shared, true),
        Ask::Unpause => stop::pause(shared, false),
        Ask::Resize { rows, columns } => {
            shared.streams.resize(rows, columns);
            Answer::Done { exit_code: 0 }
        }
        Ask::Wait(wait) => wait_for(shared, wait),
        Ask::Launch { .. } => {
            Answer::Failed { kind: FailureKind::Conflict, message: "the container is running".to_owned() }
        }
    };
    let _ = listener.answer(&answer);
}

fn wait_for(shared: &Shared, wait: Wait) -> Answer {
    shared.wait(None, |now| match wait {
        Wait::Exit => !now.state.status.is_running(),
        Wait::Removal => now.is_removed || now.is_over,
    });
    Answer::Done { exit_code: shared.now().state.exit_code }
}

fn attach(shared: &Arc<Shared>, wants: Attach, mut listener: Listener) -> io::Result<()> {
    let attached = Arc::new(Attached::new(wants, listener.try_clone()?));
    // Whoever comes at the very end is told by the one who ends it, or here.
    let is_running = {
        let now = shared.now();
        let is_running = now.state.status.is_running();
        if is_running {
            attached.out().begun()?;
            shared.streams.attach(&attached);
        }
        is_running
    };
    if !is_running {
        let message = "You cannot attach to a stopped container, start it first".to_owned();
        return listener.answer(&Answer::Failed { kind: FailureKind::Conflict, message });
    }
    if let Some((rows, columns)) = wants.size {
        shared.streams.resize(rows, columns);
    }
    listen(shared, &attached, &mut listener);
    Ok(())
}

/// Passes on what somebody who is attached sends, until they leave.
pub(super) fn listen(shared: &Shared, attached: &Arc<Attached>, listener: &mut Listener) {
    let config = &shared.container.config;
    let ends_input = || {
        if attached.wants.stdin && config.stdin_once && !config.tty {
            shared.streams.close_stdin();
        }
    };
    loop {
        match listener.input() {
            Ok(Some(Input::Stdin(bytes))) if attached.wants.stdin => shared.streams.write(&bytes),
            Ok(Some(Input::Stdin(_))) => {}
            Ok(Some(Input::StdinEnd)) => ends_input(),
            Ok(Some(Input::Resize(rows, columns))) => shared.streams.resize(rows, columns),
            Ok(Some(Input::Signal(signal))) => {
                let _ = stop::kill(shared, signal);
            }
            Ok(None) | Err(_) => break,
        }
    }
    ends_input();
    shared.streams.detach(attached);
}
