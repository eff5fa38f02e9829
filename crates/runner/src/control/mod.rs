//! What commands and monitors say to each other, over a Unix socket: one question, then frames both ways until
//! the answer.

mod connection;
mod frame;
mod message;

pub use crate::oci::ExecAsked;
pub(crate) use connection::Listener;
pub use connection::{Connection, Receiver, Sender};
pub use message::{Answer, Ask, Attach, Exec, FailureKind, Input, Output, Wait};
