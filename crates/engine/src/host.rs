//! Facts about the machine and the user, given to the engine so that tests can give others.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use spec::Platform;

/// What the engine knows about where it runs.
#[derive(Clone, Debug)]
pub struct HostInfo {
    /// The machine's platform.
    pub platform: Platform,
    /// The user's number.
    pub uid: u32,
    /// The user's home folder, if one is known.
    pub home: Option<PathBuf>,
    /// Kernel release, `6.12.1`.
    pub kernel: String,
    /// Machine name.
    pub hostname: String,
    /// Operating system's pretty name.
    pub os_name: String,
    /// Processors.
    pub cpus: usize,
    /// Memory in bytes.
    pub memory: u64,
    /// Version of cgroups: 1, also beside the other one, or 2 alone.
    pub cgroup_version: u8,
    /// The zone that dates without one are in.
    pub zone: TimeZone,
}

/// A clock, so that outputs with times can be repeated.
pub type Clock = fn() -> jiff::Timestamp;

impl HostInfo {
    /// The facts of the machine this runs on; `home` comes from the environment, which is the caller's, and so would
    /// another zone.
    pub fn detect(home: Option<PathBuf>) -> HostInfo {
        let system = rustix::system::uname();
        let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
        let uid = rustix::process::geteuid().as_raw();
        HostInfo {
            platform: Platform::new("linux", &text(system.machine()), None),
            uid,
            home: home.or_else(|| home_of(uid)),
            kernel: text(system.release()),
            hostname: text(system.nodename()),
            os_name: os_name(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory(),
            cgroup_version: if Path::new(UNIFIED).exists() { 2 } else { 1 },
            zone: zone(),
        }
    }
}

/// Only there where all cgroups are of version 2.
const UNIFIED: &str = "/sys/fs/cgroup/cgroup.controllers";
/// The data of the machine's time zone.
const LOCAL_TIME: &str = "/etc/localtime";
/// Most are a few kilobytes; a large site's user database has some megabytes.
const SYSTEM_FILE_BYTES_MAX: u64 = 16 << 20;

/// The home folder by the user database, for those who run without HOME.
fn home_of(uid: u32) -> Option<PathBuf> {
    let users = system_file("/etc/passwd");
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let user = fields.into_iter().find(|fields| fields.get(2).is_some_and(|id| id.parse() == Ok(uid)))?;
    user.get(5).filter(|home| home.starts_with('/')).map(PathBuf::from)
}

/// A file by which the system describes itself; empty when it does not.
fn system_file(path: &str) -> String {
    let bytes = disk::read_named(Path::new(path), SYSTEM_FILE_BYTES_MAX).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn os_name() -> String {
    let release = system_file("/etc/os-release");
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| "Linux".to_owned(), |name| name.trim_matches('"').to_owned())
}

/// The zone of this machine. It is read from its file: to find out what it is called, every folder of the zones'
/// database would be read.
fn zone() -> TimeZone {
    let of_machine = disk::read_named(Path::new(LOCAL_TIME), SYSTEM_FILE_BYTES_MAX).ok();
    of_machine.and_then(|bytes| TimeZone::tzif("", &bytes).ok()).unwrap_or_else(TimeZone::system)
}

fn memory() -> u64 {
    let text = system_file("/proc/meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `date` has it, whatever the environment of the test says.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a program to compare with")]
    fn the_zone_is_that_of_the_machine() {
        let now = jiff::Timestamp::now().in_tz("UTC").unwrap().with_time_zone(zone());
        let date = std::process::Command::new("date").env_remove("TZ").arg("+%z").output().unwrap();
        assert_eq!(now.strftime("%z\n").to_string().as_bytes(), date.stdout);
    }
}
