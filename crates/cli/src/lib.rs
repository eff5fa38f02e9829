//! Argument vectors in, terminal text out: the face people type at.
//!
//! `flags` reads a command line against a static table with the rules Docker users know, `commands` holds one
//! file per command, `term` turns values into terminal text, and [`Ui`] is the only thing that writes to the
//! standard streams. This is the one crate that prints, reads the environment and decides exit codes.
mod columns;
pub mod commands;
pub mod completion;
mod context;
mod display;
mod docker_config;
mod environment;
mod failure;
pub mod flags;
mod interrupt;
pub mod options;
mod run;
pub mod term;
mod ui;
mod user_namespace;

pub use context::Context;
pub use environment::Environment;
pub use failure::{Failure, Outcome};
pub use run::{main, run};
pub use ui::{Capture, Terminal, Ui};
