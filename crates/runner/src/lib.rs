//! Containers: their records on disk, the OCI runtime that starts them, and the monitor that stays with each.
//!
//! There is no daemon. A container is a folder of the store; who wants to know about it reads the folder, who
//! wants something of a running one talks to its monitor, a process of its own that lives as long as the
//! container runs.
//!
//! ```text
//! <root>/containers/<id>/container.json    what was asked for, published by rename
//! <root>/containers/<id>/state.json        what became of it, written by the monitor alone
//! <root>/containers/<id>/<id>-json.log     what it wrote
//! <run>/<id>/                              sockets, bundle, mount point: gone after a restart of the machine
//! ```

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::print_stderr,
        reason = "tests lay out their own files and say why they skip"
    )
)]

pub mod control;
pub mod counters;
mod error;
mod listing;
pub mod logs;
pub mod monitor;
mod mounts;
pub mod network;
pub mod oci;
pub mod process;
mod programs;
pub mod record;
mod run_dir;
pub mod runtime;
pub mod signal;
mod socket;
pub mod user_namespace;
pub mod volumes;

pub use error::{Error, Result};
pub use listing::{Listing, list_processes};
pub use programs::Programs;
pub use run_dir::RunDir;
