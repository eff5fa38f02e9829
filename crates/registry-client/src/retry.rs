//! When to try again, how long to wait, and when to give up (NET-13).

use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::error::Error;
use crate::limits::{
    BACKOFF_MAX, BACKOFF_MIN, NO_PROGRESS_MAX, RETRY_AFTER_MAX, STALL_BYTES_PER_SECOND, TRIES_MAX,
};

/// Time and chance, given so that tests need not wait.
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Instant;

    /// Waits; says whether it was cancelled meanwhile.
    fn sleep(&self, duration: Duration, cancel: &Cancel) -> bool;

    /// A number from 0 up to, not including, 1.
    fn chance(&self) -> f64;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration, cancel: &Cancel) -> bool {
        cancel.sleep(duration)
    }

    fn chance(&self) -> f64 {
        use std::hash::{BuildHasher, RandomState};
        // The keys of a new state are random enough to spread clients.
        (RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// How often and how long to try.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Tries for one object, the first included.
    pub tries_max: u32,
    /// Time for one object without progress, summed over tries.
    pub no_progress_max: Duration,
    /// The longest `Retry-After` that is waited for.
    pub retry_after_max: Duration,
    /// The first and the longest delay.
    pub backoff: (Duration, Duration),
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            tries_max: TRIES_MAX,
            no_progress_max: NO_PROGRESS_MAX,
            retry_after_max: RETRY_AFTER_MAX,
            backoff: (BACKOFF_MIN, BACKOFF_MAX),
        }
    }
}

/// The tries for one object: a document, a blob, an upload.
///
/// Call [`Retry::begin`] before each try, [`Retry::reached`] as bytes come in, and [`Retry::after`] when a
/// try failed.
#[derive(Debug)]
pub struct Retry {
    policy: RetryPolicy,
    tries: u32,
    /// Time in which not even the stall rate was reached beyond `furthest`.
    idle: Duration,
    furthest: u64,
    since: Option<Instant>,
}

impl Retry {
    /// Before the first try.
    pub fn new(policy: RetryPolicy) -> Retry {
        Retry { policy, tries: 0, idle: Duration::ZERO, furthest: 0, since: None }
    }

    /// A try begins.
    pub fn begin(&mut self, now: Instant) {
        self.tries += 1;
        self.since = Some(now);
    }

    /// Tries begun so far.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// How much longer there may be no progress: what the next wait for an answer may take at most.
    pub fn patience(&self) -> Duration {
        self.policy.no_progress_max.saturating_sub(self.idle)
    }

    /// The object's bytes are there up to `offset`; says whether to go on waiting for more.
    pub fn reached(&mut self, offset: u64, now: Instant) -> bool {
        let Some(since) = self.since.replace(now) else { return true };
        let elapsed = now.saturating_duration_since(since);
        let progress = offset.saturating_sub(self.furthest);
        self.furthest = self.furthest.max(offset);
        if (progress as f64) < STALL_BYTES_PER_SECOND as f64 * elapsed.as_secs_f64() {
            self.idle += elapsed;
        }
        self.idle < self.policy.no_progress_max
    }

    /// After a failed try: how long to wait before the next one.
    ///
    /// # Errors
    /// The failure itself when it is not of the passing kind or the tries are used up; with the server's
    /// wish in it when that is longer than anybody waits.
    pub fn after(&mut self, error: Error, clock: &dyn Clock) -> Result<Duration, Error> {
        let go_on = self.reached(0, clock.now());
        self.since = None;
        if !error.is_transient() {
            return Err(error);
        }
        let wanted = error.refusal().and_then(|refusal| refusal.retry_after);
        if let Some(wait) = wanted.filter(|wait| *wait > self.policy.retry_after_max) {
            return Err(Error::RetryLater { wait, source: Box::new(error) });
        }
        if self.tries >= self.policy.tries_max || !go_on {
            return Err(error);
        }
        let (first, longest) = self.policy.backoff;
        let doubled = first.saturating_mul(1 << (self.tries.saturating_sub(1)).min(16)).min(longest);
        // Full jitter: many clients that were refused together do not come back together.
        Ok(wanted.unwrap_or(doubled.mul_f64(clock.chance())))
    }
}
