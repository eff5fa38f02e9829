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

/// Whether root here is root of the machine: the first user namespace maps all ids to themselves.
pub(crate) fn is_first_user_namespace() -> bool {
    let map = Dir::open(Path::new("/proc/self")).and_then(|process| process.read("uid_map", 4096));
    let is_first =
        |map: Vec<u8>| String::from_utf8_lossy(&map).split_whitespace().eq(["0", "0", "4294967295"]);
    map.is_ok_and(|map| map.is_some_and(is_first))
}
