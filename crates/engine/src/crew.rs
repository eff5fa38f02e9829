//! Several threads that share numbered work, until all of it is done or some of it failed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// The threads of one operation.
#[derive(Default)]
pub(crate) struct Crew {
    next: AtomicUsize,
    failed: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl Crew {
    /// Does the work of all numbers below `count`, in their order, `workers` at once. After a failure nothing is
    /// begun any more.
    ///
    /// # Errors
    /// The first failure.
    pub(crate) fn run(
        &self,
        workers: usize,
        count: usize,
        work: &(dyn Fn(usize) -> Result<()> + Sync),
    ) -> Result<()> {
        std::thread::scope(|scope| {
            for _ in 0..workers.min(count) {
                scope.spawn(|| self.work(count, work));
            }
        });
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.map_or(Ok(()), Err)
    }

    fn work(&self, count: usize, work: &(dyn Fn(usize) -> Result<()> + Sync)) {
        while !self.has_failed() {
            let at = self.next.fetch_add(1, Ordering::SeqCst);
            if at >= count {
                return;
            }
            if let Err(error) = work(at) {
                self.fail(error);
            }
        }
    }

    /// Whether some of the work failed: what is under way is of no use any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Some of the work failed; the first failure counts.
    pub(crate) fn fail(&self, error: Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_done_once_and_nothing_is_begun_after_a_failure() {
        let done = Mutex::new(Vec::new());
        let work = |at: usize| {
            done.lock().unwrap().push(at);
            if at == 40 { Err(Error::invalid("forty")) } else { Ok(()) }
        };
        Crew::default().run(4, 40, &work).unwrap();
        done.lock().unwrap().sort_unstable();
        assert_eq!(std::mem::take(&mut *done.lock().unwrap()), (0..40).collect::<Vec<_>>());
        assert_eq!(Crew::default().run(1, 1000, &work).unwrap_err().to_string(), "forty");
        assert_eq!(done.lock().unwrap().len(), 41);
        Crew::default().run(0, 0, &work).unwrap();
    }
}
