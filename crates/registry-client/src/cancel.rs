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

    /// A flag that is set with this one, and may be set by itself.
    pub fn child(&self) -> Cancel {
        let child = Cancel::new();
        let state: Weak<State> = Arc::downgrade(&child.0);
        self.on_cancel(state);
        child
    }

    /// Sets the flag and wakes everything that waits.
    pub fn cancel(&self) {
        self.0.interrupt();
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

impl Interrupt for State {
    fn interrupt(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.woken.notify_all();
        for interrupt in waiting.iter().filter_map(Weak::upgrade) {
            interrupt.interrupt();
        }
    }
}

impl std::fmt::Debug for Cancel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cancel").field(&self.is_cancelled()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_cancelled_with_their_parent_and_not_the_other_way() {
        let parent = Cancel::new();
        let (first, second) = (parent.child(), parent.child());
        let grandchild = second.child();
        first.cancel();
        assert!(first.is_cancelled() && !parent.is_cancelled() && !grandchild.is_cancelled());
        parent.cancel();
        assert!(parent.is_cancelled() && grandchild.is_cancelled());
        assert!(parent.child().is_cancelled());
    }

    #[test]
    fn a_sleep_ends_when_it_is_cancelled() {
        let cancel = Cancel::new();
        assert!(!cancel.sleep(Duration::from_millis(1)));
        let other = cancel.child();
        let begun = Instant::now();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| other.sleep(Duration::from_secs(60)));
            cancel.cancel();
            assert!(sleeper.join().unwrap());
        });
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}
