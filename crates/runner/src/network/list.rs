//! The networks that there are, for lists.

use std::path::Path;

use disk::Dir;
use jiff::Timestamp;
use spec::Digest;

use super::Subnet;
use super::bridge::Bridge;
use crate::error::Result;

/// A network as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// `bridge`, `host`, `none`.
    pub name: &'static str,
    /// `bridge`, `host`, `null`.
    pub driver: &'static str,
    /// When it was made; nothing for what is there from the beginning, and for a bridge nobody used yet.
    pub created: Option<Timestamp>,
    /// Its addresses, where it has any and they are chosen.
    pub subnet: Option<Subnet>,
    /// Its interface on this machine.
    pub interface: Option<String>,
}

/// The id of a store's network: the same whenever it is asked for.
pub fn network_id(root: &Path, name: &str) -> String {
    let mut text = root.as_os_str().as_encoded_bytes().to_vec();
    text.push(0);
    text.extend_from_slice(name.as_bytes());
    Digest::of(&text).hex().to_owned()
}

/// All networks of a store, by name; there is no more than these three. Reads only, also where there is no store yet.
pub(super) fn list(root: &Path, dir: Option<&Dir>) -> Result<Vec<Known>> {
    let bridge = dir.map(Bridge::read).transpose()?.flatten();
    let plain = |name: &'static str, driver: &'static str| Known {
        id: network_id(root, name),
        name,
        driver,
        created: None,
        subnet: None,
        interface: None,
    };
    let of_bridge = Known {
        created: bridge.as_ref().map(|bridge| bridge.created),
        subnet: bridge.as_ref().map(|bridge| bridge.subnet),
        interface: bridge.map(|bridge| bridge.interface),
        ..plain("bridge", "bridge")
    };
    Ok(vec![of_bridge, plain("host", "host"), plain("none", "null")])
}
