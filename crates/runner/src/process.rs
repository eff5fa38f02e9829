//! Processes of this machine, by what `/proc` says.

use std::time::{Duration, Instant};

/// Bytes of `/proc/<pid>/stat`: some 350 with every number at its longest.
const STAT_BYTES_MAX: u64 = 4096;
/// How long another may keep a child that is about to be ours: it has only to exit, on a machine that is busy.
const ADOPTION: Duration = Duration::from_secs(10);
/// How often it is looked for meanwhile.
const ADOPTION_POLL: Duration = Duration::from_millis(2);

/// When a process began, in ticks since the machine started; nothing when there is no such process or it has
/// ended and nobody has asked how.
pub fn began(pid: i32) -> Option<u64> {
    let stat = disk::read_named(format!("/proc/{pid}/stat").as_ref(), STAT_BYTES_MAX).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name before the last bracket may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let began = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(began)
}

/// Whether the process that had this number, began then and in that run of the machine is still there.
pub(crate) fn is_alive(pid: i32, pid_began: u64, boot: &str) -> bool {
    pid > 0 && boot == disk::boot_id() && began(pid) == Some(pid_began)
}

/// Sends a signal to a process; one that has ended needs none.
pub(crate) fn signal(pid: i32, signal: i32) {
    if let (Some(pid), Some(signal)) = (rustix::process::Pid::from_raw(pid), raw_signal(signal)) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

#[expect(unsafe_code, reason = "real-time signals have no safe constructor")]
fn raw_signal(number: i32) -> Option<rustix::process::Signal> {
    // SAFETY: numbers up to 64 are signals; those that the C library keeps for itself do no harm to another process.
    (1..=64).contains(&number).then(|| unsafe { rustix::process::Signal::from_raw_unchecked(number) })
}

/// Waits for a child's end: its exit code, or 128 and the number of the signal that ended it.
///
/// It may still be another's child, who is about to end and leave it to this process: crun's helper does that a moment
/// after crun has ended.
///
/// # Errors
/// When it is no child, or was waited for already.
pub(crate) fn wait(pid: i32) -> std::io::Result<i32> {
    use rustix::process::{Pid, WaitOptions, waitpid};
    let adopted = Instant::now() + ADOPTION;
    loop {
        match waitpid(Pid::from_raw(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                let code = status.exit_status().or(status.terminating_signal().map(|signal| 128 + signal));
                if let Some(code) = code {
                    return Ok(code);
                }
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::CHILD) if Instant::now() < adopted && is_there(pid) => {
                std::thread::sleep(ADOPTION_POLL);
            }
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Whether there is such a process, or one whose end nobody has asked for yet.
fn is_there(pid: i32) -> bool {
    disk::read_named(format!("/proc/{pid}/stat").as_ref(), STAT_BYTES_MAX).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a process whose child is left to this one")]
    fn a_child_is_waited_for_that_another_is_about_to_leave() {
        use std::io::{BufRead, BufReader};
        use std::process::{Command, Stdio};
        rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
        let script = "sh -c 'sleep 0.1; exit 7' & echo $!; exec sleep 0.4";
        let mut parent = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let reaper = std::thread::spawn(move || parent.wait());
        assert_eq!(wait(line.trim().parse().unwrap()).unwrap(), 7);
        reaper.join().unwrap().unwrap();
        assert!(wait(line.trim().parse().unwrap()).is_err(), "nobody is waited for twice");
    }

    #[test]
    fn a_process_is_known_by_its_beginning() {
        let own = i32::try_from(std::process::id()).unwrap();
        let own_began = began(own).unwrap();
        assert!(is_alive(own, own_began, &disk::boot_id()));
        assert!(!is_alive(own, own_began + 1, &disk::boot_id()));
        assert!(!is_alive(own, own_began, "another boot"));
        assert!(!is_alive(0, 0, &disk::boot_id()));
    }
}
