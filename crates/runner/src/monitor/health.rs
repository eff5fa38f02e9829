//! Looking again and again whether a program works.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::exec::{Started, start};
use super::shared::Shared;
use crate::oci::ExecAsked;
use crate::process;
use crate::record::{Health, HealthResult, Healthcheck};
use crate::signal;

/// Docker's defaults.
const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const START_INTERVAL: Duration = Duration::from_secs(5);
const RETRIES: i64 = 3;
/// Of a check's words.
const OUTPUT_BYTES_MAX: usize = 4096;
/// Of results.
const RESULTS_KEPT: usize = 5;

/// The checks of one start of a program.
pub(super) struct Checks {
    over: Arc<AtomicBool>,
}

impl Checks {
    /// Begins them, where the container has any.
    pub(super) fn begin(shared: &Arc<Shared>) -> Option<Checks> {
        let check = shared.container.config.healthcheck.clone()?;
        let argv = command(&check, shared.container.config.shell.as_deref())?;
        let over = Arc::new(AtomicBool::new(false));
        let (shared, is_over) = (Arc::clone(shared), Arc::clone(&over));
        std::thread::spawn(move || go_on(&shared, &check, &argv, &is_over));
        Some(Checks { over })
    }

    /// Ends them.
    pub(super) fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// The program of a check; nothing where there is to be none.
fn command(check: &Healthcheck, shell: Option<&[String]>) -> Option<Vec<String>> {
    let (kind, rest) = check.test.split_first()?;
    match kind.as_str() {
        "CMD" if !rest.is_empty() => Some(rest.to_vec()),
        "CMD-SHELL" => {
            let usual = ["/bin/sh".to_owned(), "-c".to_owned()];
            let shell = shell.filter(|shell| !shell.is_empty()).unwrap_or(&usual);
            Some(shell.iter().chain(rest.first()).cloned().collect())
        }
        _ => None,
    }
}

fn go_on(shared: &Arc<Shared>, check: &Healthcheck, argv: &[String], over: &AtomicBool) {
    let began = Instant::now();
    let start_period = duration(check.start_period, Duration::ZERO);
    loop {
        let is_starting = began.elapsed() < start_period && health(shared).status == "starting";
        let pause = match is_starting {
            true => duration(check.start_interval, START_INTERVAL).min(duration(check.interval, INTERVAL)),
            false => duration(check.interval, INTERVAL),
        };
        shared.wait(Some(pause), |_| over.load(Ordering::Relaxed));
        if over.load(Ordering::Relaxed) {
            return;
        }
        let result = probe(shared, argv, duration(check.timeout, TIMEOUT));
        if over.load(Ordering::Relaxed) {
            return;
        }
        let next = judged(health(shared), result, check.retries, began.elapsed() < start_period);
        let _ = shared.write(|state| state.health = Some(next));
    }
}

fn health(shared: &Shared) -> Health {
    shared.now().state.health.clone().unwrap_or_default()
}

fn duration(nanoseconds: i64, usual: Duration) -> Duration {
    u64::try_from(nanoseconds).ok().filter(|&n| n > 0).map_or(usual, Duration::from_nanos)
}

/// What one more result makes of it.
fn judged(mut health: Health, result: HealthResult, retries: i64, is_starting: bool) -> Health {
    let retries = u32::try_from(retries).ok().filter(|&n| n > 0).unwrap_or(RETRIES as u32);
    if result.exit_code == 0 {
        health.failing_streak = 0;
        "healthy".clone_into(&mut health.status);
    } else if !(is_starting && health.status == "starting") {
        health.failing_streak += 1;
        if health.failing_streak >= retries {
            "unhealthy".clone_into(&mut health.status);
        }
    }
    health.log.push(result);
    let extra = health.log.len().saturating_sub(RESULTS_KEPT);
    health.log.drain(..extra);
    health
}

fn probe(shared: &Shared, argv: &[String], timeout: Duration) -> HealthResult {
    let start_time = Timestamp::now();
    let asked = ExecAsked { argv: argv.to_vec(), ..ExecAsked::default() };
    let (exit_code, output) = match start(shared, &asked, false) {
        Ok(started) => watch(started, timeout),
        Err(error) => (-1, error.to_string()),
    };
    HealthResult { start: start_time, end: Timestamp::now(), exit_code, output }
}

/// Waits for a check's end and takes its words; one that takes too long is killed.
fn watch(started: Started, timeout: Duration) -> (i32, String) {
    let Started { pid, connected } = started;
    let readers: Vec<_> = connected
        .outputs
        .into_iter()
        .map(|(from, _)| {
            std::thread::spawn(move || {
                let mut from = std::fs::File::from(from);
                let mut kept = Vec::new();
                let _ = (&mut from).take(OUTPUT_BYTES_MAX as u64).read_to_end(&mut kept);
                let _ = std::io::copy(&mut from, &mut std::io::sink());
                kept
            })
        })
        .collect();
    let is_late = Arc::new(AtomicBool::new(false));
    let (ended, end) = std::sync::mpsc::channel::<()>();
    let late = Arc::clone(&is_late);
    let guard = std::thread::spawn(move || {
        if end.recv_timeout(timeout) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            late.store(true, Ordering::Relaxed);
            process::signal(pid, signal::KILL);
        }
    });
    let exit_code = process::wait(pid).unwrap_or(-1);
    drop(ended);
    let _ = guard.join();
    if is_late.load(Ordering::Relaxed) {
        return (-1, format!("Health check exceeded timeout ({})", seconds(timeout)));
    }
    let mut output: Vec<u8> = readers.into_iter().filter_map(|reader| reader.join().ok()).flatten().collect();
    output.truncate(OUTPUT_BYTES_MAX);
    (exit_code, String::from_utf8_lossy(&output).into_owned())
}

/// As Go writes a duration of whole or broken seconds.
fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{}ms", duration.as_millis())
    } else {
        format!("{}s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(exit_code: i32) -> HealthResult {
        let time = Timestamp::UNIX_EPOCH;
        HealthResult { start: time, end: time, exit_code, output: String::new() }
    }

    #[test]
    fn failures_in_a_row_make_it_unhealthy_and_one_success_heals_it() {
        let starting = Health { status: "starting".to_owned(), ..Health::default() };
        let after = |codes: &[i32], is_starting| {
            codes.iter().fold(starting.clone(), |health, &code| judged(health, result(code), 3, is_starting))
        };
        let check = |codes: &[i32], is_starting, expect: (&str, u32)| {
            let health = after(codes, is_starting);
            assert_eq!((health.status.as_str(), health.failing_streak), expect, "{codes:?}");
        };
        check(&[1, 1], false, ("starting", 2));
        check(&[1, 1, 1], false, ("unhealthy", 3));
        check(&[1, 1, 1, 0], false, ("healthy", 0));
        check(&[1, 1, 1, 1], true, ("starting", 0));
        check(&[0, 1], true, ("healthy", 1));
        assert_eq!(after(&[0; 9], false).log.len(), RESULTS_KEPT);
    }

    #[test]
    fn checks_are_programs_or_shell_lines() {
        let check = |test: &[&str], expect: Option<&[&str]>| {
            let test = test.iter().map(|word| (*word).to_owned()).collect();
            let expect = expect.map(|words| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
            assert_eq!(command(&Healthcheck { test, ..Healthcheck::default() }, None), expect);
        };
        check(&["CMD", "true", "x"], Some(&["true", "x"]));
        check(&["CMD-SHELL", "exit 1"], Some(&["/bin/sh", "-c", "exit 1"]));
        check(&["NONE"], None);
        check(&[], None);
        check(&["CMD"], None);
    }
}
