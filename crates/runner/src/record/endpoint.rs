//! What was asked of a container's place in a network.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One of `EndpointsConfig` of Docker's API. Texts and lists are empty where nothing was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EndpointAsked {
    /// Addresses; nothing where none was asked for.
    #[serde(rename = "IPAMConfig", skip_serializing_if = "Option::is_none")]
    pub addresses: Option<AddressesAsked>,
    /// `--link` as typed, in networks that users made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// Names in the network.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Hardware address, as typed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mac_address: String,
    /// Options of the network's driver.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub driver_opts: BTreeMap<String, String>,
    /// Which network's gateway leads out: that with the highest number.
    #[serde(skip_serializing_if = "is_zero")]
    pub gw_priority: i64,
}

/// Addresses in a network, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddressesAsked {
    /// `--ip`.
    #[serde(rename = "IPv4Address", skip_serializing_if = "String::is_empty")]
    pub ipv4: String,
    /// `--ip6`.
    #[serde(rename = "IPv6Address", skip_serializing_if = "String::is_empty")]
    pub ipv6: String,
    /// `--link-local-ip`.
    #[serde(rename = "LinkLocalIPs", skip_serializing_if = "Vec::is_empty")]
    pub link_local: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// Whether a network, by name or mode, is one that users make: not one of Docker's own, nor another container's.
pub fn is_user_defined(network: &str) -> bool {
    !matches!(network, "" | "default" | "bridge" | "host" | "none") && !network.starts_with("container:")
}
