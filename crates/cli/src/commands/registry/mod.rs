//! `strata registry`: the registry of this program, served and looked after.
//!
//! What looks after a root works with a server on it and without one: both see each other's changes.
mod config;
mod describe;
mod du;
mod explain_access;
mod failed;
mod gc;
mod ls;
mod place;
mod serve;
mod verify;

use crate::flags::{Action, Command, Section};

/// `strata registry`
pub(super) static REGISTRY: Command = Command {
    name: "registry",
    short: "Serve a registry, and look after it",
    section: Section::Management,
    action: Action::Group(&[
        &config::CONFIG,
        &describe::DESCRIBE,
        &du::DU,
        &explain_access::EXPLAIN_ACCESS,
        &gc::GC,
        &ls::LS,
        &serve::SERVE,
        &verify::VERIFY,
    ]),
    ..Command::USUAL
};

/// A number of things, `1 blob` or `2 blobs`.
fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
