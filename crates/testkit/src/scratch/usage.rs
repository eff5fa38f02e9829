//! What a process used, from /proc.
//!
//! The peak is read from its own `VmHWM` while it runs: what `getrusage` says after the end would count the
//! memory of the test that forked it, too.

use std::fs;

use rustix::process::Pid;

/// What a process used until now. Zero where the kernel does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Most memory that was resident at once, in bytes; what happened in the last two milliseconds may be
    /// missing.
    pub peak_rss_bytes: u64,
    /// Calls that read.
    pub read_calls: u64,
    /// Calls that wrote.
    pub write_calls: u64,
    /// Bytes read, from whatever descriptor.
    pub bytes_read: u64,
    /// Bytes written, to whatever descriptor.
    pub bytes_written: u64,
    /// CPU time in user mode, in clock ticks (hundredths of a second).
    pub user_ticks: u64,
    /// CPU time in the kernel, in clock ticks.
    pub system_ticks: u64,
}

impl Usage {
    /// Takes in how the process stands now.
    pub(crate) fn observe(&mut self, pid: Pid) {
        let read = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", pid.as_raw_nonzero()));
        let status = read("status").unwrap_or_default();
        let peak = number(&status, "VmHWM:").map_or(0, |kib| kib * 1024);
        self.peak_rss_bytes = self.peak_rss_bytes.max(peak);
    }

    /// Takes in what is left to read when the process has ended and nobody has waited for it yet.
    pub(crate) fn conclude(&mut self, pid: Pid) {
        let read = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", pid.as_raw_nonzero()));
        let io = read("io").unwrap_or_default();
        let field = |name: &str| number(&io, name).unwrap_or_default();
        self.read_calls = field("syscr:");
        self.write_calls = field("syscw:");
        self.bytes_read = field("rchar:");
        self.bytes_written = field("wchar:");
        let stat = read("stat").unwrap_or_default();
        // The name before the parenthesis may hold blanks; utime is the twelfth field behind it.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse().ok()).unwrap_or_default();
        (self.user_ticks, self.system_ticks) = (ticks(11), ticks(12));
    }
}

fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
