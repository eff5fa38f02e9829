//! Waiting for what happens by itself.

use std::thread;
use std::time::{Duration, Instant};

/// On the slowest machine nothing that tests wait for takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// Waits until it is so.
///
/// # Panics
/// With `what` was waited for, when it is not so in twenty seconds.
#[track_caller]
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < end, "{what}: not within twenty seconds");
        thread::sleep(POLL);
    }
}
