//! A program on a terminal: one stream both ways, with a size and with keys to press.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::outcome::Outcome;
use super::process::Running;

/// A running program and the terminal it believes to have.
pub struct Terminal {
    running: Running,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: thread::JoinHandle<()>,
}

impl Terminal {
    /// Starts a command on a new terminal.
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Terminal {
        let (ours, theirs) = open_pair(columns, rows).expect("a pseudo-terminal");
        let end = || Stdio::from(theirs.try_clone().expect("a copy of a descriptor"));
        command.stdin(end()).stdout(end()).stderr(end());
        let running = Running::start(command, None);
        drop(theirs);
        let keyboard = File::from(ours);
        let mut display = keyboard.try_clone().expect("a copy of a descriptor");
        let screen = Arc::new(Mutex::new(Vec::new()));
        let reader = thread::spawn({
            let screen = Arc::clone(&screen);
            move || {
                let mut buffer = [0; 4096];
                // Reading fails once nobody has the other end open.
                while let Ok(count @ 1..) = display.read(&mut buffer) {
                    let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
                    screen.extend_from_slice(&buffer[..count]);
                }
            }
        });
        Terminal { running, keyboard, screen, reader }
    }

    /// Everything that came so far, with all control characters.
    pub fn output(&self) -> String {
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&screen).into_owned()
    }

    /// Waits until a text has come; false when it does not come in time.
    #[must_use]
    pub fn wait_for(&self, text: &str, timeout: Duration) -> bool {
        let begun = Instant::now();
        while !self.output().contains(text) {
            if begun.elapsed() > timeout {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Presses keys: `y\n`, or `\x03` for Ctrl-C.
    pub fn type_keys(&mut self, keys: &str) {
        drop(self.keyboard.write_all(keys.as_bytes()));
    }

    /// Changes the size.
    pub fn resize(&self, columns: u16, rows: u16) {
        // A terminal that is gone has no size to change.
        let _ = tcsetwinsize(&self.keyboard, size(columns, rows));
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// Waits for the program's end; what came on the terminal is its stdout.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait(self) -> Outcome {
        let mut outcome = self.running.wait();
        drop(self.reader.join());
        outcome.stdout_bytes =
            std::mem::take(&mut *self.screen.lock().unwrap_or_else(PoisonError::into_inner));
        outcome.stdout = String::from_utf8_lossy(&outcome.stdout_bytes).into_owned();
        outcome
    }
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// Our end and the program's.
fn open_pair(columns: u16, rows: u16) -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    tcsetwinsize(&ours, size(columns, rows))?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    Ok((ours, theirs))
}
