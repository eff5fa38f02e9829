//! What this process may do to files.

use std::path::Path;

use disk::Dir;
use layer::Privileges;
use rustix::thread::CapabilitySet;

/// What it may do, as far as applying layers is concerned.
pub(crate) fn privileges() -> Privileges {
    if !disk::tree::is_privileged() {
        return Privileges::None;
    }
    let makes_devices =
        rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::MKNOD));
    match makes_devices && is_first_user_namespace() {
        true => Privileges::All,
        false => Privileges::NoDevices,
    }
}

/// Whom this process can give files to: the ranges of its user namespace; nothing where that is everybody.
pub(crate) fn owners() -> Option<String> {
    if !disk::tree::is_privileged() {
        return Some("one".to_owned());
    }
    let [uids, gids] = ["uid_map", "gid_map"].map(|name| map(name).unwrap_or_default());
    (uids != MACHINES).then(|| format!("users {uids}, groups {gids}"))
}

/// Whether root here is root of the machine.
pub(crate) fn is_first_user_namespace() -> bool {
    map("uid_map").is_some_and(|map| map == MACHINES)
}

/// The first user namespace maps all numbers to themselves.
const MACHINES: &str = "0 0 4294967295";
/// A map has at most 340 lines of 36 bytes.
const MAP_BYTES_MAX: u64 = 16 << 10;

/// A map of the user namespace of this process, in one line.
fn map(name: &str) -> Option<String> {
    let map = Dir::open(Path::new("/proc/self")).and_then(|process| process.read(name, MAP_BYTES_MAX));
    let text = String::from_utf8(map.ok()??).ok()?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}
