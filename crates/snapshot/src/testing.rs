//! What the tests of this crate share.

/// Whether this process may mount; says so when it may not.
pub(crate) fn may_mount() -> bool {
    let may = crate::mount::kernel_offers("overlay");
    if !may {
        eprintln!("skipped: this needs the right to mount overlay file systems");
    }
    may
}
