//! Stopping an operation from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Something that blocks and can be interrupted.
pub(crate) trait Interrupt: Send + Sync {
    /// Makes blocked calls return soon.
    fn interrupt(&self);
}

/// A flag that ends an operation: checked in every loop, and waking what waits on the network.
///
/// Clones are the same flag. Once set it stays set.
#[derive(Clone, Default)]
pub struct Cancel(Arc<State>);

#[derive(Default)]
struct State {
    cancelled: AtomicBool,
    waiting: Mutex<Vec<Weak<dyn Interrupt>>>,
    woken: Condvar,
}

impl Cancel {
    /// A flag that is not set.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Sets the flag and wakes everything that waits.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.woken.notify_all();
        for interrupt in waiting.iter().filter_map(Weak::upgrade) {
            interrupt.interrupt();
        }
    }

    /// Whether the flag is set.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Sleeps, but no longer than until the flag is set; says whether it is.
    pub fn sleep(&self, duration: Duration) -> bool {
        let deadline = Instant::now() + duration;
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.is_cancelled() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            waiting = self.0.woken.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        self.is_cancelled()
    }

    /// Has `interrupt` called when the flag is set, at once when it is set already.
    pub(crate) fn on_cancel(&self, interrupt: Weak<dyn Interrupt>) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|other| other.strong_count() > 0);
        waiting.push(interrupt);
        drop(waiting);
        if self.is_cancelled() {
            self.cancel();
        }
    }
}

impl std::fmt::Debug for Cancel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cancel").field(&self.is_cancelled()).finish()
    }
}
