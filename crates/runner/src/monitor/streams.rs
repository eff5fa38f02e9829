//! What a program reads and writes: to its log, and to and from whoever is attached.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::control::{Answer, Attach, Listener};
use crate::logs::{Splitter, Stream, Writer};
use crate::runtime::console;

/// Read from a program at once: what a pipe holds.
const CHUNK_BYTES: usize = 64 << 10;

/// The streams of a container's program, over all its starts.
#[derive(Default)]
pub(super) struct Streams {
    attached: Mutex<Vec<Arc<Attached>>>,
    log: Mutex<Option<Writer>>,
    stdin: Mutex<Option<File>>,
    terminal: Mutex<Option<OwnedFd>>,
}

/// Somebody who is attached.
pub(super) struct Attached {
    pub(super) wants: Attach,
    out: Mutex<Listener>,
}

impl Attached {
    pub(super) fn new(wants: Attach, out: Listener) -> Attached {
        Attached { wants, out: Mutex::new(out) }
    }

    pub(super) fn out(&self) -> MutexGuard<'_, Listener> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes output on; whether they are still there. Who reads slowly slows the program down, as a pipe would.
    fn take(&self, stream: Stream, bytes: &[u8]) -> bool {
        let written = match stream {
            Stream::Stdout if self.wants.stdout => self.out().stdout(bytes),
            Stream::Stderr if self.wants.stderr => self.out().stderr(bytes),
            _ => Ok(()),
        };
        written.is_ok()
    }
}

impl Streams {
    pub(super) fn new(log: Option<Writer>) -> Streams {
        Streams { log: Mutex::new(log), ..Streams::default() }
    }

    /// Attaches somebody.
    pub(super) fn attach(&self, attached: &Arc<Attached>) {
        lock(&self.attached).push(Arc::clone(attached));
    }

    /// Lets somebody go.
    pub(super) fn detach(&self, attached: &Arc<Attached>) {
        lock(&self.attached).retain(|other| !Arc::ptr_eq(other, attached));
    }

    /// Tells everybody who is attached how it ended, and lets them go.
    pub(super) fn end(&self, answer: &Answer) {
        for attached in lock(&self.attached).drain(..) {
            // Who has left need not be told.
            let _ = attached.out().answer(answer);
            attached.out().hang_up();
        }
    }

    /// Connects a program that is about to run.
    pub(super) fn connect(&self, stdin: Option<OwnedFd>, terminal: Option<OwnedFd>) {
        *lock(&self.stdin) = stdin.map(File::from);
        *lock(&self.terminal) = terminal;
    }

    /// Writes to the program's standard input; it may have closed it.
    pub(super) fn write(&self, bytes: &[u8]) {
        if let Some(stdin) = &mut *lock(&self.stdin) {
            let _ = stdin.write_all(bytes);
        }
    }

    /// Ends the program's standard input.
    pub(super) fn close_stdin(&self) {
        lock(&self.stdin).take();
    }

    /// Sets the terminal's size.
    pub(super) fn resize(&self, rows: u16, columns: u16) {
        if let Some(terminal) = &*lock(&self.terminal) {
            // A terminal whose last program has left has no size.
            let _ = console::resize(terminal, rows, columns);
        }
    }

    /// Passes on and keeps what comes from a descriptor, until its end.
    pub(super) fn copy(&self, from: OwnedFd, stream: Stream) {
        let mut from = File::from(from);
        let mut splitter = Splitter::default();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = match from.read(&mut chunk) {
                // A terminal whose last program has left says EIO.
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let now = Timestamp::now();
            splitter.push(&chunk[..read], |entry| self.keep(stream, entry, now));
            self.pass_on(stream, &chunk[..read]);
        }
        splitter.finish(|entry| self.keep(stream, entry, Timestamp::now()));
    }

    /// An entry that the disk has no room for is lost; the program goes on.
    fn keep(&self, stream: Stream, entry: &[u8], now: Timestamp) {
        if let Some(log) = &mut *lock(&self.log) {
            let _ = log.write(stream, entry, now);
        }
    }

    fn pass_on(&self, stream: Stream, bytes: &[u8]) {
        let attached: Vec<Arc<Attached>> = lock(&self.attached).clone();
        for gone in attached.iter().filter(|attached| !attached.take(stream, bytes)) {
            self.detach(gone);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
