//! Descriptors that no program of ours gets (RUN-1).

use std::os::fd::{BorrowedFd, RawFd};
use std::path::Path;

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// The first one after the standard ones.
const FIRST: RawFd = 3;

/// Has every descriptor but the first three closed in programs that are started from now on. Ours are made that way;
/// those that this process was given are not.
pub(super) fn keep_to_ourselves() {
    let Ok(entries) = std::fs::read_dir(Path::new("/proc/self/fd")) else { return };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    for number in numbers.filter(|number| *number >= FIRST).collect::<Vec<_>>() {
        keep(number);
    }
}

#[expect(unsafe_code, reason = "descriptors that nothing here has opened have only numbers")]
fn keep(number: RawFd) {
    // SAFETY: it is borrowed for two calls that change nothing but a flag. Where another thread has closed it by now
    // they say so, and where it has become another descriptor, that one must not be passed on either.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    if let Ok(flags) = fcntl_getfd(descriptor)
        && !flags.contains(FdFlags::CLOEXEC)
    {
        let _ = fcntl_setfd(descriptor, flags | FdFlags::CLOEXEC);
    }
}
