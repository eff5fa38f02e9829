//! Fault points for tests that run the program as a child: see `docs/crash-safety.md`.

/// Arms the fault that `text` describes (`kill:N`, `fail:N:ERRNO`, `fail-from:N:ERRNO`); says whether it is one.
#[must_use]
pub fn arm(text: &str) -> bool {
    let Some((at, action)) = disk::fault::parse(text) else { return false };
    disk::fault::arm(at, action);
    true
}
