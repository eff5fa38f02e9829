//! Tests that need more than every machine has: they say what is missing, and pass.

use std::io::Write;
use std::process::Command;

/// Says on stderr why a test does nothing here.
pub fn skip(reason: &str) {
    drop(writeln!(std::io::stderr(), "skipped: {reason}"));
}

/// Whether a program can be started; says so when not.
pub fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        skip(&format!("{program} is not installed"));
    }
    found
}

/// Whether the test runs as root; says so when not.
pub fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip("needs root");
    }
    root
}

/// Where netavark is, which is no command for people.
const NETAVARK: [&str; 3] =
    ["/usr/lib/podman/netavark", "/usr/libexec/podman/netavark", "/usr/local/libexec/podman/netavark"];

/// Whether containers can have the bridge network; says so when not.
pub fn bridge() -> bool {
    let has_netavark = NETAVARK.iter().any(|path| std::path::Path::new(path).exists());
    if !has_netavark {
        skip("netavark is not installed");
    }
    has_netavark && root() && installed("iptables")
}
