//! The clients that people have, each over every way in which a registry may want to be spoken to.
//!
//! One file for each client; what they have in common is in `stand`. A client that is not installed is named and
//! passed over: `scripts/install-peers` brings them.

mod buildah;
mod docker;
mod libraries;
mod podman;
mod skopeo;
mod stand;
