//! Random bytes for names that nobody else has.

use rustix::rand::{GetRandomFlags, getrandom};

/// Bytes that nobody can guess.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
            Ok(n) => filled += n,
            // Only before the kernel's pool is ready or under a filter: time and number are then the best there is.
            Err(_) => {
                let now =
                    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let unique = (now.as_nanos() ^ (u128::from(std::process::id()) << 96)).to_le_bytes();
                bytes.iter_mut().zip(unique.iter().cycle()).for_each(|(byte, unique)| *byte = *unique);
                filled = N;
            }
        }
    }
    bytes
}
