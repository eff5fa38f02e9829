//! The identity of the running boot.

/// A word that is the same until the machine starts anew; `unknown` where the kernel does not say, which
/// makes everything that was not synced count as lost.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}
