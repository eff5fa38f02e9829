//! The command line: a static table of commands and flags, read and explained with the words Docker uses.
//!
//! Docker's flag rules, error texts, exit codes and help layout are what scripts and fingers rely on, so this
//! layer reproduces them exactly (`docs/adr/0002-own-flag-layer.md`). The table is static data; nothing is
//! built at start-up.
mod comma_list;
mod command;
mod flag;
mod help;
mod matches;
mod parse;
mod quote;
mod scan;
mod value;
mod wrap;

#[cfg(test)]
mod tests;

pub(crate) use comma_list::split as comma_separated;
pub use command::{Action, ArgRule, Command, Files, Operand, Section};
pub(crate) use flag::joined;
pub use flag::{Flag, Kind, Preset};
pub use help::help;
pub use matches::Matches;
pub use parse::{HelpRequest, Parsed, parse};
pub use quote::quote;
pub use value::Value;
