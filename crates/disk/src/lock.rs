//! Advisory locks on files that are never deleted (flock): the kernel lets go when the holder dies.

use std::fs::TryLockError;
use std::io;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::file::File;

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Beside other shared holders.
    Shared,
    /// Alone.
    Exclusive,
}

/// A held lock; let go on drop.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// The pause between tries grows to this.
const PAUSE_MAX: Duration = Duration::from_millis(20);

impl Lock {
    /// Takes the lock of an open file, waiting at most `patience`.
    ///
    /// # Errors
    /// When it cannot be had in time: the message names the holder, if that one left its number.
    pub(crate) fn acquire(file: File, mode: LockMode, patience: Duration) -> Result<Lock> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        loop {
            if Self::attempt(&file, mode)? {
                return Ok(Lock { file });
            }
            if Instant::now() >= deadline {
                return Err(timed_out(&file, patience));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Takes the lock if it is free now.
    ///
    /// # Errors
    /// When the system cannot lock at all (some network file systems).
    pub(crate) fn try_acquire(file: File, mode: LockMode) -> Result<Option<Lock>> {
        Ok(Self::attempt(&file, mode)?.then_some(Lock { file }))
    }

    fn attempt(file: &File, mode: LockMode) -> Result<bool> {
        let result = match mode {
            LockMode::Shared => file.std().try_lock_shared(),
            LockMode::Exclusive => file.std().try_lock(),
        };
        match result {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(file.error("lock", error)),
        }
    }

    /// The locked file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Leaves this process's number in the file, for the message of one who waits.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn sign(&self) -> Result<()> {
        let number = format!("{:<10}\n", std::process::id());
        self.file.write_all_at(number.as_bytes(), 0)
    }
}

fn timed_out(file: &File, patience: Duration) -> Error {
    let mut number = [0; 10];
    let holder = match file.read_at(&mut number, 0) {
        Ok(n) if n > 0 => format!(" (process {})", String::from_utf8_lossy(&number[..n]).trim()),
        _ => String::new(),
    };
    let text = format!(
        "another process{holder} has held this lock for {} s; try again when it is done",
        patience.as_secs()
    );
    file.error("lock", io::Error::new(io::ErrorKind::TimedOut, text))
}
