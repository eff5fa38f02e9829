//! Networks of containers: the bridge with published ports, the machine's own, none, or another container's.
//!
//! The bridge is made by netavark, a program that Podman brings as well. What it was asked for is kept in the
//! container's run folder for as long as it stands, and the same text undoes it: also when the monitor was killed.
//!
//! ```text
//! <root>/networks/bridge.json     interface and network of the bridge
//! <run>/leases.json               who has which address
//! <run>/<id>/netns                the container's network namespace, a mount
//! <run>/<id>/network.json         what netavark was asked for
//! ```

mod bridge;
mod error;
mod files;
mod forward;
mod hairpin;
mod hosts;
mod leases;
mod links;
mod list;
mod mode;
mod namespace;
mod netavark;
mod networks;
mod ports;
mod resolv_conf;
mod subnet;
#[cfg(test)]
mod tests;

pub use bridge::Bridge;
pub use error::NetworkError;
pub use files::Files;
pub use list::{Known, network_id};
pub use mode::Mode;
pub use netavark::program;
pub use networks::{Leftover, Namespace, Network, Networks};
pub use subnet::Subnet;
#[cfg(test)]
pub(crate) use tests::{container as container_for_tests, with_mounts_of_its_own};
