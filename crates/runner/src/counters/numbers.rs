//! The numbers in the kernel's files.

/// A number alone; nothing for `max`, and for version 1's way to say it.
pub(super) fn number(text: &str) -> Option<u64> {
    /// The largest multiple of a page that fits in 63 bits, less a page of the largest size.
    const NO_LIMIT: u64 = (1 << 63) - (64 << 10);
    text.trim().parse().ok().filter(|number| *number < NO_LIMIT)
}

/// A number alone, or 0.
pub(super) fn from_line(text: &str) -> u64 {
    number(text).unwrap_or(0)
}

fn named(text: &str, wanted: &str) -> u64 {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    let mut values =
        pairs.filter(|(name, _)| *name == wanted).filter_map(|(_, value)| value.trim().parse().ok());
    values.next().unwrap_or(0)
}

/// `cpu.stat` of version 2.
pub(super) fn usage_usec(text: &str) -> u64 {
    named(text, "usage_usec")
}

/// `memory.stat` of version 1.
pub(super) fn inactive_file_v1(text: &str) -> u64 {
    named(text, "total_inactive_file")
}

/// `memory.stat` of version 2.
pub(super) fn inactive_file_v2(text: &str) -> u64 {
    named(text, "inactive_file")
}

/// Bytes read and written: `8:0 Read 123`.
pub(super) fn io_v1(text: &str) -> (u64, u64) {
    let (mut read, mut written) = (0_u64, 0_u64);
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (operation, bytes) = (words.next(), words.next().and_then(|bytes| bytes.parse::<u64>().ok()));
        match operation {
            Some("Read") => read = read.saturating_add(bytes.unwrap_or(0)),
            Some("Write") => written = written.saturating_add(bytes.unwrap_or(0)),
            _ => {}
        }
    }
    (read, written)
}

/// Bytes read and written: `8:0 rbytes=1 wbytes=2 …`.
pub(super) fn io_v2(text: &str) -> (u64, u64) {
    let sum = |name: &str| {
        let values =
            text.split_ascii_whitespace().filter_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        values.filter_map(|value| value.parse::<u64>().ok()).fold(0, u64::saturating_add)
    };
    (sum("rbytes"), sum("wbytes"))
}

/// Bytes received and sent over all interfaces but the loopback, from `net/dev`.
pub(super) fn network(text: &str) -> (u64, u64) {
    let (mut received, mut sent) = (0_u64, 0_u64);
    for (name, counters) in text.lines().filter_map(|line| line.split_once(':')) {
        if name.trim() == "lo" {
            continue;
        }
        let counter =
            |at| counters.split_ascii_whitespace().nth(at).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        received = received.saturating_add(counter(0));
        sent = sent.saturating_add(counter(8));
    }
    (received, sent)
}

/// Ticks of the whole machine, from `/proc/stat`: user, nice, system, idle, waiting, two kinds of interrupts.
pub(super) fn system_ticks(text: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu ")).unwrap_or_default();
    line.split_ascii_whitespace().take(7).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_read() {
        assert_eq!(number("12\n"), Some(12));
        assert_eq!(number("max\n"), None);
        assert_eq!(number("9223372036854771712\n"), None);
        assert_eq!(number(""), None);
        let dev = "Inter-|   Receive  |  Transmit\n face |bytes packets\n    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  \
                   eth0:100 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0\n  eth1: 1 1 0 0 0 0 0 0 2 2 0 0 0 0 0 0\n";
        assert_eq!(network(dev), (101, 22));
        assert_eq!(network("eth0: 5\n"), (5, 0));
        assert_eq!(system_ticks("cpu  1 2 3 4 5 6 7 100 200\ncpu0 1 1 1 1\n"), 28);
        assert_eq!(system_ticks(""), 0);
        assert_eq!(io_v1("8:0 Read x\n8:0\n\nTotal 5\n"), (0, 0));
        assert_eq!(io_v2("8:0 rbytes=x wbytes\n"), (0, 0));
    }
}
