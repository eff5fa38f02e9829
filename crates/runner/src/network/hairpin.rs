//! The way of a container to itself over a published port: out of the bridge by the port it came in by.
//!
//! Where the kernel shows bridged packets to the rules, it leads such a packet back within the bridge, which by itself
//! sends nothing back to where it came from.

use std::path::Path;

use disk::Dir;

/// There where the kernel shows bridged packets to the rules.
const BRIDGED_RULES: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";
const HAIRPIN: &str = "hairpin_mode";

/// Lets containers of a bridge reach themselves. A container that never does misses nothing where it cannot be had,
/// so that nothing is said then.
pub(super) fn allow(bridge: &str) {
    if !Path::new(BRIDGED_RULES).exists() {
        return;
    }
    let Ok(ports) = Dir::open(&Path::new("/sys/class/net").join(bridge).join("brif")) else { return };
    for port in ports.entries().unwrap_or_default() {
        let _ = turn_on(&ports.join(&port.name));
    }
}

fn turn_on(port: &Path) -> disk::Result<()> {
    Dir::open(port)?.file_mut(HAIRPIN, 0)?.write_all_at(b"1", 0)
}
