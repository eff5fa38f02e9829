//! Every operation a user can ask for, each once: a request in, events while it runs, a report out.
//!
//! Requests, events and reports are plain data; byte streams and the sink of events are arguments of their
//! own. Front ends turn their input into a request and the report into text; none of them has behaviour.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests lay out their own files"))]

mod credentials;
mod crew;
mod engine;
mod error;
mod event;
pub mod fault;
pub mod filter;
mod host;
pub mod ops;
mod remote;
pub mod samples;
mod settings;

pub use disk::read_named as read_user_file;
pub use engine::Engine;
pub use error::{Error, ErrorKind, Result};
pub use event::{Bytes, Event, Events, LayerState, Recorded, Silent};
pub use host::{Clock, HostInfo};
pub use layer::diff::{Change, ChangeKind};
pub use registry_client::{Cancel, RateLimit, SearchResult, Secret};
pub use runner::runtime::Runtime;
pub use runner::{control, counters, logs, record, signal, user_namespace};
pub use settings::{Inputs, Origin, Setting, Settings};
