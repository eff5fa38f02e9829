//! What the kernel says about a container's cgroup.

use std::path::{Path, PathBuf};

/// These files are some hundred bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Whether the kernel has killed a process of the cgroup for want of memory.
pub(super) fn was_out_of_memory(cgroup: &str) -> bool {
    let below = cgroup.trim_start_matches('/');
    let root = Path::new("/sys/fs/cgroup");
    let files: [PathBuf; 3] = [
        root.join("memory").join(below).join("memory.oom_control"),
        root.join(below).join("memory.events"),
        root.join("unified").join(below).join("memory.events"),
    ];
    files.iter().any(|file| {
        let text = disk::read_named(file, FILE_BYTES_MAX).unwrap_or_default();
        kills(&String::from_utf8_lossy(&text)) > 0
    })
}

/// The counter, under the one name that both versions have for it.
fn kills(text: &str) -> u64 {
    let counters = text.lines().filter_map(|line| line.split_once(' '));
    counters
        .filter(|(name, _)| *name == "oom_kill")
        .find_map(|(_, count)| count.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::kills;

    #[test]
    fn both_versions_count_kills() {
        assert_eq!(kills("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"), 2);
        assert_eq!(kills("low 0\nhigh 0\nmax 31\noom 1\noom_kill 1\n"), 1);
        assert_eq!(kills("oom_kill 0\n"), 0);
        assert_eq!(kills(""), 0);
    }
}
