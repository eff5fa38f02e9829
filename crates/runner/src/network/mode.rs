//! `--network`: where a container's network comes from.

use super::NetworkError;
use crate::record::ContainerId;

/// Where a container's network comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An address of its own behind the bridge.
    Bridge,
    /// The machine's own network.
    Host,
    /// None but the loopback.
    None,
    /// That of another container.
    Container(ContainerId),
}

impl Mode {
    /// Reads `HostConfig.NetworkMode`; other containers are named by their whole id.
    ///
    /// # Errors
    /// `… network … not found` for anything else.
    pub fn parse(text: &str) -> Result<Mode, NetworkError> {
        let unknown = || NetworkError::NoSuchNetwork(text.to_owned());
        match text {
            "" | "default" | "bridge" => Ok(Mode::Bridge),
            "host" => Ok(Mode::Host),
            "none" => Ok(Mode::None),
            _ => {
                let id = text.strip_prefix("container:").and_then(ContainerId::parse);
                id.map(Mode::Container).ok_or_else(unknown)
            }
        }
    }

    /// The network's name in lists; nothing for a network that is another container's.
    pub fn network(&self) -> Option<&'static str> {
        match self {
            Mode::Bridge => Some("bridge"),
            Mode::Host => Some("host"),
            Mode::None => Some("none"),
            Mode::Container(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_names_of_networks_or_containers() {
        let check = |text: &str, expect: Option<Mode>| {
            let found = Mode::parse(text);
            let refused = found.as_ref().map_err(ToString::to_string).err();
            assert_eq!(
                refused,
                expect
                    .is_none()
                    .then(|| format!("failed to set up container networking: network {text} not found")),
                "{text}"
            );
            assert_eq!(found.ok(), expect, "{text}");
        };
        let id = "0f".repeat(32);
        check("", Some(Mode::Bridge));
        check("default", Some(Mode::Bridge));
        check("bridge", Some(Mode::Bridge));
        check("host", Some(Mode::Host));
        check("none", Some(Mode::None));
        check(&format!("container:{id}"), ContainerId::parse(&id).map(Mode::Container));
        check("container:web", None);
        check("backend", None);
        check("Bridge", None);
    }
}
