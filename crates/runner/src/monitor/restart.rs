//! Whether a program that ended is started again, and when.

use std::time::Duration;

use crate::record::RestartPolicy;

/// The first pause before a new start; it doubles with each.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A program that ran for so long is not failing: the pause is short again.
const RAN_WELL: Duration = Duration::from_secs(10);

/// Decides for one container.
#[derive(Debug)]
pub(super) struct Restarts {
    policy: RestartPolicy,
    pause: Duration,
    failures: u32,
}

impl Restarts {
    pub(super) fn new(policy: &RestartPolicy) -> Restarts {
        Restarts { policy: policy.clone(), pause: Duration::ZERO, failures: 0 }
    }

    /// How long to wait before the next start, if there is to be one.
    pub(super) fn after(&mut self, exit_code: i32, ran: Duration) -> Option<Duration> {
        let again = match self.policy.name.as_str() {
            "always" | "unless-stopped" => true,
            "on-failure" => {
                let max = self.policy.maximum_retry_count;
                exit_code != 0 && (max == 0 || i64::from(self.failures) < max)
            }
            _ => false,
        };
        self.failures += 1;
        self.pause = match self.pause {
            _ if ran >= RAN_WELL => PAUSE_FIRST,
            Duration::ZERO => PAUSE_FIRST,
            pause => (pause * 2).min(PAUSE_MAX),
        };
        again.then_some(self.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(name: &str, max: i64, ends: &[(i32, u64)]) -> Vec<Option<u128>> {
        let mut restarts = Restarts::new(&RestartPolicy { name: name.to_owned(), maximum_retry_count: max });
        ends.iter()
            .map(|&(code, ran)| restarts.after(code, Duration::from_secs(ran)).map(|p| p.as_millis()))
            .collect()
    }

    #[test]
    fn policies_decide_by_exit_code_and_count() {
        assert_eq!(pauses("no", 0, &[(1, 0)]), [None]);
        assert_eq!(pauses("always", 0, &[(0, 0), (1, 0)]), [Some(100), Some(200)]);
        assert_eq!(pauses("on-failure", 0, &[(1, 0), (0, 0)]), [Some(100), None]);
        assert_eq!(pauses("on-failure", 2, &[(1, 0), (1, 0), (1, 0)]), [Some(100), Some(200), None]);
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_begin_anew_after_a_good_run() {
        let failing = [(1, 0); 12];
        let pauses_of = |ends: &[(i32, u64)]| pauses("always", 0, ends);
        assert_eq!(pauses_of(&failing).last(), Some(&Some(60_000)));
        assert_eq!(
            pauses_of(&[(1, 0), (1, 0), (1, 10), (1, 0)]),
            [Some(100), Some(200), Some(100), Some(200)]
        );
    }
}
