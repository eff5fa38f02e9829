//! Tells a stalled transfer from a slow one.

use std::time::Duration;

use super::error::TransportError;
use crate::limits::STALL_BYTES_PER_SECOND;

/// Counts bytes over the time that was spent waiting for the other side; the time we take ourselves does
/// not count.
#[derive(Debug)]
pub(crate) struct Meter {
    window: Duration,
    waited: Duration,
    bytes: u64,
}

impl Meter {
    pub(crate) fn new(window: Duration) -> Meter {
        Meter { window, waited: Duration::ZERO, bytes: 0 }
    }

    /// Takes in that `bytes` came after waiting for `waited`.
    ///
    /// # Errors
    /// When a whole window went by below the stall rate.
    pub(crate) fn record(&mut self, bytes: usize, waited: Duration) -> Result<(), TransportError> {
        self.bytes += bytes as u64;
        self.waited += waited;
        if self.waited < self.window {
            return Ok(());
        }
        let enough = self.bytes as f64 >= STALL_BYTES_PER_SECOND as f64 * self.waited.as_secs_f64();
        (self.bytes, self.waited) = (0, Duration::ZERO);
        if enough { Ok(()) } else { Err(stalled(self.window)) }
    }
}

pub(crate) fn stalled(window: Duration) -> TransportError {
    TransportError::Stalled { rate: STALL_BYTES_PER_SECOND, window }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_but_steady_is_fine_and_a_drip_is_a_stall() {
        let second = Duration::from_secs(1);
        let mut steady = Meter::new(20 * second);
        assert!((0..100).all(|_| steady.record(1100, second).is_ok()));
        let mut drip = Meter::new(20 * second);
        let stalled_after = (0..100).position(|_| drip.record(1, second).is_err());
        assert_eq!(stalled_after, Some(19));
        let mut burst = Meter::new(20 * second);
        assert!(burst.record(1 << 20, second).is_ok());
        assert!((0..19).all(|_| burst.record(0, second).is_ok()));
        assert_eq!((0..20).position(|_| burst.record(0, second).is_err()), Some(19));
    }
}
