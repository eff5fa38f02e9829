//! Why a container could not be connected, or an address not be had.

use std::io;
use std::path::PathBuf;

/// Why a container could not be connected.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// There is no network of this name.
    #[error("failed to set up container networking: network {0} not found")]
    NoSuchNetwork(String),
    /// The container whose network is to be shared does not run, in Docker's words.
    #[error("cannot join network namespace of a non running container: container {name} is {state}")]
    NotRunning {
        /// Its name.
        name: String,
        /// Where it is in its life.
        state: &'static str,
    },
    /// A container that is to be known by another name does not run, in Docker's words.
    #[error("Cannot link to a non running container: /{name} AS {link}")]
    LinkNotRunning {
        /// Its name.
        name: String,
        /// The other name, after that of the container which would know it so.
        link: String,
    },
    /// A container would share its own network.
    #[error("cannot join own network namespace")]
    Own,
    /// The program that makes networks is not installed.
    #[error(
        "the bridge network needs netavark, which is not installed (Debian, Ubuntu and Fedora have it in the package \
         netavark); --network host and --network none work without it"
    )]
    NetavarkMissing,
    /// That program says no.
    #[error("{program} {command}: {reason}")]
    Netavark {
        /// Its path.
        program: PathBuf,
        /// What it was asked to do.
        command: &'static str,
        /// What it said.
        reason: String,
    },
    /// Ordinary users cannot have what a bridge needs.
    #[error("the bridge network needs root; --network host and --network none work without")]
    NotPrivileged,
    /// Every network that could be the bridge's is somebody else's here.
    #[error(
        "no private IPv4 network is free for the bridge: all of {first} to {last} overlap with routes of this machine"
    )]
    NoFreeSubnet {
        /// The first that was tried.
        first: String,
        /// The last one.
        last: String,
    },
    /// Every address is taken.
    #[error(
        "failed to set up container networking: no available IPv4 addresses on this network's address pools: bridge \
         ({network})"
    )]
    NoFreeAddress {
        /// The network's id.
        network: String,
    },
    /// A published port or address cannot be meant.
    #[error("{0}")]
    Invalid(String),
    /// A port cannot be published, in Docker's words.
    #[error(
        "failed to set up container networking: driver failed programming external connectivity on endpoint {name} \
         ({endpoint}): {reason}"
    )]
    Publish {
        /// The container's name.
        name: String,
        /// The id of its place in the network.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// Connections cannot be passed on.
    #[error("pass connections of published ports on: {source}")]
    Forward {
        /// Why.
        source: io::Error,
    },
    /// A namespace cannot be made.
    #[error("make a network namespace at {path}: {source}")]
    Namespace {
        /// Where it is kept.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
