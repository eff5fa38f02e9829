//! A monitor's memory: it may live for years and does next to nothing.

/// Gives back what a start took and nobody needs any more, which is more than what is kept.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the allocator of the C library is asked")]
pub(super) fn give_back() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> i32;
    }
    // SAFETY: it has no conditions, and takes only pages in which nothing is allocated.
    unsafe { malloc_trim(0) };
}

/// Other libraries' allocators do so by themselves.
#[cfg(not(target_env = "gnu"))]
pub(super) fn give_back() {}
