//! What was asked for.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use spec::{DiffId, ImageId};

use super::{Config, EndpointAsked, HostConfig, MountPoint};

/// A container's id: 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContainerId(String);

impl ContainerId {
    /// Takes 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<ContainerId> {
        let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 64 && text.bytes().all(is_hex)).then(|| ContainerId(text.to_owned()))
    }

    /// A new one, from 32 random bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> ContainerId {
        ContainerId(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, as lists show it.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A container as it was created: `container.json`. Only its name may change afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Container {
    /// Its id.
    pub id: ContainerId,
    /// Its name, without the slash that Docker's API puts before it.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// The image it was made from.
    pub image: ImageId,
    /// The layers below it, bottom first.
    pub stack: Vec<DiffId>,
    /// The storage driver that keeps its files.
    pub driver: String,
    /// `linux`.
    pub os: String,
    /// `amd64`.
    pub architecture: String,
    /// `v8`, or nothing.
    #[serde(default)]
    pub variant: Option<String>,
    /// The program: entry point and command together, never empty.
    pub argv: Vec<String>,
    /// What runs.
    pub config: Config,
    /// What it gets from this machine.
    pub host_config: HostConfig,
    /// What was asked of its places in networks, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub networks: BTreeMap<String, EndpointAsked>,
    /// Its mounts, decided.
    pub mounts: Vec<MountPoint>,
}

impl Container {
    /// The program, as `Path` of the API.
    pub fn path(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// Its arguments, as `Args` of the API.
    pub fn args(&self) -> &[String] {
        self.argv.get(1..).unwrap_or_default()
    }

    /// The signal that asks it to end.
    pub fn stop_signal(&self) -> &str {
        self.config.stop_signal.as_deref().filter(|signal| !signal.is_empty()).unwrap_or("SIGTERM")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_64_hexadecimal_digits() {
        assert!(ContainerId::parse(&"a0".repeat(32)).is_some());
        for text in ["", "a0", &"A0".repeat(32), &"g0".repeat(32), &"a0".repeat(33)] {
            assert_eq!(ContainerId::parse(text), None, "{text}");
        }
        assert_eq!(ContainerId::from_bytes(&[0xa0; 32]).short(), "a0a0a0a0a0a0");
    }
}
