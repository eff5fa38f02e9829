//! A terminal that belongs to a program in a container: every key goes to it as it is.

use std::sync::{Arc, Mutex, PoisonError};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The terminal of standard input, made raw until this is dropped or [`Restore`] does it.
#[derive(Debug)]
pub(crate) struct Raw(Restore);

/// Gives the terminal back as it was, whoever comes first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Restore(Arc<Mutex<Option<Termios>>>);

impl Restore {
    /// Gives it back; again is fine.
    pub(crate) fn now(&self) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(before) = before {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &before);
        }
    }
}

impl Raw {
    /// Makes the terminal of standard input raw; nothing where there is none.
    pub(crate) fn begin(restore: &Restore) -> Option<Raw> {
        let before = tcgetattr(rustix::stdio::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        *restore.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Raw(restore.clone()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.0.now();
    }
}

/// Rows and columns of the terminal that is written to, else of the one that is read; nothing without one.
pub(crate) fn size() -> Option<(u16, u16)> {
    let of = |size: rustix::termios::Winsize| (size.ws_row, size.ws_col);
    let output = tcgetwinsize(rustix::stdio::stdout()).or_else(|_| tcgetwinsize(rustix::stdio::stdin()));
    output.ok().map(of).filter(|&(rows, columns)| rows > 0 && columns > 0)
}
