//! What the tests of this crate share.

use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::UnshareFlags;

/// Whether this test may mount; says so when it may not. From then on its thread has mounts of its own, so
/// that what a failing test leaves is gone with it.
#[expect(unsafe_code, reason = "a thread's own mounts cannot be had otherwise")]
pub(crate) fn may_mount() -> bool {
    let may = crate::mount::kernel_offers("overlay")
        // SAFETY: the thread gets its own mounts and working directory; no memory or descriptor changes hands.
        && unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }.is_ok()
        && mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).is_ok();
    if !may {
        eprintln!("skipped: this needs the right to mount overlay file systems");
    }
    may
}
