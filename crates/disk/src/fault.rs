//! Fault points: the N-th call that changes the disk can be made to fail, or to be the last of the process.
//!
//! Tests run an operation again and again with N = 1, 2, …, until it gets through, and look at the store each
//! time. One relaxed counter per call is all this costs when nothing is armed.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// What happens at the armed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// That call alone fails with this error number.
    FailOnce(i32),
    /// That call and all after it fail with this error number.
    FailFrom(i32),
    /// The process dies there, as by `kill -9`.
    Kill,
}

static CALLS: AtomicU64 = AtomicU64::new(0);
static ARMED_AT: AtomicU64 = AtomicU64::new(0);
/// 0: kill. Positive: fail once with it. Negative: fail from then on with its opposite.
static ARMED_HOW: AtomicI32 = AtomicI32::new(0);

/// Arms the `at`-th call from now, counted from 1.
pub fn arm(at: u64, action: Action) {
    let how = match action {
        Action::FailOnce(errno) => errno,
        Action::FailFrom(errno) => -errno,
        Action::Kill => 0,
    };
    CALLS.store(0, Ordering::SeqCst);
    ARMED_HOW.store(how, Ordering::SeqCst);
    ARMED_AT.store(at, Ordering::SeqCst);
}

/// Disarms, and says how many calls were made since [`arm`].
pub fn disarm() -> u64 {
    ARMED_AT.store(0, Ordering::SeqCst);
    CALLS.load(Ordering::SeqCst)
}

/// Reads `kill:N`, `fail:N:ERRNO` or `fail-from:N:ERRNO`, as the fault tests hand it to a child process.
pub fn parse(text: &str) -> Option<(u64, Action)> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["kill", at] => Some((at.parse().ok()?, Action::Kill)),
        ["fail", at, errno] => Some((at.parse().ok()?, Action::FailOnce(errno.parse().ok()?))),
        ["fail-from", at, errno] => Some((at.parse().ok()?, Action::FailFrom(errno.parse().ok()?))),
        _ => None,
    }
}

/// The point itself: to be passed before each call that changes the disk.
///
/// # Errors
/// The armed error, when this is the armed call.
#[inline]
pub fn check(operation: &'static str, path: &Path) -> io::Result<()> {
    let at = ARMED_AT.load(Ordering::Relaxed);
    if at == 0 { Ok(()) } else { strike(at, operation, path) }
}

#[cold]
fn strike(at: u64, _operation: &'static str, _path: &Path) -> io::Result<()> {
    let call = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
    let how = ARMED_HOW.load(Ordering::SeqCst);
    match how {
        0 if call == at => die(),
        errno if errno > 0 && call == at => Err(io::Error::from_raw_os_error(errno)),
        errno if errno < 0 && call >= at => Err(io::Error::from_raw_os_error(-errno)),
        _ => Ok(()),
    }
}

/// Ends the process without any of its clean-up, as `kill -9` from outside does.
fn die() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}
