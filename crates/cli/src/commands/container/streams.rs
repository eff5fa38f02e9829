//! Being attached to a program: its output here, what is typed and signalled there.

use std::io::BufRead;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use engine::control::{Answer, Attach, Connection, Input, Output, Sender};
use signal_hook::consts::{SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use super::detach_keys::DetachKeys;
use crate::term::raw::{self, Raw};
use crate::{Context, Failure};

/// How one is attached.
#[derive(Debug, Clone)]
pub(super) struct Attachment {
    /// Whether what is typed goes to the program.
    pub(super) stdin: bool,
    /// Whether the program has a terminal.
    pub(super) tty: bool,
    /// What becomes of signals; with a terminal they come as keys.
    pub(super) signals: SignalsGo,
    /// The keys that leave.
    pub(super) keys: DetachKeys,
}

/// What becomes of signals that end commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalsGo {
    /// They go to the program.
    On,
    /// They do nothing, as Docker has it without its proxy.
    Nowhere,
    /// They end the command here; the program goes on.
    Here,
}

impl SignalsGo {
    /// What `--sig-proxy` says.
    pub(super) fn proxied(is_wanted: bool) -> Self {
        if is_wanted { Self::On } else { Self::Nowhere }
    }
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The program did, with this exit code.
    Exited(i32),
    /// The user left; the program goes on.
    Left,
    /// It could not be done.
    Failed(Answer),
}

/// What a monitor is told of the streams.
pub(super) fn wants(stdin: bool, stdout: bool, stderr: bool, tty: bool) -> Attach {
    Attach { stdin, stdout, stderr, size: if tty { raw::size() } else { None } }
}

/// Refuses a terminal for the program where standard input is none.
pub(super) fn check_terminal(context: &Context, stdin: bool, tty: bool) -> Result<(), Failure> {
    if stdin && tty && !context.ui.terminal().input {
        return Err(Failure::new("the input device is not a TTY"));
    }
    Ok(())
}

/// Passes everything on until the program ends or the user leaves.
pub(super) fn attach(
    context: &mut Context,
    connection: Connection,
    attachment: &Attachment,
) -> Result<End, Failure> {
    if attachment.signals != SignalsGo::Here {
        context.patience.leave_signals_to_command();
    }
    let raw = (attachment.tty && attachment.stdin && context.ui.terminal().input)
        .then(|| Raw::begin(&context.restore))
        .flatten();
    let (sender, mut receiver) = connection.split().map_err(|error| Failure::new(error.to_string()))?;
    let sender = Arc::new(Mutex::new(sender));
    let left = Arc::new(AtomicBool::new(false));
    if attachment.stdin {
        let (input, keys) = (context.ui.take_input(), attachment.keys.clone());
        let (sender, left, tty) = (Arc::clone(&sender), Arc::clone(&left), attachment.tty);
        thread::spawn(move || pass_input(input, tty.then_some(keys), &sender, &left));
    }
    pass_signals(attachment, &sender);
    let end = loop {
        match receiver.next() {
            Ok(Output::Stdout(bytes)) => {
                // Nobody reads here any more: the program goes on for others.
                if !context.ui.write_output(&bytes) {
                    lock(&sender).hang_up();
                }
            }
            Ok(Output::Stderr(bytes)) => context.ui.write_error(&bytes),
            Ok(Output::Begun) => {}
            Ok(Output::Answer(Answer::Done { exit_code })) => break End::Exited(exit_code),
            Ok(Output::Answer(failed)) => break End::Failed(failed),
            Err(_) if left.load(Ordering::SeqCst) => break End::Left,
            Err(error) => return Err(Failure::new(error.to_string())),
        }
    };
    drop(raw);
    Ok(end)
}

fn pass_input(
    mut input: Box<dyn BufRead + Send>,
    mut keys: Option<DetachKeys>,
    sender: &Mutex<Sender>,
    left: &AtomicBool,
) {
    loop {
        let bytes = match input.fill_buf() {
            Ok([]) | Err(_) => {
                let _ = lock(sender).send(&Input::StdinEnd);
                return;
            }
            Ok(bytes) => bytes.to_vec(),
        };
        input.consume(bytes.len());
        let (meant, leaves) = match &mut keys {
            Some(keys) => keys.take(&bytes),
            None => (bytes, false),
        };
        if !meant.is_empty() && lock(sender).send(&Input::Stdin(meant)).is_err() {
            return;
        }
        if leaves {
            left.store(true, Ordering::SeqCst);
            lock(sender).hang_up();
            return;
        }
    }
}

fn pass_signals(attachment: &Attachment, sender: &Arc<Mutex<Sender>>) {
    let wanted: Vec<i32> = match (attachment.tty, attachment.signals == SignalsGo::On) {
        (true, _) => vec![SIGWINCH],
        (false, true) => vec![SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2],
        (false, false) => return,
    };
    let Ok(mut signals) = Signals::new(wanted) else { return };
    let sender = Arc::clone(sender);
    thread::spawn(move || {
        for signal in signals.forever() {
            let input = match signal {
                SIGWINCH => raw::size().map(|(rows, columns)| Input::Resize(rows, columns)),
                signal => Some(Input::Signal(signal)),
            };
            if input.is_some_and(|input| lock(&sender).send(&input).is_err()) {
                return;
            }
        }
    });
}

fn lock(sender: &Mutex<Sender>) -> std::sync::MutexGuard<'_, Sender> {
    sender.lock().unwrap_or_else(PoisonError::into_inner)
}
